"""States of the site cache's entries as bytes, one behind the other: what changed of late.

A state is written there in some tens of nanoseconds; an object for each and a row in a table took
half of what a lookup costs the watch.  A life is named by its address and the moment at which it
began, with which each of its states begins, and of two states of one life the later one is true.
So what is true at the end is one `dict.update` of pairs of bytes.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import itemgetter
from struct import Struct
from typing import Final

from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.groups import FORM, SIZE, packed

V4: Final = 4
V6: Final = 16
"""Bytes of an address."""

State = tuple[bytes, float, float, int, int]
"""Packed address; first seen, expiry, refreshes and hits of its entry."""

_MOMENT: Final = 8
"""Bytes of a record that say when the life began."""


class EntryStates:
    """States of entries, in the order in which they were told."""

    def __init__(self, told: Iterable[tuple[int, bytes]] = ()) -> None:
        """Begin with some that were told, by the length of their addresses (`parts`)."""
        self._v4 = bytearray()
        self._v6 = bytearray()
        for width, states in told:
            self._of(width).extend(states)

    def __len__(self) -> int:
        """Count the states, those as well that are not true any more."""
        return len(self._v4) // (V4 + SIZE) + len(self._v6) // (V6 + SIZE)

    def __iter__(self) -> Iterator[State]:
        """Go through them, in order for each address."""
        parts = [Struct(f"<{width}s{FORM}").iter_unpack(states) for width, states in self.parts()]
        return chain.from_iterable(parts)

    def __eq__(self, other: object) -> bool:
        """Whether the same is true after both, however often that was told."""
        return isinstance(other, EntryStates) and all(
            _last(ours, width) == _last(theirs, width)
            for (width, ours), (_, theirs) in zip(self.parts(), other.parts(), strict=True)
        )

    def __repr__(self) -> str:
        """Show all states, in the order of the addresses."""
        return f"EntryStates({sorted(self)})"

    def parts(self) -> tuple[tuple[int, bytearray], ...]:
        """Return the states as they are, by the length of their addresses."""
        return (V4, self._v4), (V6, self._v6)

    def add(self, address: bytes, record: bytes) -> None:
        """Tell the state of an entry."""
        states = self._of(len(address))
        states += address
        states += record

    def extend(self, later: "EntryStates") -> None:
        """Take in what was told after these."""
        self._v4 += later._v4
        self._v6 += later._v6

    def last(self) -> dict[bytes, CacheEntry]:
        """Return the last state of each address."""
        return {
            address: CacheEntry(expiry, first_seen, refreshes, hits)
            for address, first_seen, expiry, refreshes, hits in self
        }

    def tidy(self) -> None:
        """Keep the last state of each life alone."""
        self._v4, self._v6 = (
            bytearray().join(chain.from_iterable(_last(states, width).items()))
            for width, states in self.parts()
        )

    def trim(self, limit: int) -> int:
        """Keep at most `limit` lives; those that end first go.  Return how many went."""
        if len(self) > limit:
            self.tidy()
        lost = max(0, len(self) - limit)
        if lost:
            kept = sorted(self, key=itemgetter(2))[lost:]
            self._v4, self._v6 = bytearray(), bytearray()
            for address, first_seen, expiry, refreshes, hits in kept:
                self.add(address, packed((first_seen, expiry, refreshes, hits)))
        return lost

    def _of(self, width: int) -> bytearray:
        return self._v4 if width == V4 else self._v6


def _last(states: bytearray, width: int) -> dict[bytes, bytes]:
    """Return of each life what was told last: its name, and what follows that."""
    found: dict[bytes, bytes] = {}
    found.update(Struct(f"{width + _MOMENT}s{SIZE - _MOMENT}s").iter_unpack(states))
    return found
