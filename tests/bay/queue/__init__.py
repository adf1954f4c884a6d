"""Tests of the queue manager."""
