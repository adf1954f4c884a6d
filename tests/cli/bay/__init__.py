"""Tests of the commands on held mail."""
