"""The loop: simulated time.

What waits is either called once, or a process: a generator that yields the moment at which it wants
to go on.  Things of one moment happen in the order in which they were put there.
"""

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush
from itertools import count

Process = Iterator[float]
"""Yields the moment (Unix seconds) at which it wants to go on."""

Act = Callable[[], float | None]
"""Happens; returns when it wants to happen again, if it does."""


class Loop:
    """What is going to happen, by time."""

    def __init__(self, now: float) -> None:
        """Begin at a moment (Unix seconds)."""
        self.now = now
        self.done = 0
        "Things that have happened."
        self._waiting: list[tuple[float, int, Act]] = []
        self._count = count()

    def call(self, at: float, act: Act) -> None:
        """Let something happen at a moment, or now where that is past."""
        heappush(self._waiting, (max(at, self.now), next(self._count), act))

    def start(self, at: float, process: Process) -> None:
        """Let a process begin."""
        self.call(at, partial(next, process, None))

    def run(self, until: float) -> None:
        """Let everything happen up to a moment."""
        waiting = self._waiting
        while waiting and waiting[0][0] < until:
            self.now, _, act = heappop(waiting)
            self.done += 1
            again = act()
            if again is not None:
                self.call(again, act)
        self.now = max(self.now, until)
