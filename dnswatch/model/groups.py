"""Groups: a table of addresses for sites that know millions, in a third of a dict's memory.

An address belongs to one of a fixed number of groups, by its hash: that of Python is keyed anew in
each process, so nobody can choose addresses that all fall into one.  A group is one piece of bytes:
its addresses, and behind them, in the same order, a record for each.

Each call costs O(n / groups) for n addresses: there are some thirty in a group where the table is
as full as it was made for, and they are searched at the speed of `bytes.find`.  An address takes
its own length, 24 bytes, and its share in the group: about 45 bytes where four share one.
"""

from struct import Struct
from typing import Final

IN_GROUP: Final = 32
"""Addresses in a group of a full table, or half as many: fewer take more memory, more take time."""

MOST: Final = 0xFFFFFFFF
"""A count that is larger stays at this."""

_RECORD: Final = Struct("<ddII")
_SIZE: Final = _RECORD.size

Record = tuple[float, float, int, int]
"""Two moments and two counts."""


class Groups:
    """Packed address to record."""

    def __init__(self, limit: int) -> None:
        """Be made for so many addresses; more only take longer to find."""
        self._mask = (1 << (limit // IN_GROUP).bit_length()) - 1
        self._groups: dict[int, list[bytes]] = {}
        "By the length of the addresses."
        self._count = 0

    def __len__(self) -> int:
        """Count the addresses."""
        return self._count

    def get(self, address: bytes) -> Record | None:
        """Look up a record."""
        group = self._theirs(address)[hash(address) & self._mask]
        at = _place(group, address)
        if at < 0:
            return None
        early, late, first, second = _RECORD.unpack_from(group, _behind(group, address, at))
        return early, late, first, second

    def add(self, address: bytes, record: Record) -> None:
        """Take in an address that is not there."""
        groups, number = self._theirs(address), hash(address) & self._mask
        group = groups[number]
        end = _behind(group, address, 0)
        groups[number] = b"".join((group[:end], address, group[end:], _packed(record)))
        self._count += 1

    def change(self, address: bytes, record: Record) -> None:
        """Replace the record of an address that is there."""
        groups, number = self._theirs(address), hash(address) & self._mask
        group = groups[number]
        at = _behind(group, address, _place(group, address))
        groups[number] = b"".join((group[:at], _packed(record), group[at + _SIZE :]))

    def remove(self, address: bytes) -> None:
        """Take away an address that is there."""
        groups, number = self._theirs(address), hash(address) & self._mask
        group, width = groups[number], len(address)
        place = _place(group, address)
        at = _behind(group, address, place)
        groups[number] = b"".join(
            (group[: place * width], group[(place + 1) * width : at], group[at + _SIZE :])
        )
        self._count -= 1

    def _theirs(self, address: bytes) -> list[bytes]:
        """Return the groups of addresses of that length."""
        groups = self._groups.get(len(address))
        if groups is None:
            groups = self._groups[len(address)] = [b""] * (self._mask + 1)
        return groups


def _place(group: bytes, address: bytes) -> int:
    """Say which address of a group this is, or -1."""
    width = len(address)
    end = _behind(group, address, 0)
    at = group.find(address, 0, end)
    while at > 0 and at % width:  # it begins within one and ends within the next
        at = group.find(address, at + 1, end)
    return at // width


def _behind(group: bytes, address: bytes, place: int) -> int:
    """Say where the record of an address stands, by its place among such addresses."""
    width = len(address)
    return len(group) // (width + _SIZE) * width + place * _SIZE


def _packed(record: Record) -> bytes:
    early, late, first, second = record
    return _RECORD.pack(early, late, min(first, MOST), min(second, MOST))
