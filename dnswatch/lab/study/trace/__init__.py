"""What is measured of a trace: expressions over lookups and flows, for any engine.

Rules of this room: a table comes in and a table goes out; times are microseconds since 1970, in an
int64, since engines disagree on timestamps and their zones.
"""
