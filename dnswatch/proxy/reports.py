"""Reports: what a worker tells the watch, in batches, without ever waiting for it.

Ordinary answers from the cache are only counted, in `rows`: client → kind of answer → how often.
All else goes out as an observation.  What the watch does not take in time is kept up to
`MAX_BACKLOG` bytes; then the oldest messages go, and `reports_lost` counts them.
"""

import contextlib
import socket
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.model.observation import Fate, Observation, Tally
from dnswatch.seams.batch import STARTED, Batch, Briefing, Health, decode, decode_briefing, encode

INTERVAL: Final = 0.25
"""Seconds between batches."""

MAX_OBSERVATIONS: Final = 100
"""Observations that are sent off without waiting: few, so that writing them holds up no query."""

MAX_BACKLOG: Final = 16 << 20
"""Bytes kept for a watch that is away: half a minute of 5,000 lookups a second."""

Row = defaultdict[int, int]
"""One client's answers since the last batch: kind of answer (`kind`) to count."""


def kind(qtype: int, rcode: int, addresses: int) -> int:
    """Number a kind of ordinary answer: the same fields as in a `Tally`, in one integer."""
    return qtype << 24 | rcode << 12 | min(addresses, 4095)


def turned_away(fate: Fate) -> int:
    """Number what became of a query that was given no answer."""
    return fate << 40


class Reports:
    """A worker's end of the line to the watch."""

    def __init__(self, line: socket.socket, now: Callable[[], float], max_clients: int) -> None:
        """Speak for a worker over the seqpacket socket `line`."""
        self.rows: tuple[dict[bytes, Row], dict[bytes, Row]] = ({}, {})
        "Client → row, for direct and for redirected listeners; a client without a row is unknown."
        self.unrecorded: set[bytes] = set()
        "Clients with a row that stand in no record."
        self.counters: Counter[str] = Counter({STARTED: 1})
        "What happened, by name, since the last batch."
        self._line = line
        self.now = now
        self._max_clients = max_clients
        self._observations: list[Observation] = []
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._number = 0

    def count(self, client: bytes, what: int, recorded: bool, redirected: bool) -> None:
        """Count one ordinary answer; the client has a row from then on, until the next batch."""
        rows = self.rows[redirected]
        row = rows.get(client)
        if row is None:
            if len(rows) >= self._max_clients:
                self.flush([])
            row = rows[client] = defaultdict(int)
            if not recorded:
                self.unrecorded.add(client)
        row[what] += 1

    def observe(self, observation: Observation, *, at_once: bool = False) -> None:
        """Report one lookup; `at_once` before its answer leaves, so that no kill can lose it."""
        self._observations.append(observation)
        if at_once:
            self._number += 1
            self._hand_over(Batch(observation.at, self._observations, number=self._number))
            self._observations = []
        elif len(self._observations) >= MAX_OBSERVATIONS:
            self.flush([])

    def flush(self, health: Iterable[Health]) -> None:
        """Send what there is; `health` tells of the upstreams."""
        self._number += 1
        batch = Batch(
            self.now(), self._observations, self._tallies(),
            dict(self.counters), list(health), self._number,
        )  # fmt: skip
        self._observations = []
        self.counters.clear()
        self._hand_over(batch)

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

    def _tallies(self) -> list[Tally]:
        """Turn the rows into tallies and start anew; who is not recorded is counted as nobody."""
        tallies = []
        for redirected, rows in enumerate(self.rows):
            for client, row in rows.items():
                who = None if client in self.unrecorded else client
                tallies += [
                    Tally(
                        who,
                        k >> 24 & 0xFFFF,
                        k >> 12 & 4095,
                        k & 4095,
                        bool(redirected),
                        count,
                        Fate(k >> 40),
                    )
                    for k, count in row.items()
                ]
            rows.clear()
        self.unrecorded.clear()
        return tallies

    def _send(self) -> None:
        """Hand over what the watch takes now."""
        try:
            while self._backlog:
                self._line.send(self._backlog[0])
                self._backlog_bytes -= len(self._backlog.popleft())
        except (BlockingIOError, ConnectionError):
            pass  # the watch is behind or away; what is kept goes with the next batch
