"""Tests of what is thought of clients; lookups come from bench.detection.lookups."""
