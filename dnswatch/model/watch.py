"""The watch: folds what vantage points saw into the site cache, the exchanges and the accounts.

Rules of this file: lookups come in order of time, each costs O(addresses in its answer); `now`
never runs backwards; all that happened comes out of `drain`.

Only what an upstream answered is an answer to the site cache.  An address given from a worker's
cache, stale or fresh, is a `hit`: it lengthens no life.  A lookup of a client that is left out of
the records counts for the site, and teaches exchanges, but is nobody's.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from dnswatch.codes import Type
from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.changes import Changes, MailLookup, minute_of
from dnswatch.model.counting import Counts
from dnswatch.model.detection.tunnels import CARRIERS
from dnswatch.model.exchanges import Exchanges, Lessons, LookupKind
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Fate, Observation, Origin, Tally
from dnswatch.model.sitecache import SiteCache

_FROM_UPSTREAM: Final = frozenset((Origin.UPSTREAM, Origin.LATE))
_FROM_WORKER: Final = frozenset((Origin.CACHE, Origin.STALE))
_CACHE: Final = int(Origin.CACHE)
_LATE: Final = int(Origin.LATE)
_MX: Final = int(Type.MX)
_ANY: Final = int(Type.ANY)
_ADDRESSES: Final = frozenset((int(Type.A), int(Type.AAAA)))

_Addresses = tuple[tuple[bytes, int], ...]
"""Of an answer, each with its TTL."""

_Given = tuple[int, int, int]
"""How many addresses of an answer were new, refreshed and hits."""

_NOTHING: Final = (0, 0, 0)


class Watch:
    """What is known of a site."""

    def __init__(self, addresses: int) -> None:
        """Hold at most `addresses` entries in the site cache."""
        self._cache = SiteCache(addresses, self._end)
        self._exchanges = Exchanges()
        self._changes = Changes()
        self._counts = Counts()
        self._now = 0.0

    def restore(self, entries: Mapping[bytes, CacheEntry], exchanges: Exchanges) -> None:
        """Begin with what was known before; call it before anything else.

        What expired since then does so at the next event, at its own time.
        """
        for address, entry in entries.items():
            self._cache.restore(address, entry)
        self._exchanges = exchanges

    def fold_all(self, lookups: Iterable[Observation]) -> None:
        """Fold in some lookups."""
        for seen in lookups:
            self.fold(seen)

    def fold(self, seen: Observation) -> None:
        """Fold in one lookup."""
        at, client, qname, qtype, origin = seen.at, seen.client, seen.qname, seen.qtype, seen.origin
        self.expire(at)
        found, domain = self._exchanges.weigh(client, qname, qtype, at)
        if qtype == _MX:
            self._exchanges.learn(seen)
        elif qtype == _ANY and seen.enforced:
            # A policy took it for an MX question: what a policy does is on record.
            found, domain = LookupKind.MX, qname
        addresses = seen.addresses
        given = self._answer(addresses, origin, at) if addresses else _NOTHING
        new, refreshed, hits = given
        kind = qtype, seen.rcode, origin, seen.redirected, found, new, refreshed, hits
        self._counts.add(None if origin == _LATE else client, int(at) // 60, kind)
        if client is not None and (domain or qtype not in _ADDRESSES):
            self._note(seen, client, found, domain, given)

    def _answer(self, addresses: _Addresses, origin: Origin, at: float) -> _Given:
        """Fold in the addresses of an answer; count them by what they were to the site cache."""
        if origin in _FROM_UPSTREAM:
            new = 0
            for address, ttl in addresses:
                new += self._cache.renew(address, ttl, at)
            return new, len(addresses) - new, 0
        if origin not in _FROM_WORKER:
            return _NOTHING
        for address, _ in addresses:
            self._cache.hit(address)
        return 0, 0, len(addresses)

    def _note(
        self,
        seen: Observation,
        client: bytes,
        found: LookupKind | None,
        domain: bytes,
        given: _Given,
    ) -> None:
        """Keep a mail-related lookup, and what others tell of mail hosts.

        That is a guess, that one is a web site, or what could carry something else than mail.
        """
        if domain:
            lookup = _mail_lookup(seen, client, found or LookupKind.GUESS, domain, given)
            (self._changes.guesses if found is None else self._changes.lookups).append(lookup)
        elif self._exchanges.visited(seen.qname, seen.qtype):
            self._changes.visits.append((seen.at, client, seen.qname))
        elif seen.qtype in CARRIERS:
            self._changes.carried.append((seen.at, client, seen.qname, seen.qtype))

    def tally(self, tally: Tally, at: float) -> None:
        """Count ordinary answers from a worker's cache; they may come out of order."""
        minute = minute_of(at)
        if tally.fate is Fate.ANSWERED:
            what = tally.qtype, tally.rcode, _CACHE
            kind = *what, tally.redirected, None, 0, 0, tally.addresses
            self._counts.add(tally.client, minute, kind, tally.count)
        elif tally.client is not None:
            measure = tally.fate.name.lower()
            self._changes.accounts[tally.client, minute][measure] += tally.count

    def count_late(self, seen: Observation) -> None:
        """Count a lookup that has no place in the order of time any more: it teaches nothing."""
        origin = Origin.LOCAL if seen.origin in _FROM_UPSTREAM else seen.origin
        kind = seen.qtype, seen.rcode, origin, seen.redirected, None, 0, 0, 0
        self._counts.add(seen.client, minute_of(seen.at), kind)

    def count(self, counters: Mapping[str, int], at: float) -> None:
        """Add increments of a process's counters."""
        if counters:
            self._changes.counters[minute_of(at)].update(counters)

    def hear(self, worker: int, health: HealthReport, node: str = "") -> None:
        """Take in a worker's report on one upstream."""
        self._changes.hear(worker, health, node)

    def expire(self, now: float) -> None:
        """Let end what has ended by `now`."""
        assert now >= self._now, "time runs backwards"
        self._now = now
        self._cache.expire(now)

    def timer(self) -> float | None:
        """When an entry may expire next, or None.  May be early, never late."""
        return self._cache.timer()

    @property
    def mail_lookups(self) -> int:
        """How many mail-related lookups were folded in since the last drain."""
        return len(self._changes.lookups)

    def lessons(self) -> Lessons:
        """Return what a worker that knows nothing must be taught."""
        return self._exchanges.lessons()

    def resize(self, addresses: int) -> None:
        """Hold at most `addresses` entries in the site cache from the next new one on."""
        self._cache.limit = addresses

    def spare(self, is_exempt: Callable[[bytes], bool]) -> None:
        """Let the exchanges of some mail domains stay theirs, whoever else names them."""
        self._exchanges.is_exempt = is_exempt

    def drain(self) -> Changes:
        """Return all that happened since the last drain."""
        changes, self._changes = self._changes, Changes()
        changes.until = self._now
        self._counts.tell(changes)
        changes.entries = self._cache.drain()
        self._exchanges.forget(self._now)
        if self._exchanges.evicted:
            changes.counters[minute_of(self._now)]["exchanges_evicted"] += self._exchanges.evicted
            self._exchanges.evicted = 0
        return changes

    def _end(self, _address: bytes, entry: CacheEntry, is_early: bool) -> None:
        """Count the end of a life."""
        self._changes.site[minute_of(entry.expiry)]["evicted" if is_early else "expire"] += 1


def _mail_lookup(
    seen: Observation, client: bytes, kind: LookupKind, domain: bytes, given: _Given
) -> MailLookup:
    return MailLookup(
        seen.at,
        client,
        kind,
        domain,
        seen.qname,
        seen.qtype,
        seen.rcode,
        seen.origin,
        seen.addresses,
        seen.exchanges,
        *given,
        seen.redirected,
        seen.recursion,
        seen.ttl,
        seen.enforced,
        seen.proven,
    )
