"""Inspection: what the bay thinks of a message, and why.

Several inspectors look at a message beside each other and each says clean, suspicious, worm or
not-scanned; `verdict` has the table of what follows.  What an inspector of our own must remember of
other messages it keeps in memory, for a bounded time and number; a start of dnswatch forgets it.
"""

from dnswatch.bay.inspection.inspection import Inspection

__all__ = ["Inspection"]
