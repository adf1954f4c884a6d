"""The study at scale: `python -m bench.study`."""
