"""Streams: DNS messages over TCP, out of segments that come as they like (RFC 1035 section 4.2.2).

Rules of this file: a direction of a connection is a stream of its own.  Segments that come early
wait for what is missing, `WAIT` seconds, `EARLY` bytes and `SEGMENTS` of them at most; what has not
come by then never does.  From there on, as where the beginning was not seen, the next place is
looked for where a message can begin.  The stream heard longest ago goes first where there are more
than `STREAMS`.
"""

from collections import OrderedDict
from collections.abc import Iterator
from math import inf
from typing import Final, NamedTuple

from dnswatch.errors import WireError
from dnswatch.wire import name
from dnswatch.wire.query import HEADER

STREAMS: Final = 2_000
EARLY: Final = 1 << 17
"""Bytes: two of the longest messages."""
SEGMENTS: Final = 500
WAIT: Final = 2.0
"""Seconds of the capture: a segment that was lost on its way is sent again within one or two."""
_FIN, _SYN, _RST = 1, 2, 4
_MODULO: Final = 1 << 32
_ONE: Final = b"\0\1"
"""What a message counts of its questions, six bytes behind its length."""
_CLASSES: Final = frozenset((1, 3, 4, 254, 255))
_QUESTION: Final = 2 + HEADER + name.MAX_NAME + 4
"""Bytes in which a length, a header and a question end."""


class StreamMessage(NamedTuple):
    """A message."""

    key: bytes
    "Of which stream."
    at: float
    "When its last segment came."
    message: bytes


class Streams:
    """The streams that go on."""

    def __init__(self) -> None:
        """Begin with none."""
        self._streams: OrderedDict[bytes, _Stream] = OrderedDict()
        self._holes: dict[bytes, float] = {}
        "Streams that miss something, and since when."
        self.broken = 0
        "Streams of which something was missing."

    def add(
        self, key: bytes, seq: int, flags: int, payload: bytes, at: float
    ) -> Iterator[StreamMessage]:
        """Take a segment of the stream `key`; yield the messages that are whole now."""
        if at - self._holes.get(key, at) > WAIT:
            yield from self._give_up(key)
        is_begun = flags & _SYN != 0
        if is_begun and key in self._streams:
            yield from self._end(key)
        if key not in self._streams:
            if not payload and not is_begun:
                return
            self._streams[key] = _Stream((seq + is_begun) % _MODULO, is_begun=is_begun)
            if len(self._streams) > STREAMS:
                yield from self._end(next(iter(self._streams)))
        self._streams.move_to_end(key)
        stream = self._streams[key]
        for when, message in stream.add((seq + is_begun) % _MODULO, payload, at):
            yield StreamMessage(key, when, message)
        if not stream.is_waiting:
            self._holes.pop(key, None)
            if flags & (_FIN | _RST):
                yield from self._end(key)
        elif stream.is_full:
            yield from self._give_up(key)
        else:
            self._holes.setdefault(key, at)

    def expire(self, now: float) -> Iterator[StreamMessage]:
        """Give up what has been missing for too long; yield what comes after it."""
        for key, since in list(self._holes.items()):
            if now - since > WAIT:
                yield from self._give_up(key)

    @property
    def oldest(self) -> float:
        """Since when a stream waits for what is missing: messages as old may still be told."""
        return min(self._holes.values(), default=inf)

    def close(self) -> Iterator[StreamMessage]:
        """Give up all that is missing; yield what comes after it."""
        for key in list(self._streams):
            yield from self._end(key)

    def _give_up(self, key: bytes) -> Iterator[StreamMessage]:
        self._holes.pop(key, None)
        for when, message in self._streams[key].give_up():
            yield StreamMessage(key, when, message)

    def _end(self, key: bytes) -> Iterator[StreamMessage]:
        yield from self._give_up(key)
        self.broken += self._streams.pop(key).is_broken


