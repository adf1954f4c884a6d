"""The watch: folds what vantage points saw into the site cache, the exchanges and the accounts.

Rules of this file: lookups come in order of time, each costs O(addresses in its answer); `now`
never runs backwards; all that happened comes out of `drain`.

Only what an upstream answered is an answer to the site cache.  An address given from a worker's
cache, stale or fresh, is a `hit`: it lengthens no life.  A lookup of a client that is left out of
the records counts for the site, and teaches exchanges, but is nobody's.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import Final, NamedTuple

from dnswatch.codes import Type, rcode_name, type_name
from dnswatch.model.changes import Changes, MailLookup, minute_of
from dnswatch.model.detection.tunnels import CARRIERS
from dnswatch.model.exchanges import Exchanges, Lessons, LookupKind
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Fate, Observation, Origin, Tally
from dnswatch.model.sitecache import CacheEntry, Event, Evict, Expire, New, Refresh, SiteCache

_MEASURES: Final = {New: "new", Refresh: "refresh", Expire: "expire", Evict: "evicted"}
_ORIGINS: Final = {Origin.CACHE: "cached", Origin.STALE: "stale", Origin.FAILED: "failed"}
_FROM_UPSTREAM: Final = frozenset((Origin.UPSTREAM, Origin.LATE))
_FROM_WORKER: Final = frozenset((Origin.CACHE, Origin.STALE))
_GIVEN_MEASURES: Final = ("new", "refresh", "hit")


class _Given(NamedTuple):
    """The addresses of one answer, counted by what they were to the site cache."""

    new: int = 0
    refreshed: int = 0
    hits: int = 0


_NOTHING: Final = _Given()


class Watch:
    """What is known of a site."""

    def __init__(self, addresses: int) -> None:
        """Hold at most `addresses` entries in the site cache."""
        self._cache = SiteCache(addresses)
        self._exchanges = Exchanges()
        self._changes = Changes()
        self._touched: set[bytes] = set()
        "Addresses in the site cache whose entry changed since the last drain."
        self._now = 0.0

    def restore(self, entries: Mapping[bytes, CacheEntry], exchanges: Exchanges) -> None:
        """Begin with what was known before; call it before anything else.

        What expired since then does so at the next event, at its own time.
        """
        for address, entry in entries.items():
            self._cache.restore(address, entry)
        self._exchanges = exchanges

    def fold(self, seen: Observation) -> None:
        """Fold in one lookup."""
        self.expire(seen.at)
        found = self._classify(seen)
        if seen.origin == Origin.LATE:
            site, account = self._changes.site[minute_of(seen.at)], Counter[str]()
        else:
            site, account = self._count(seen, seen.at, 1)
        given = self._answer(seen, site)
        for measure, count in zip(_GIVEN_MEASURES, given, strict=True):
            if count:
                account[measure] += count
        if seen.origin not in _FROM_UPSTREAM:
            if seen.origin in _ORIGINS:
                account[_ORIGINS[seen.origin]] += 1
        else:
            site["upstream"] += 1
            if given.refreshed and not given.new:
                site["superfluous"] += 1
        if seen.client is None:
            return
        if found:
            account[f"mail:{found[0]}"] += 1
            self._changes.lookups.append(_mail_lookup(seen, seen.client, found, given))
        else:
            self._hint(seen, seen.client, given)

    def _hint(self, seen: Observation, client: bytes, given: _Given) -> None:
        """Note what an ordinary lookup tells of mail hosts: a guess, or that one is a web site."""
        if domain := self._exchanges.guessed(seen.qname, seen.qtype):
            guess = LookupKind.GUESS, domain
            self._changes.guesses.append(_mail_lookup(seen, client, guess, given))
        elif self._exchanges.visited(seen.qname, seen.qtype):
            self._changes.visits.append((seen.at, client, seen.qname))
        elif seen.qtype in CARRIERS:
            self._changes.carried.append((seen.at, client, seen.qname, seen.qtype))

    def tally(self, tally: Tally, at: float) -> None:
        """Count ordinary answers from a worker's cache; they may come out of order."""
        if tally.fate is not Fate.ANSWERED:
            if tally.client is not None:
                measure = tally.fate.name.lower()
                self._changes.accounts[tally.client, minute_of(at)][measure] += tally.count
            return
        site, account = self._count(tally, at, tally.count)
        account["cached"] += tally.count
        if hits := tally.addresses * tally.count:
            account["hit"] += hits
            site["hit"] += hits

    def count_late(self, seen: Observation) -> None:
        """Count a lookup that has no place in the order of time any more: it teaches nothing."""
        _, account = self._count(seen, seen.at, 1)
        if seen.origin in _ORIGINS:
            account[_ORIGINS[seen.origin]] += 1

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
        self._note(self._cache.expire(now))

    def timer(self) -> float | None:
        """When an entry may expire next, or None.  May be early, never late."""
        return self._cache.timer()

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
        for address in self._touched:
            changes.cache[address] = copy(self._cache[address])
        self._touched.clear()
        self._exchanges.forget(self._now)
        if self._exchanges.evicted:
            changes.counters[minute_of(self._now)]["exchanges_evicted"] += self._exchanges.evicted
            self._exchanges.evicted = 0
        return changes

    def _classify(self, seen: Observation) -> tuple[LookupKind, bytes] | None:
        """Say whether a lookup is mail-related, and learn from it.

        ANY is where a policy took it for an MX question: what a policy does is on record.
        """
        found = self._exchanges.kind(seen.client, seen.qname, seen.qtype, seen.at)
        self._exchanges.learn(seen)
        if seen.qtype == Type.ANY and seen.enforced:
            return LookupKind.MX, seen.qname
        return found

    def _count(
        self, seen: Observation | Tally, at: float, count: int
    ) -> tuple[Counter[str], Counter[str]]:
        """Count lookups; return the counts of the site and of the client for that minute.

        Those of a client that is left out lead nowhere.
        """
        minute = minute_of(at)
        site = self._changes.site[minute]
        site["lookup"] += count
        if seen.client is None:
            site["unrecorded"] += count
            return site, Counter()
        account = self._changes.accounts[seen.client, minute]
        account["lookup"] += count
        account[_type_measure(seen.qtype)] += count
        account[_rcode_measure(seen.rcode)] += count
        if seen.redirected:
            account["redirected"] += count
        return site, account

    def _answer(self, seen: Observation, site: Counter[str]) -> _Given:
        """Fold in the addresses of an answer; count them by what they were to the site cache."""
        if not seen.addresses:
            return _NOTHING
        if seen.origin in _FROM_UPSTREAM:
            refreshed = 0
            for address, ttl in seen.addresses:
                events = self._cache.answer(address, ttl, seen.at)
                refreshed += type(events[-1]) is Refresh
                self._note(events)
            return _Given(len(seen.addresses) - refreshed, refreshed)
        if seen.origin not in _FROM_WORKER:
            return _NOTHING
        site["hit"] += len(seen.addresses)
        for address, _ in seen.addresses:
            if self._cache.hit(address):
                self._touched.add(address)
        return _Given(hits=len(seen.addresses))

    def _note(self, events: Iterable[Event]) -> None:
        """Count events of the site cache, and note which entries changed."""
        for event in events:
            self._changes.site[minute_of(event.at)][_MEASURES[type(event)]] += 1
            if isinstance(event, New | Refresh):
                self._touched.add(event.address)
            elif isinstance(event, Evict) or event.address in self._touched:
                self._touched.discard(event.address)
                self._changes.cache[event.address] = event.entry


def _mail_lookup(
    seen: Observation, client: bytes, found: tuple[LookupKind, bytes], given: _Given
) -> MailLookup:
    kind, domain = found
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


@lru_cache(maxsize=1024)
def _type_measure(qtype: int) -> str:
    return f"type:{type_name(qtype)}"


@lru_cache(maxsize=1024)
def _rcode_measure(rcode: int) -> str:
    return f"rcode:{rcode_name(rcode)}"
