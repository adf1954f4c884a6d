"""The seams: bytes to observation, batches between processes.  Pure; above `wire` and `model`."""
