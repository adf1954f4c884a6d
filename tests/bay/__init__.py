"""Tests of the holding bay."""
