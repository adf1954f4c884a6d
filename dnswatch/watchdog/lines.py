"""A line: the watch's end of the seqpacket socket that ties it to a worker or other vantage point.

The supervisor keeps both ends of its children's lines open, so these outlive either side: what one
says while the other is away waits in the socket.
"""

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from dnswatch.seams.batch import Batch, Briefing, decode, encode_briefing
from dnswatch.watchdog.journal import Journal, Record

LONGEST: Final = 1 << 18
"""Bytes to read a message into: more than Linux's socket buffer holds."""

BACKLOG: Final = 1000
"""Messages kept for a worker that does not read; then the oldest goes."""


class Line:
    """The line to one sender of batches."""

    def __init__(
        self, name: str, line: socket.socket, read: Callable[[bytes], Batch] = decode
    ) -> None:
        """Speak with whoever has that name; the socket does not block.

        `read` raises `ValueError` for what is no batch.
        """
        self.name = name
        self._line = line
        self._decode = read
        self._backlog: deque[bytes] = deque()
        self.is_over = False
        "The other end is closed, and all that it said was read."
        self.broken = 0
        "Messages that were no batch."
        self.lost = 0
        "Briefings that the worker did not take in time."

    def fileno(self) -> int:
        """Return the socket's number, for a selector."""
        return self._line.fileno()

    def close(self) -> None:
        """End the line, whoever else has it open."""
        with suppress(OSError):  # the other end is closed already
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def receive(self, most: int, journal: Journal) -> Iterator[tuple[int, Batch]]:
        """Read the batches that wait, `most` at most, each with its place in the journal.

        A message stands in the journal before it leaves the line: whoever is killed in between
        leaves it in both, and the next one lets it `drop`.
        """
        for _ in range(most):
            if not (message := self._next()):
                return
            batch = self._read(message)
            place = journal.append(self.name, message) if batch else 0
            self._take_off()
            if batch:
                yield place, batch

    def drop(self, record: Record | None) -> None:
        """Take a message off the line if it is the next."""
        if record and record.name == self.name and self._next() == record.message:
            self._take_off()

    def _next(self) -> bytes:
        """Look at the next message and leave it there; empty where there is none."""
        try:
            message = self._line.recv(LONGEST, socket.MSG_PEEK)
        except BlockingIOError:
            return b""
        except OSError:
            message = b""
        self.is_over = not message
        return message

    def _take_off(self) -> None:
        self._line.recv(1)  # the rest of the message goes with it

    def _read(self, message: bytes) -> Batch | None:
        try:
            return self._decode(message)
        except ValueError:
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
