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

FORM: Final = "ddII"
_RECORD: Final = Struct(f"<{FORM}")
SIZE: Final = _RECORD.size
"""Bytes of a record."""

Record = tuple[float, float, int, int]
"""When something began and when it ends, and two counts."""


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
        record = self.raw(address)
        return unpacked(record) if record else None

    def raw(self, address: bytes) -> bytes:
        """Look up a record as it is packed; empty where there is none."""
        group = self._theirs(address)[hash(address) & self._mask]
        at = _record_at(group, address)
        return group[at : at + SIZE] if at >= 0 else b""

    def add(self, address: bytes, record: bytes) -> None:
        """Take in an address that is not there, with its record packed."""
        groups, number = self._theirs(address), hash(address) & self._mask
        group = groups[number]
        if group:
            end = _end_of(group, len(address))
            groups[number] = b"".join((group[:end], address, group[end:], record))
        else:
            groups[number] = address + record
        self._count += 1

    def put_off(self, address: bytes, until: float, first: int, second: int) -> bool:
        """Let it end at `until` where that is later, and add to its counts.

        Return whether the address is there: one call finds and changes, since that is asked for
        each address of each answer.
        """
        groups, number = self._theirs(address), hash(address) & self._mask
        group = groups[number]
        at = _record_at(group, address)
        if at < 0:
            return False
        begin, end, one, other = unpacked(group[at : at + SIZE])
        record = packed((begin, max(end, until), one + first, other + second))
        groups[number] = b"".join((group[:at], record, group[at + SIZE :]))
        return True

    def remove(self, address: bytes) -> bytes:
        """Take away an address that is there; return its record as it was packed."""
        groups, number = self._theirs(address), hash(address) & self._mask
        group, width = groups[number], len(address)
        at = _record_at(group, address)
        place = (at - _end_of(group, width)) // SIZE * width
        groups[number] = b"".join((group[:place], group[place + width : at], group[at + SIZE :]))
        self._count -= 1
        return group[at : at + SIZE]

    def _theirs(self, address: bytes) -> list[bytes]:
        """Return the groups of addresses of that length."""
        groups = self._groups.get(len(address))
        if groups is None:
            groups = self._groups[len(address)] = [b""] * (self._mask + 1)
        return groups


def packed(record: Record) -> bytes:
    """Write a record as bytes."""
    begin, end, first, second = record
    return _RECORD.pack(begin, end, min(first, MOST), min(second, MOST))


def unpacked(record: bytes) -> Record:
    """Read a record."""
    begin, end, first, second = _RECORD.unpack(record)
    return begin, end, first, second


def _record_at(group: bytes, address: bytes) -> int:
    """Say where the record of an address stands in its group, or -1."""
    if not group:
        return -1
    width = len(address)
    end = _end_of(group, width)
    at = group.find(address, 0, end)
    while at > 0 and at % width:  # it begins within one and ends within the next
        at = group.find(address, at + 1, end)
    return at if at < 0 else end + at // width * SIZE


def _end_of(group: bytes, width: int) -> int:
    """Say where the addresses of a group end, and their records begin."""
    return len(group) // (width + SIZE) * width
