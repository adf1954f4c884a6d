"""The demonstration, at small size."""
