"""Elsewhere: a second site, invented apart from the first, against which the promise is measured.

The detector was built beside one invented site (`campus/`), and that its promise holds there says
little.  Here people work otherwise: in sessions, with pauses of log-normal length, each trade with
habits of its own.  No constant, distribution or code is shared with `campus/` or the detector; what
is told to the detector are lookups, and `lookups.py` alone knows how those are written.
"""
