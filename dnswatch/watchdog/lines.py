"""A line: the watch's end of the seqpacket socket that ties it to one worker.

The supervisor keeps both ends open, so a line outlives either side: what one says while the other
is away waits in the socket.
"""

import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from dnswatch.seams.batch import Batch, Briefing, decode, encode_briefing
from dnswatch.watchdog.journal import Journal

LONGEST: Final = 1 << 18
"""Bytes to read a message into: more than Linux's socket buffer holds."""

BACKLOG: Final = 1000
"""Messages kept for a worker that does not read; then the oldest goes."""


class Line:
    """The line to one worker."""

    def __init__(self, worker: int, line: socket.socket) -> None:
        """Speak with worker number `worker`; the socket does not block."""
        self.worker = worker
        self._line = line
        self._backlog: deque[bytes] = deque()
        self.broken = 0
        "Messages that were no batch of this worker."
        self.lost = 0
        "Briefings that the worker did not take in time."

    def fileno(self) -> int:
        """Return the socket's number, for a selector."""
        return self._line.fileno()

    def receive(self, most: int, journal: Journal) -> Iterator[tuple[int, Batch]]:
        """Read the batches that wait, `most` at most, each with its place in the journal.

        A message stands in the journal before it leaves the line: whoever is killed in between
        leaves it in both, and the next one lets it `drop`.
        """
        for _ in range(most):
            if not (message := self._next()):
                return
            batch = self._decode(message)
            place = journal.append(message) if batch else 0
            self._take_off()
            if batch:
                yield place, batch

    def drop(self, message: bytes) -> None:
        """Take a message off the line if it is the next."""
        if message and self._next() == message:
            self._take_off()

    def _next(self) -> bytes:
        """Look at the next message and leave it there; empty where there is none."""
        try:
            return self._line.recv(LONGEST, socket.MSG_PEEK)
        except (BlockingIOError, ConnectionError):
            return b""

    def _take_off(self) -> None:
        self._line.recv(1)  # the rest of the message goes with it

    def _decode(self, message: bytes) -> Batch | None:
        with suppress(ValueError):
            batch = decode(message)
            if batch.worker == self.worker:
                return batch
        self.broken += 1
        return None

    def tell(self, briefings: Iterable[Briefing]) -> None:
        """Tell the worker, as soon as it takes it."""
        self._backlog.extend(map(encode_briefing, briefings))
        while len(self._backlog) > BACKLOG:
            self._backlog.popleft()
            self.lost += 1
        self.send()

    def send(self) -> None:
        """Hand over what the worker takes now."""
        try:
            while self._backlog:
                self._line.send(self._backlog[0])
                self._backlog.popleft()
        except (BlockingIOError, ConnectionError):
            return  # its buffer is full or it is away: the rest goes later
