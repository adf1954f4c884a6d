"""Moments: which of very many keys were noted lately, in a tenth of an ordered dict's memory.

A key stands here as its hash, 64 bits that Python keys anew in each process, so that nobody can
choose two that share one; by chance two of a million do once in 30 million times.  It belongs to
one of a fixed number of groups, and a group is one piece of bytes: hash and moment of each key, the
one noted last at the end.

Rules of this file: moments come in order, as `now` does.  A call costs O(keys / groups), some
thirty at the speed of `bytes.find` where as many are noted as there is room for.
"""

from struct import Struct
from typing import Final

IN_GROUP: Final = 32
"""Keys in a group where the table is as full as it was made for; twice as many are held."""

SWEEPS: Final = 64
"""Calls of `forget` that go through all groups."""

_ENTRY: Final = Struct("<qd")
_SIZE: Final = _ENTRY.size


class Moments:
    """Key to the moment until which it counts; some 20 bytes a key."""

    def __init__(self, limit: int) -> None:
        """Be made for so many keys; far beyond, those noted longest ago go."""
        self._mask = (1 << (limit // IN_GROUP).bit_length()) - 1
        self._groups: list[bytes] = []
        self._swept = 0

    def note(self, key: bytes, until: float, now: float) -> bool:
        """Let a key count until a moment; say whether another one went early for it."""
        if not self._groups:
            self._groups = [b""] * (self._mask + 1)
        number = hash(key)
        entry = _ENTRY.pack(number, until)
        group = _living(self._groups[number & self._mask], now)
        at = _place(group, entry[:8])
        if at >= 0:
            group = group[:at] + group[at + _SIZE :]
        is_full = len(group) >= 2 * IN_GROUP * _SIZE
        self._groups[number & self._mask] = (group[_SIZE:] if is_full else group) + entry
        return is_full

    def until(self, key: bytes) -> float:
        """Return until when a key counts; 0 for one that is not there."""
        if not self._groups:
            return 0.0
        number = hash(key)
        group = self._groups[number & self._mask]
        at = _place(group, _ENTRY.pack(number, 0.0)[:8])
        return _until(group, at) if at >= 0 else 0.0

    def forget(self, now: float) -> None:
        """Drop what has ended in the next groups; the rest goes with the next calls."""
        groups = self._groups
        if not groups:
            return
        for _ in range(len(groups) // SWEEPS + 1):
            self._swept = (self._swept + 1) % len(groups)
            if groups[self._swept]:
                groups[self._swept] = _living(groups[self._swept], now)


def _place(group: bytes, name: bytes) -> int:
    """Say where the entry of a hash begins, or -1."""
    at = group.find(name)
    while at > 0 and at % _SIZE:  # it begins within one entry and ends within another's
        at = group.find(name, at + 1)
    return at


def _until(group: bytes, at: int) -> float:
    _, until = _ENTRY.unpack_from(group, at)
    return float(until)


def _living(group: bytes, now: float) -> bytes:
    """Return a group without what has ended: that stands in front."""
    at = 0
    while at < len(group) and _until(group, at) <= now:
        at += _SIZE
    return group[at:] if at else group
