"""The benchmark's own tests: its arithmetic, and that each measurement still runs."""
