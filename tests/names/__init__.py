"""Tests of the names."""