class _Stream:
    """One direction of a connection."""

    def __init__(self, seq: int, *, is_begun: bool) -> None:
        self._next = seq
        self._ready = bytearray()
        self._early: dict[int, tuple[float, bytes]] = {}
        self._at = 0.0
        self._is_placed = is_begun
        "Whether a message begins where `_ready` does."
        self._has_hole = False

    @property
    def is_waiting(self) -> bool:
        return bool(self._early)

    @property
    def is_full(self) -> bool:
        held = sum(len(part) for _, part in self._early.values())
        return held > EARLY or len(self._early) > SEGMENTS

    @property
    def is_broken(self) -> bool:
        return self._has_hole or bool(self._ready)

    def add(self, seq: int, payload: bytes, at: float) -> Iterator[tuple[float, bytes]]:
        if payload:
            _, known = self._early.get(seq, (at, b""))
            self._early[seq] = at, max(known, payload, key=len)
        yield from self._join()

    def give_up(self) -> Iterator[tuple[float, bytes]]:
        """Go on behind what is missing, as often as something is."""
        while self._early:
            self._has_hole, self._is_placed = True, False
            self._ready.clear()
            self._next = min(self._early, key=self._ahead)
            yield from self._join()

    def _ahead(self, seq: int) -> int:
        """Bytes from what comes next to a segment; below 0 where that comes again."""
        return (seq - self._next + _MODULO // 2) % _MODULO - _MODULO // 2

    def _join(self) -> Iterator[tuple[float, bytes]]:
        """Append what follows on what is there, and drop what came twice."""
        for seq in sorted(self._early, key=self._ahead):
            ahead = self._ahead(seq)
            if ahead > 0:
                break  # it begins later
            at, part = self._early.pop(seq)
            fresh = part[-ahead:]
            self._ready += fresh
            self._next = (self._next + len(fresh)) % _MODULO
            self._at = max(self._at, at)
            for message in self._messages():
                yield self._at, message

    def _messages(self) -> Iterator[bytes]:
        ready = self._ready
        while self._is_placed or self._place():
            if len(ready) < 2:
                return
            end = 2 + (ready[0] << 8 | ready[1])
            if end < 2 + HEADER:  # whatever it is, it is no message
                self._has_hole, self._is_placed = True, False
                del ready[:1]
                continue
            if len(ready) < end:
                return
            yield bytes(ready[2:end])
            del ready[:end]

    def _place(self) -> bool:
        """Look for the next place where a message can begin."""
        ready = self._ready
        at = ready.find(_ONE, 6)
        while at >= 0:
            begins = _begins(ready, at - 6)
            if begins is not False:
                del ready[: at - 6]
                self._is_placed = begins is True
                return self._is_placed
            at = ready.find(_ONE, at + 1)
        del ready[:-_QUESTION]
        return False


def _begins(data: bytearray, at: int) -> bool | None:
    """Tell whether a length and a message begin at a place; None where more must be seen."""
    size = data[at] << 8 | data[at + 1]
    head = at + 2
    if size < HEADER + 5:
        return False
    if len(data) < head + HEADER:
        return None
    if data[head + 2] >> 3 & 15 > 6 or data[head + 3] & 0x40:
        return False
    if not data[head + 2] & 0x80 and data[head + 6 : head + 8] != b"\0\0":
        return False  # a query has no answers
    window = bytes(data[head : at + _QUESTION])
    try:
        end = name.skip_plain(window, HEADER)
    except WireError:
        return None if len(window) < _QUESTION - 2 and _may_go_on(window) else False
    if len(window) < end + 4:
        return None if size >= end + 4 else False
    return size >= end + 4 and (window[end + 2] << 8 | window[end + 3]) in _CLASSES


def _may_go_on(window: bytes) -> bool:
    """Tell whether a question's name is cut off by the end of what is there, and no worse."""
    at = HEADER
    while at < len(window) and 0 < window[at] <= 63:
        at += 1 + window[at]
    return at >= len(window)
