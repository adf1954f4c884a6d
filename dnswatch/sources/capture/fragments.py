"""Fragments: parts of IP packets, put together again.

Rules of this file: parts come in any order, and twice; the first to tell of a byte is believed
(what overlaps is of no honest sender, RFC 5722).  A packet that does not become whole within
`PATIENCE` is given up, and so is the oldest where there are more than `PACKETS`.
"""

from typing import Final

PATIENCE: Final = 60.0
"""Seconds, as RFC 8200 section 4.5 has it."""
PACKETS: Final = 1_000
LONGEST: Final = 65_535
"""Bytes of a packet."""


class Fragments:
    """Packets of which parts are missing."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[bytes, _Parts] = {}
        self.lost = 0
        "Fragments whose packet never became whole."

    def add(
        self, packet: bytes, offset: int, is_last: bool, part: bytes, at: float
    ) -> bytes | None:
        """Take a fragment; return its packet's payload if that is whole now."""
        parts = self._waiting.get(packet)
        if parts is None:
            self._expire(at)
            parts = self._waiting[packet] = _Parts(at)
        parts.add(offset, is_last, part)
        whole = parts.whole()
        if whole is not None:
            del self._waiting[packet]
        return whole

    def close(self) -> None:
        """Give up all that waits."""
        self.lost += sum(len(parts.by_offset) for parts in self._waiting.values())
        self._waiting.clear()

    def _expire(self, now: float) -> None:
        while self._waiting:
            oldest = next(iter(self._waiting))
            parts = self._waiting[oldest]
            if now <= parts.begun + PATIENCE and len(self._waiting) < PACKETS:
                break
            self.lost += len(parts.by_offset)
            del self._waiting[oldest]


class _Parts:
    """The parts of one packet that came so far."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.by_offset: dict[int, bytes] = {}
        self._length: int | None = None

    def add(self, offset: int, is_last: bool, part: bytes) -> None:
        if offset + len(part) > LONGEST:
            return
        self.by_offset.setdefault(offset, part)
        if is_last and self._length is None:
            self._length = offset + len(part)

    def whole(self) -> bytes | None:
        if self._length is None:
            return None
        payload = bytearray()
        for offset in sorted(self.by_offset):
            if offset > len(payload):
                return None
            payload += self.by_offset[offset][len(payload) - offset :]
        return bytes(payload[: self._length]) if len(payload) >= self._length else None
