"""The paper: its figures, what its text states, and whether a trace bears that out."""
