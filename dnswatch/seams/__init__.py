"""The seams: what processes tell each other, and the merge of it in order of time.  Pure."""
