"""The site cache: which addresses the site as a whole has seen, and until when.

An answer that brings address `a` with TTL `l` at time `t` is `New` where `a` was never seen or has
expired, else a `Refresh`; the expiry becomes the later of the old one and `t + l`.  `Expire` falls
at the moment an expiry passes.  (A Study of Mass-mailing Worms, WORM'04, section 5.3.)  As a query
over all answers for `a`: one is new where `t` is not before the running maximum of `t + l` over the
earlier ones.

Rules of this file: time comes in as `now` (Unix seconds, never backwards); what was new or a
refresh comes out as an answer, what ended is told as it ends.

A refresh costs O(1), a new entry and its expiry O(log n) for n entries.  An entry takes about 220
bytes of memory.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from dnswatch.model.lives import Lives

MAX_TTL: Final = 7 * 86400
"""Longest life believed, in seconds (RFC 8767 section 4)."""


class CacheEntry(msgspec.Struct, array_like=True, gc=False):
    """One life of an address in the site cache, from new to expire."""

    expiry: float
    "The moment its life ends, Unix seconds."
    first_seen: float
    "The moment it was new, Unix seconds."
    refreshes: int = 0
    "How often upstream sent it again in this life."
    hits: int = 0
    "How often a worker gave it without asking upstream in this life, as far as lookups were kept."


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
        self._entries: Lives[bytes, CacheEntry] = Lives()
        self._ended = ended
        self._now = 0.0

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def __getitem__(self, address: bytes) -> CacheEntry:
        """Look up the life of a packed address, as of the last event."""
        return self._entries.by_key[address]

    def state(self, address: bytes) -> CacheEntry:
        """Return a copy of the life of a packed address, as it is now."""
        entry = self._entries.by_key[address]
        return CacheEntry(entry.expiry, entry.first_seen, entry.refreshes, entry.hits)

    def renew(self, address: bytes, ttl: int, now: float) -> bool:
        """Fold in one address that upstream sent; say whether it is new, else it is a refresh."""
        self.expire(now)
        expiry = now + min(max(ttl, 0), MAX_TTL)
        entry = self._entries.by_key.get(address)
        if entry is not None:
            if expiry > entry.expiry:
                entry.expiry = expiry
            entry.refreshes += 1
            return False
        while len(self._entries) >= self.limit:
            early, entry = self._entries.take_first()
            entry.expiry = now
            self._ended(early, entry, True)
        self._entries.add(address, CacheEntry(expiry, now))
        return True

    def hit(self, address: bytes) -> bool:
        """Note that a worker gave this address from its own cache: that lengthens no life.

        Return whether the address is in the site cache.
        """
        entry = self._entries.by_key.get(address)
        if entry is not None:
            entry.hits += 1
        return entry is not None

    def expire(self, now: float) -> None:
        """Let end, in order of their ends, the lives whose expiry has passed."""
        assert now >= self._now, "time runs backwards"
        self._now = now
        if self._entries.is_due(now):
            for address, entry in self._entries.ended(now):
                self._ended(address, entry, False)

    def timer(self) -> float | None:
        """When `expire` has something to do next, or None.  May be early, never late."""
        return self._entries.timer()

    def restore(self, address: bytes, entry: CacheEntry) -> None:
        """Take in an entry as it was stored."""
        if address not in self._entries.by_key and len(self._entries) < self.limit:
            self._entries.add(address, entry)
