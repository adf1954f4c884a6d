"""Any bytes at all: a message, or a `WireError`; never anything else, and never for long."""
