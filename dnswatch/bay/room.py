"""Room: the bytes of the disk that are promised to messages on their way in.

What a disk has free says nothing of what is coming: eight large messages at a time find the room of
one.  So a message claims what it declares, and more as its bytes come; what is written is no longer
claimed.
"""

from collections.abc import Callable
from typing import Final

STEP: Final = 256_000
"""Bytes that are claimed at a time beyond what was declared: a look at the disk for each."""


class Room:
    """The disk of a spool."""

    def __init__(self, free: Callable[[], int], kept: int) -> None:
        """`free` tells the bytes that the disk takes still; `kept` of them are never given away."""
        self._free = free
        self._kept = kept
        self._promised = 0
        "Bytes of all claims that are not written yet."

    def claim(self, size: int) -> "Claim":
        """Claim bytes for a message, of which none are written; raises `SpoolError`."""
        return Claim(self, size)

    def grant(self, size: int) -> bool:
        """Promise bytes; False where they are not there.  Raises `SpoolError`."""
        if self._free() - self._promised < size + self._kept:
            return False
        self._promised += size
        return True

    def take_back(self, size: int) -> None:
        """Promise bytes no more: they are written, or will not come."""
        self._promised -= size


class Claim:
    """What is claimed for one message."""

    def __init__(self, room: Room, size: int) -> None:
        """Claim `size` bytes; whether they are there stands in `is_granted`."""
        self._room = room
        self.is_granted = room.grant(size)
        self._left = size if self.is_granted else 0
        "Bytes that are claimed, and not written."

    def write(self, size: int) -> bool:
        """Count bytes as written; False where the disk has no room for them.

        Raises `SpoolError`.
        """
        if size > self._left:
            more = max(size - self._left, STEP)
            if not self._room.grant(more):
                return False
            self._left += more
        self._left -= size
        self._room.take_back(size)
        return True

    def release(self) -> None:
        """Claim nothing any more."""
        self._room.take_back(self._left)
        self._left = 0
