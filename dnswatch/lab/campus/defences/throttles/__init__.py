"""Throttles: published limits on what a client may connect to."""
