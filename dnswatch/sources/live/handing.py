"""Handing over: lookups seen elsewhere go to the watch in batches, in order of time.

Rules of this file: nothing waits for the watch.  What it does not take is kept up to `FULL` bytes;
then whoever reads is to read no more (`is_full`), so that what a resolver tells waits in its own
socket, and in the end is dropped and counted there.
"""

import socket
from bisect import bisect_right
from collections import Counter, deque
from operator import attrgetter
from typing import Final

from dnswatch.model.observation import Observation
from dnswatch.seams.batch import Batch, encode

INTERVAL: Final = 0.25
"""Seconds between batches."""

FULL: Final = 8 << 20
"""Bytes of batches that wait before no more is read."""

_at: Final = attrgetter("at")


class Handing:
    """A vantage point's end of its line to the watch."""

    def __init__(self, line: socket.socket, lag: float) -> None:
        """Speak over `line`, a seqpacket socket that does not block.

        What is handed over is `lag` seconds behind, so that what comes late finds its place.
        """
        self.counters: Counter[str] = Counter()
        "What happened, by name, since the last batch."
        self._line = line
        self._lag = lag
        self._number = 0
        self._waiting: list[Observation] = []
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether no more is to be read now."""
        return self._backlog_bytes > FULL

    def until(self, now: float) -> float:
        """Return the moment up to which all has come."""
        return now - self._lag

    def hand_over(self, lookups: list[Observation], now: float, *, is_last: bool = False) -> None:
        """Send a batch with what has its place in time, and keep the rest for the next ones.

        The last one has all: nothing more will come.
        """
        until = now if is_last else self.until(now)
        self._waiting += lookups
        self._waiting.sort(key=_at)
        cut = len(self._waiting) if is_last else bisect_right(self._waiting, until, key=_at)
        ready, self._waiting = self._waiting[:cut], self._waiting[cut:]
        self._number += 1
        batch = Batch(until, ready, counters=dict(self.counters), number=self._number)
        self.counters.clear()
        for message in encode(batch):
            self._backlog.append(message)
            self._backlog_bytes += len(message)
        self.send()

    def send(self) -> None:
        """Hand over what the watch takes now."""
        try:
            while self._backlog:
                self._line.send(self._backlog[0])
                self._backlog_bytes -= len(self._backlog.popleft())
        except (BlockingIOError, ConnectionError):
            pass  # it is behind or away
