"""Deadlines: all that waits for a moment, in one queue; whoever drives the core arms one timer.

What was put here cannot be taken out: what is over by its moment knows it and does nothing.  A step
costs O(log n).
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf

Due = Callable[[float], None]
"""Does what is due; is told the time it is by then."""


class Deadlines:
    """What is due, by time."""

    def __init__(self) -> None:
        """Wait for nothing."""
        self._waiting: list[tuple[float, int, Due]] = []
        self._number = count()  # of two that are due at once the first is done first

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting)

    def add(self, at: float, due: Due) -> None:
        """Have something done at a moment (Unix seconds)."""
        heappush(self._waiting, (at, next(self._number), due))

    def timer(self) -> float:
        """Return when to fire next, Unix seconds; infinity where nothing waits."""
        return self._waiting[0][0] if self._waiting else inf

    def fire(self, now: float) -> None:
        """Do all that is due by `now`, late as it may be on a busy machine."""
        while self._waiting and self._waiting[0][0] <= now:
            heappop(self._waiting)[2](now)
