"""Tests of the study; `planted` makes up a trace, `truth` says what must be counted of it."""
