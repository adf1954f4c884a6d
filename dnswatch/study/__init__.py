"""The study: the paper's analysis of a trace, on one machine or on many."""
