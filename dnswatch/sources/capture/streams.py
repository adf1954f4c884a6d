"""Streams: DNS messages over TCP, out of segments that come as they like (RFC 1035 section 4.2.2).

Rules of this file: a direction of a connection is a stream of its own; segments that come early
wait, up to `EARLY` bytes; where a segment never came, the stream is given up and said to be broken.
The stream heard longest ago goes first where there are more than `STREAMS`.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

STREAMS: Final = 2_000
EARLY: Final = 1 << 17
"""Bytes: two of the longest messages."""
_FIN, _SYN, _RST = 1, 2, 4
_MODULO: Final = 1 << 32


class Streams:
    """The streams that go on."""

    def __init__(self) -> None:
        """Begin with none."""
        self._streams: OrderedDict[bytes, _Stream] = OrderedDict()
        self.broken = 0
        "Streams of which something was missing."

    def add(self, key: bytes, seq: int, flags: int, payload: bytes) -> Iterator[bytes]:
        """Take a segment of the stream `key`; yield the messages that are whole now."""
        stream = self._streams.get(key)
        if flags & _SYN:
            if stream is not None:
                self._end(key)
            stream, seq = None, seq + 1
        if stream is None:
            stream = self._streams[key] = _Stream(seq % _MODULO)
            if len(self._streams) > STREAMS:
                self._end(next(iter(self._streams)))
        self._streams.move_to_end(key)
        yield from stream.add(seq % _MODULO, payload)
        if stream.is_lost or flags & (_FIN | _RST):
            self._end(key)

    def close(self) -> None:
        """Give up all that waits."""
        for key in list(self._streams):
            self._end(key)

    def _end(self, key: bytes) -> None:
        self.broken += self._streams.pop(key).is_incomplete


class _Stream:
    """One direction of a connection."""

    def __init__(self, seq: int) -> None:
        self._next = seq
        self._ready = bytearray()
        self._early: dict[int, bytes] = {}
        self._early_bytes = 0
        self.is_lost = False

    @property
    def is_incomplete(self) -> bool:
        return bool(self._ready or self._early)

    def add(self, seq: int, payload: bytes) -> Iterator[bytes]:
        if payload:
            self._early[seq] = max(self._early.get(seq, b""), payload, key=len)
            self._early_bytes += len(payload)
        self._join()
        self.is_lost = self._early_bytes > EARLY
        while len(self._ready) >= 2:
            end = 2 + (self._ready[0] << 8 | self._ready[1])
            if len(self._ready) < end:
                break
            yield bytes(self._ready[2:end])
            del self._ready[:end]

    def _join(self) -> None:
        """Append what follows on what is there, and drop what came twice."""
        is_more = True
        while is_more and self._early:
            is_more = False
            for seq in list(self._early):
                known = (self._next - seq) % _MODULO
                if known >= _MODULO // 2:
                    continue  # it begins later
                fresh = self._early.pop(seq)[known:]
                self._ready += fresh
                self._next = (self._next + len(fresh)) % _MODULO
                is_more = True
        self._early_bytes = sum(map(len, self._early.values()))
