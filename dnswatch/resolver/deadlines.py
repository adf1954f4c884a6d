"""Deadlines: all that waits for a moment, in one queue; whoever drives the core arms one timer.

Deadlines stand in ticks, and only ticks in a heap.  What is taken out is let go of at once; only
its deadline waits on, empty, and nothing happens at its moment.  Almost every lookup is over before
it is due: kept here until then, they would be what garbage collection spends its time on.  To put
in, to fire and to take out cost O(1) a deadline, and O(log n) a tick.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from operator import attrgetter
from typing import Final

Due = Callable[[float], None]
"""Does what is due; is told the time it is by then."""

TICKS: Final = 64
"""Ticks a second: few enough that those of a busy second are shared by many."""


_at: Final = attrgetter("at")


class Deadline:
    """A moment at which something is due, unless it was taken out by then."""

    __slots__ = ("at", "due")

    def __init__(self, at: float, due: Due) -> None:
        """Have `due` done at a moment, Unix seconds."""
        self.at = at
        self.due: Due | None = due


class Deadlines:
    """What is due, by time."""

    def __init__(self) -> None:
        """Wait for nothing."""
        self._ticks: list[int] = []
        self._in: dict[int, list[Deadline]] = {}
        "Tick to the deadlines in it, in the order in which they came."
        self._first = inf
        self._count = 0

    def __len__(self) -> int:
        """Count what waits."""
        return self._count

    def add(self, at: float, due: Due) -> Deadline:
        """Have something done at a moment (Unix seconds); return what to take it out by."""
        deadline = Deadline(at, due)
        self._count += 1
        self._put(deadline)
        return deadline

    def remove(self, deadline: Deadline) -> None:
        """Take out what `add` put in, unless it was done."""
        if deadline.due is not None:
            deadline.due = None
            self._count -= 1

    def timer(self) -> float:
        """Return when to fire next, Unix seconds; infinity where nothing waits."""
        return self._first

    def fire(self, now: float) -> None:
        """Do all that is due by `now`, late as it may be on a busy machine."""
        while self._first <= now:
            waiting = [each for each in self._in.pop(heappop(self._ticks)) if each.due is not None]
            waiting.sort(key=_at)  # of two that are due at once the first is done first
            done = 0
            try:
                while done < len(waiting) and waiting[done].at <= now:
                    due = waiting[done].due
                    self.remove(waiting[done])
                    done += 1
                    if due is not None:
                        due(now)
            finally:
                for deadline in waiting[done:]:
                    self._put(deadline)
                self._first = self._next()

    def _next(self) -> float:
        """Find the first moment at which something is due; let go of ticks without any."""
        while self._ticks:
            moments = [each.at for each in self._in[self._ticks[0]] if each.due is not None]
            if moments:
                return min(moments)
            del self._in[heappop(self._ticks)]
        return inf

    def _put(self, deadline: Deadline) -> None:
        at = deadline.at
        tick = int(at * TICKS)
        others = self._in.get(tick)
        if others is None:
            self._in[tick] = [deadline]
            heappush(self._ticks, tick)
        else:
            others.append(deadline)
        if at < self._first:
            self._first = at
