"""Lookups: one question in flight, the queries that wait for it, failover, deadline.

Equal questions (`Query.key`) share one lookup.  An upstream that is silent for longer than its
usual time is not waited for: the next one is asked as well, and whoever answers first is heard.
SERVFAIL and REFUSED are passed on only when no other upstream knows better.  Where a stale answer
is at hand it is given when upstreams take longer than `stale_after` (RFC 8767).

Work per lookup is O(upstreams); memory is bounded by `Limits.in_flight`.
"""

from collections import Counter, deque
from collections.abc import Callable
from math import inf
from typing import Final

from dnswatch.codes import Ede, Rcode
from dnswatch.errors import WireError
from dnswatch.resolver.ask import (
    LATE,
    MISUNDERSTOOD,
    Ask,
    UpstreamState,
    first_form,
    has_opt,
    plainer,
)
from dnswatch.resolver.cache import FAILURES
from dnswatch.resolver.deadlines import Deadline, Deadlines
from dnswatch.resolver.events import Event
from dnswatch.resolver.pending import PendingQuery
from dnswatch.resolver.upstreams import Group, trusted
from dnswatch.settings import Settings
from dnswatch.wire import build, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

_BACKOFF: Final = 1.5
"""How much longer each round waits than the one before.  From the least patience on that makes
twelve tries within four seconds: of 1,000 lookups with every third datagram lost none fails."""

_EAGER_ROUNDS: Final = 2
"""Rounds behind the first that wait no longer than it: with every third datagram lost, 97 of 100
lookups are answered in these."""

_PATIENT_ROUNDS: Final = 2
"""Rounds in which those that are up have their chance; then who is down is asked as well, once."""

_REFUSED: Final = Rcode.REFUSED.value
_NETWORK_ERROR: Final = build.ede(Ede.NETWORK_ERROR, "no upstream could be reached")
_NO_REACHABLE_AUTHORITY: Final = build.ede(
    Ede.NO_REACHABLE_AUTHORITY, "no upstream answered in time"
)
_TOO_MANY: Final = build.ede(Ede.NOT_READY, "too many lookups are waiting")

Ended = Callable[[Query, Response | None, list[PendingQuery], bytes, float], None]
"""Told of the end of a lookup: the response or None, who waited, an extended error, the time."""

Impatient = Callable[[Query, list[PendingQuery], float], bool]
"""Told of those who waited for so long that a stale answer will do; says whether it gave one."""


