"""Finders: published detectors that go by lookups."""
