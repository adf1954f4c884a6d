"""Claims: how much of the store one minute, and one address, may take.

A source address costs nothing to forge, so a flood of them must not fill the store.  A minute
holds the accounts of `share` clients at most, half of them strangers: clients of which the store
knows nothing yet.  One client's mail-related lookups of a minute are kept one by one up to a bound.
What goes beyond is in the site's counts all the same, and in the counter `records_refused`.

Pure: what the store knows comes in as a function.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from dnswatch.model.changes import Changes, MailLookup, minute_of
from dnswatch.store.retention import HELD_SHARE

LEAST: Final = 100
"""Clients of a minute, and lookups of a client, that the smallest store has room for."""
MOST: Final = 100_000
"""Clients of a minute that are told from each other; the largest store takes no more."""
MINUTES: Final = 3
"""Minutes in which a client is remembered as admitted; accounts of earlier ones are rare."""
_BYTES_OF_CLIENT: Final = 50_000
"""Bytes of `records.size` for each client of a minute: 20,000 clients where that is 1 GB."""
_BYTES_OF_LOOKUP: Final = 100_000
"""Bytes of `records.size` for each lookup of a client and minute: 10,000 where that is 1 GB."""

Knows = Callable[[bytes], bool]
"""Whether the store knows the client of a packed address."""


class Claims:
    """What the clients of the last minutes have claimed."""

    def __init__(self) -> None:
        """Begin with nothing claimed."""
        self._admitted: dict[int, set[bytes]] = {}
        self._lookups: dict[int, Counter[bytes]] = {}

    def bound(self, changes: Changes, key: Callable[[bytes], str], knows: Knows, size: int) -> None:
        """Take out of a batch what goes beyond the claims on a store of `size` bytes.

        `key` turns a packed address into the client's key, as in `Store.write`.
        """
        share = min(max(LEAST, size // _BYTES_OF_CLIENT), MOST)
        refused = {
            (client, minute): 0
            for client, minute in changes.accounts
            if not self._admit(client, minute, knows, share)
        }
        for client, minute in refused:
            del changes.accounts[client, minute]
            changes.counters[minute]["records_refused"] += 1
        self._bound_lookups(changes, knows, share, max(LEAST, size // _BYTES_OF_LOOKUP))
        self._leave_out({client for client, _ in refused}, changes, key, knows)
        for table in (self._admitted, self._lookups):
            for minute in sorted(table)[:-MINUTES]:
                del table[minute]

    def _admit(self, client: bytes, minute: int, knows: Knows, share: int) -> bool:
        admitted = self._admitted.setdefault(minute, set())
        if client not in admitted:
            if len(admitted) >= share or (len(admitted) >= share // 2 and not knows(client)):
                return False
            admitted.add(client)
        return True

    def _bound_lookups(self, changes: Changes, knows: Knows, share: int, most: int) -> None:
        kept: list[MailLookup] = []
        judged = changes.judged
        for number, lookup in enumerate(changes.lookups):
            minute = minute_of(lookup.at)
            claimed = self._lookups.setdefault(minute, Counter())
            if claimed[lookup.client] < most and self._admit(lookup.client, minute, knows, share):
                claimed[lookup.client] += 1
                kept.append(lookup)
            else:
                changes.counters[minute]["records_refused"] += 1
                judged -= number < changes.judged
        changes.lookups, changes.judged = kept, judged

    def _leave_out(
        self, refused: set[bytes], changes: Changes, key: Callable[[bytes], str], knows: Knows
    ) -> None:
        """Leave out what the detector has against refused strangers, unless it is sure of them."""
        admitted = set().union(*self._admitted.values())
        for client in refused:
            standing = changes.standings.get(client)
            is_held = standing is not None and standing.share >= HELD_SHARE
            if not is_held and client not in admitted and not knows(client):
                changes.standings.pop(client, None)
                changes.client_states.pop(key(client), None)
