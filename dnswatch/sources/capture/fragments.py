"""Fragments: parts of IP packets, put together again.

Rules of this file: parts come in any order, and twice; the first to tell of a byte is believed
(what overlaps is of no honest sender, RFC 5722).  A packet that does not become whole within
`PATIENCE` is given up, and so is the oldest where there are more than `PACKETS`; its beginning, if
that is there, is a stump that may tell something still.
"""

from math import inf
from typing import Final, NamedTuple

PATIENCE: Final = 5.0
"""Seconds of the capture: less than a query waits for its response, of which a stump may be."""
PACKETS: Final = 1_000
PARTS: Final = 256
"""Fragments of a packet: twice as many as 64 KiB need where a link carries 576 bytes."""
LONGEST: Final = 65_535
"""Bytes of a packet."""


class Stump(NamedTuple):
    """The beginning of a packet of which the rest never came."""

    packet: bytes
    "As all its fragments name it (`ip.Fragment`)."
    at: float
    "When the first of its fragments came."
    payload: bytes


class Fragments:
    """Packets of which parts are missing."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[bytes, _Parts] = {}
        self.stumps: list[Stump] = []
        "Whoever takes them empties it."
        self.lost = 0
        "Fragments whose packet never became whole."

    def add(
        self, packet: bytes, offset: int, is_last: bool, part: bytes, at: float
    ) -> bytes | None:
        """Take a fragment; return its packet's payload if that is whole now."""
        self.expire(at)
        parts = self._waiting.get(packet)
        if parts is None:
            if len(self._waiting) >= PACKETS:
                self._give_up(next(iter(self._waiting)))
            parts = self._waiting[packet] = _Parts(at)
        parts.add(offset, is_last, part)
        whole = parts.whole()
        if whole is not None:
            del self._waiting[packet]
        return whole

    @property
    def oldest(self) -> float:
        """When the first fragment came of those that wait: a stump may be told that is as old."""
        return next((parts.begun for parts in self._waiting.values()), inf)

    def expire(self, now: float) -> None:
        """Give up what has waited for too long."""
        while now > self.oldest + PATIENCE:
            self._give_up(next(iter(self._waiting)))

    def close(self) -> None:
        """Give up all that waits."""
        for packet in list(self._waiting):
            self._give_up(packet)

    def _give_up(self, packet: bytes) -> None:
        parts = self._waiting.pop(packet)
        self.lost += len(parts.by_offset)
        if beginning := parts.beginning():
            self.stumps.append(Stump(packet, parts.begun, beginning))


class _Parts:
    """The parts of one packet that came so far."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.by_offset: dict[int, bytes] = {}
        self._length: int | None = None

    def add(self, offset: int, is_last: bool, part: bytes) -> None:
        if offset + len(part) > LONGEST or len(self.by_offset) >= PARTS:
            return
        self.by_offset.setdefault(offset, part)
        if is_last and self._length is None:
            self._length = offset + len(part)

    def whole(self) -> bytes | None:
        if self._length is None:
            return None
        payload = self.beginning()
        return payload[: self._length] if len(payload) >= self._length else None

    def beginning(self) -> bytes:
        payload = bytearray()
        for offset in sorted(self.by_offset):
            if offset > len(payload):
                break
            payload += self.by_offset[offset][len(payload) - offset :]
        return bytes(payload)
