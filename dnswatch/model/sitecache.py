"""The site cache: which addresses the site as a whole has seen, and until when.

An answer that brings address `a` with TTL `l` at time `t` is `New` where `a` was never seen or has
expired, else a `Refresh`; the expiry becomes the later of the old one and `t + l`.  `Expire` falls
at the moment an expiry passes.  (A Study of Mass-mailing Worms, WORM'04, section 5.3.)  As a query
over all answers for `a`: one is new where `t` is not before the running maximum of `t + l` over the
earlier ones.

Rules of this file: time comes in as `now` (Unix seconds, never backwards); what was new or a
refresh comes out as an answer, what ended is told as it ends, and what is to be stored of all that
comes out of `drain`: of each life its state as it began, and that of each drain in between.

A refresh costs what `groups` say, a new entry and its expiry O(log n) besides, for n entries.  An
entry takes some 50 bytes of memory.
"""

from collections.abc import Callable
from typing import Final

from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.groups import Groups, packed, unpacked
from dnswatch.model.lives import Ends
from dnswatch.model.states import EntryStates

MAX_TTL: Final = 7 * 86400
"""Longest life believed, in seconds (RFC 8767 section 4)."""


Ended = Callable[[bytes, CacheEntry, bool], object]
"""Takes an address whose life has ended, the last state of its entry, and whether it went early,
since the cache was full: the expiry has become the moment at which it went."""


def _untold(address: bytes, entry: CacheEntry, is_early: bool) -> None:
    """Let a life end that nobody asks for."""


class SiteCache:
    """Address to its life, for the whole site, however many resolvers it has."""

    def __init__(self, limit: int, ended: Ended = _untold) -> None:
        """Hold at most `limit` addresses; tell `ended` of each end, in order of time."""
        self.limit = limit
        "Entries held at most; the one that expires first goes early."
        self._entries = Groups(limit)
        "First seen, expiry, refreshes, hits."
        self._states = EntryStates()
        self._changed: set[bytes] = set()
        "Addresses whose entry is not as `_states` and those before have it."
        self._ends = Ends(self._expiry_of)
        self._ended = ended
        self._now = 0.0

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def __getitem__(self, address: bytes) -> CacheEntry:
        """Look up the life of a packed address, as of the last event."""
        entry = self._entries.get(address)
        if entry is None:
            raise KeyError(address)
        first_seen, expiry, refreshes, hits = entry
        return CacheEntry(expiry, first_seen, refreshes, hits)

    def renew(self, address: bytes, ttl: int, now: float) -> bool:
        """Fold in one address that upstream sent; say whether it is new, else it is a refresh."""
        self.expire(now)
        expiry = now + min(max(ttl, 0), MAX_TTL)
        if self._entries.put_off(address, expiry, 1, 0):
            self._changed.add(address)
            return False
        while len(self._entries) >= self.limit:
            self._end(self._ends.take_first(), now)
        record = packed((now, expiry, 0, 0))
        self._begin(address, record, expiry)
        self._states.add(address, record)
        return True

    def hit(self, address: bytes) -> bool:
        """Note that a worker gave this address from its own cache: that lengthens no life.

        Return whether the address is in the site cache.
        """
        is_there = self._entries.put_off(address, 0.0, 0, 1)
        if is_there:
            self._changed.add(address)
        return is_there

    def drain(self) -> EntryStates:
        """Return what is to be stored since the last time."""
        states, self._states = self._states, EntryStates()
        for address in self._changed:
            states.add(address, self._entries.raw(address))
        self._changed.clear()
        return states

    def expire(self, now: float) -> None:
        """Let end, in order of their ends, the lives whose expiry has passed."""
        assert now >= self._now, "time runs backwards"
        self._now = now
        if self._ends.is_due(now):
            for address in self._ends.ended(now):
                self._end(address)

    def timer(self) -> float | None:
        """When `expire` has something to do next, or None.  May be early, never late."""
        return self._ends.timer()

    def restore(self, address: bytes, entry: CacheEntry) -> None:
        """Take in an entry as it was stored."""
        if not self._entries.raw(address) and len(self._entries) < self.limit:
            life = entry.first_seen, entry.expiry, entry.refreshes, entry.hits
            self._begin(address, packed(life), entry.expiry)

    def _begin(self, address: bytes, record: bytes, expiry: float) -> None:
        self._entries.add(address, record)
        self._ends.add(address, expiry)

    def _end(self, address: bytes, early: float | None = None) -> None:
        """Let a life end, at its expiry or early."""
        record = self._entries.remove(address)
        first_seen, expiry, refreshes, hits = unpacked(record)
        if early is not None:
            expiry = early
            record = packed((first_seen, expiry, refreshes, hits))
        if early is not None or address in self._changed:
            self._changed.discard(address)
            self._states.add(address, record)
        self._ended(address, CacheEntry(expiry, first_seen, refreshes, hits), early is not None)

    def _expiry_of(self, address: bytes) -> float:
        return self[address].expiry
