"""Deadlines: all that waits for a moment, in one queue; whoever drives the core arms one timer.

Moments stand in ticks, and only ticks in a heap.  What is taken out is let go of at once; only its
number waits on, and nothing happens at its moment.  Almost every lookup is over before it is due:
kept here until then, they would be what garbage collection spends its time on.  To put in, to fire
and to take out cost O(1) a deadline, and O(log n) a tick.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Final

Due = Callable[[float], None]
"""Does what is due; is told the time it is by then."""

TICKS: Final = 64
"""Ticks a second: few enough that those of a busy second are shared by many."""


class Deadlines:
    """What is due, by time."""

    def __init__(self) -> None:
        """Wait for nothing."""
        self._ticks: list[int] = []
        self._moments: dict[int, list[tuple[float, int]]] = {}
        "Tick to the deadlines in it: moment and number, in the order in which they came."
        self._first = inf
        self._due: dict[int, Due] = {}
        self._number = 0  # of two that are due at once the first is done first

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._due)

    def add(self, at: float, due: Due) -> int:
        """Have something done at a moment (Unix seconds); return the number to take it out by."""
        number = self._number = self._number + 1
        self._due[number] = due
        self._put(at, number)
        return number

    def remove(self, number: int) -> None:
        """Take out what `add` numbered so, unless it was done."""
        self._due.pop(number, None)

    def timer(self) -> float:
        """Return when to fire next, Unix seconds; infinity where nothing waits."""
        return self._first

    def fire(self, now: float) -> None:
        """Do all that is due by `now`, late as it may be on a busy machine."""
        while self._first <= now:
            moments = self._moments.pop(heappop(self._ticks))
            moments.sort()
            done = 0
            try:
                while done < len(moments) and moments[done][0] <= now:
                    due = self._due.pop(moments[done][1], None)
                    done += 1
                    if due is not None:
                        due(now)
            finally:
                for at, number in moments[done:]:
                    self._put(at, number)
                self._first = min(self._moments[self._ticks[0]])[0] if self._ticks else inf

    def _put(self, at: float, number: int) -> None:
        tick = int(at * TICKS)
        moments = self._moments.get(tick)
        if moments is None:
            self._moments[tick] = [(at, number)]
            heappush(self._ticks, tick)
        else:
            moments.append((at, number))
        if at < self._first:
            self._first = at
