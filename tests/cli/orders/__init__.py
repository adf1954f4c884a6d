"""Tests of the commands that give orders."""
