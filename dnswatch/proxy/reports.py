"""Reports: what a worker tells the watch, in batches, without ever waiting for it.

What the core has observed and counted goes out in batches, and the health of upstreams with it.
What the watch does not take in time is kept up to `MAX_BACKLOG` bytes; then the oldest messages go,
and `reports_lost` counts them.
"""

import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.model.durations import AnswerTimes
from dnswatch.model.observation import Observation
from dnswatch.resolver.observed import Observed
from dnswatch.seams.batch import (
    STARTED,
    Batch,
    Briefing,
    HealthReport,
    decode,
    decode_briefing,
    encode,
)

INTERVAL: Final = 0.25
"""Seconds between batches."""

MAX_BACKLOG: Final = 16 << 20
"""Bytes kept for a watch that is away: half a minute of 5,000 lookups a second."""


class Reports:
    """A worker's end of the line to the watch."""

    def __init__(
        self,
        line: socket.socket,
        now: Callable[[], float],
        observed: Observed,
        health: Callable[[], Iterable[HealthReport]] = tuple,
        stuck: Callable[[], object] = lambda: None,
    ) -> None:
        """Speak for a worker over the seqpacket socket `line`.

        Each flush asks `health` how upstreams do.  `stuck` is called when the line is full:
        `resume` then hands over the rest.
        """
        self.observed = observed
        self.counters = observed.counters
        "What happened, by name, since the last batch."
        self.times = AnswerTimes()
        "How long answers took since then that could not be given at once."
        self.counters[STARTED] += 1
        self._line = line
        self._now = now
        self._health = health
        self._stuck = stuck
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._number = 0

    def hand_over(self, observations: list[Observation]) -> None:
        """Report lookups before their answers leave, so that no kill can lose them."""
        until = observations[-1].at
        self._hand_over(Batch(until, observations, number=self._next()))

    def flush(self) -> None:
        """Send what there is."""
        observed = self.observed
        tallies, observations = observed.take_tallies(), observed.take()
        self._hand_over(
            Batch(
                self._now(),
                observations,
                tallies,
                observed.take_counters() | self.times.take(),
                list(self._health()),
                self._next(),
            )
        )

    def _next(self) -> int:
        """Number a batch, so that no two are alike."""
        self._number += 1
        return self._number

    def _hand_over(self, batch: Batch) -> None:
        """Send a batch behind what still waits, and keep what the watch does not take now."""
        for message in encode(batch):
            self._backlog.append(message)
            self._backlog_bytes += len(message)
        while self._backlog_bytes > MAX_BACKLOG:
            lost = self._backlog.popleft()
            self._backlog_bytes -= len(lost)
            self.counters.update(decode(lost).counters)  # counts are never lost, above all these
            self.counters["reports_lost"] += 1
        self._send()

    def resume(self) -> bool:
        """Hand over what waits, and return whether some of it still does."""
        self._send()
        return bool(self._backlog)

    def briefings(self) -> list[Briefing]:
        """Take in what the watch has to tell; what cannot be read is counted and passed over."""
        briefings = []
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while message := self._line.recv(1 << 20):
                try:
                    briefings.append(decode_briefing(message))
                except ValueError:
                    self.counters["briefings_broken"] += 1
        return briefings

    def _send(self) -> None:
        """Hand over what the watch takes now."""
        try:
            while self._backlog:
                self._line.send(self._backlog[0])
                self._backlog_bytes -= len(self._backlog.popleft())
        except BlockingIOError:
            self._stuck()
        except ConnectionError:
            pass  # the watch is away; what is kept goes with the next batch
