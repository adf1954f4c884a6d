"""Commands that study what was recorded."""
