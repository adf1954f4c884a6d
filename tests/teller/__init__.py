"""Tests of the teller: what is told, in which form, and that it arrives."""
