"""The campus at scale: `python -m bench.campus`."""
