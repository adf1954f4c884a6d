"""Deadlines: all that waits for a moment, in one queue; whoever drives the core arms one timer.

What is taken out is let go of at once; only its number waits on, and nothing happens at its moment.
Almost every lookup is over before it is due: kept here until then, they would be what garbage
collection spends its time on.  To put in and to fire cost O(log n), to take out O(1).
"""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf

Due = Callable[[float], None]
"""Does what is due; is told the time it is by then."""


class Deadlines:
    """What is due, by time."""

    def __init__(self) -> None:
        """Wait for nothing."""
        self._moments: list[tuple[float, int]] = []
        self._due: dict[int, Due] = {}
        self._number = 0  # of two that are due at once the first is done first

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._due)

    def add(self, at: float, due: Due) -> int:
        """Have something done at a moment (Unix seconds); return the number to take it out by."""
        number = self._number = self._number + 1
        self._due[number] = due
        heappush(self._moments, (at, number))
        return number

    def remove(self, number: int) -> None:
        """Take out what `add` numbered so, unless it was done."""
        self._due.pop(number, None)

    def timer(self) -> float:
        """Return when to fire next, Unix seconds; infinity where nothing waits."""
        return self._moments[0][0] if self._moments else inf

    def fire(self, now: float) -> None:
        """Do all that is due by `now`, late as it may be on a busy machine."""
        while self._moments and self._moments[0][0] <= now:
            due = self._due.pop(heappop(self._moments)[1], None)
            if due is not None:
                due(now)