class Lookup:
    """One question on its way to upstreams."""

    __slots__ = (
        "_asked",
        "_candidates",
        "_deadline",
        "_is_over",
        "_last_resort",
        "_next",
        "_patient_until",
        "_round",
        "_spare",
        "_stale_at",
        "_table",
        "_waking",
        "is_done",
        "query",
        "waiting",
    )

    def __init__(
        self,
        table: "Lookups",
        pending: PendingQuery,
        group: Group,
        deadline: float,
        stale_at: float,
    ) -> None:
        """Get ready to ask the upstreams of `group`, and to end at `deadline`.

        At `stale_at` those who wait get a stale answer; infinity where there is none.
        """
        self.query = pending.query
        self.waiting = [pending]
        self.is_done = False
        "What still comes is of no use, not even to the cache."
        self._is_over = False
        self._table = table
        self._candidates, self._spare = group.candidates()
        self._next = self._round = 0
        self._asked: UpstreamState
        self._last_resort: Response | None = None
        self._deadline = deadline
        self._stale_at = stale_at
        self._patient_until = 0.0
        self._waking: Deadline | None = None
        "The one that waits."

    def ask_next(self, now: float) -> None:
        """Ask the next upstream; the first again after the last, with more patience.

        The first repetitions are for datagrams that were lost; the later, the longer the pause.
        """
        as_well: list[UpstreamState] | None = None
        if self._next == len(self._candidates):
            self._next = 0
            self._round += 1
            self._candidates, aside = trusted(self._candidates)
            self._spare = self._spare + aside
            if self._round == _PATIENT_ROUNDS:
                as_well, self._spare = self._spare, []
        upstream = self._asked = self._candidates[self._next]
        self._next += 1
        patience = upstream.health.patience
        if self._round > _EAGER_ROUNDS:
            patience *= _BACKOFF ** (self._round - _EAGER_ROUNDS)
        self._patient_until = now + patience
        self._wake_when_due()
        self._table.events.append(first_form(self, upstream, self.query))
        for each in as_well or ():
            self._table.events.append(first_form(self, each, self.query))

    def wake(self, now: float) -> None:
        """Do what is due: end, give a stale answer, or ask another upstream."""
        if self._is_over:
            self.is_done |= now >= self._deadline + LATE
            return
        self._waking = None
        if now >= self._deadline:
            self._asked.health.failed(now)
            self._table.finish(self, self._last_resort, _NO_REACHABLE_AUTHORITY, now)
            self.is_done = False  # the answer may still come: it is for the next client
            self._table.deadlines.add(self._deadline + LATE, self.wake)
            return
        if now >= self._stale_at:
            self._stale_at = inf
            self._table.lose_patience(self, now)
        if now >= self._patient_until:
            self._asked.health.waited(now)
            self._table.counters["upstream_asked_again"] += 1
            self.ask_next(now)
        else:
            self._wake_when_due()

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Take a message that answers the question as it was put by `ask`."""
        try:
            heard = response.read(message, self.query, self._table.max_negative_ttl)
        except WireError:
            self._table.counters["upstream_malformed"] += 1
            self.failed(ask, now)
            return
        self.told(ask, heard, sent_at, now, has_opt=has_opt(message))

    def told(self, ask: Ask, heard: Response, sent_at: float, now: float, *, has_opt: bool) -> None:
        """Take what an upstream said; `has_opt` says whether it may have said it with EDNS."""
        health = ask.upstream.health
        if heard.rcode == _REFUSED:
            health.refused(now)
        else:
            health.succeeded(now - sent_at, now)
        if self.is_done:
            return
        if self._is_over:
            self._take_late(heard, now)
            return
        if heard.rcode in MISUNDERSTOOD:
            again = plainer(ask, heard.rcode, has_opt=has_opt)
            if again is not None:
                self._table.events.append(again)
                return
        elif not ask.edns:
            health.doubt_edns(now)
        if heard.rcode in FAILURES:
            self._last_resort = heard
            self._give_up_on(ask.upstream, now)
        else:
            self._table.finish(self, heard, b"", now)

    def failed(self, ask: Ask, now: float) -> None:
        """Take it that an upstream will not answer."""
        ask.upstream.health.failed(now)
        if not self._is_over:
            self._give_up_on(ask.upstream, now)

    def end(self) -> list[PendingQuery]:
        """Be over; return who waited."""
        self.is_done = self._is_over = True
        if self._waking is not None:
            self._table.deadlines.remove(self._waking)
        waiting, self.waiting = self.waiting, []
        return waiting

    def _take_late(self, heard: Response, now: float) -> None:
        """Keep an answer that came after the deadline."""
        if heard.rcode not in FAILURES:
            self.is_done = True
            self._table.learn_late(self.query, heard, now)

    def _give_up_on(self, upstream: UpstreamState, now: float) -> None:
        """Ask the others only; end where none is left.  What fails twice is given up once."""
        in_turn = self._candidates[self._next :] + self._candidates[: self._next]
        left = [other for other in in_turn if other is not upstream]
        if not left:
            left, self._spare = self._spare, []
        if not left:
            self._table.finish(self, self._last_resort, _NETWORK_ERROR, now)
        elif left != in_turn:
            self._candidates, self._next = left, 0
            self.ask_next(now)

    def _wake_when_due(self) -> None:
        due = min(min(self._patient_until, self._deadline), self._stale_at)
        if self._waking is not None:
            if due >= self._waking.at:
                return
            self._table.deadlines.remove(self._waking)
        self._waking = self._table.deadlines.add(due, self.wake)


class Lookups:
    """The table of what is in flight."""

    def __init__(
        self,
        settings: Settings,
        deadlines: Deadlines,
        events: deque[Event],
        counters: Counter[str],
        ended: Ended,
        impatient: Impatient,
    ) -> None:
        """Tell `ended` of every end, and `impatient` of who waited long enough."""
        self.deadlines = deadlines
        self.events = events
        self.counters = counters
        self.configure(settings)
        self._ended = ended
        self._impatient = impatient
        self._in_flight: dict[bytes, Lookup] = {}
        self._waiting_of: dict[bytes, int] = {}
        "Client to how many of its queries wait."
        self._waiting = 0

    def configure(self, settings: Settings) -> None:
        """Take other settings for what comes."""
        self._most = settings.limits.in_flight
        self._most_per_client = settings.limits.in_flight_per_client
        self._deadline = float(settings.upstream.deadline)
        self._stale_after = float(settings.cache.stale_after)
        self.max_negative_ttl = int(settings.cache.max_negative_ttl)

    def __len__(self) -> int:
        """Count the lookups in flight."""
        return len(self._in_flight)

    def join(self, pending: PendingQuery, group: Group, stale: bool, now: float) -> bool:
        """Let a query wait for its answer; False where its client has too many that wait.

        `stale` says that an old answer may be at hand.
        """
        waiting = self._waiting_of.get(pending.client, 0)
        if waiting >= self._most_per_client:
            self.counters["client_in_flight_full"] += 1
            return False
        while len(self._in_flight) >= self._most or self._waiting >= self._most:
            self.counters["in_flight_full"] += 1
            self.finish(next(iter(self._in_flight.values())), None, _TOO_MANY, now)
            waiting = self._waiting_of.get(pending.client, 0)
        self._waiting_of[pending.client] = waiting + 1
        self._waiting += 1
        key = pending.query.key
        lookup = self._in_flight.get(key)
        if lookup is not None:
            self.counters["coalesced"] += 1
            lookup.waiting.append(pending)
            return True
        stale_at = now + self._stale_after if stale else inf
        lookup = Lookup(self, pending, group, now + self._deadline, stale_at)
        self._in_flight[key] = lookup
        lookup.ask_next(now)
        return True

    def finish(self, lookup: Lookup, heard: Response | None, extended: bytes, now: float) -> None:
        """End a lookup: nobody waits for it any more."""
        if lookup.query.key in self._in_flight:
            del self._in_flight[lookup.query.key]
        self._ended(lookup.query, heard, self._release(lookup.end()), extended, now)

    def learn_late(self, query: Query, heard: Response, now: float) -> None:
        """Take what came after a lookup's end: for who waits for the same by now, or the cache."""
        lookup = self._in_flight.get(query.key)
        if lookup is not None:
            self.finish(lookup, heard, b"", now)
        else:
            self._ended(query, heard, [], b"", now)

    def lose_patience(self, lookup: Lookup, now: float) -> None:
        """Let those who wait have a stale answer; the lookup goes on for the cache's sake."""
        if self._impatient(lookup.query, lookup.waiting, now):
            waiting, lookup.waiting = lookup.waiting, []
            self._release(waiting)

    def _release(self, waiting: list[PendingQuery]) -> list[PendingQuery]:
        self._waiting -= len(waiting)
        for pending in waiting:
            left = self._waiting_of[pending.client] - 1
            if left:
                self._waiting_of[pending.client] = left
            else:
                del self._waiting_of[pending.client]
        return waiting
