"""What persons ask and order, whichever door they come by."""
