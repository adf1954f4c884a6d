"""Lookups: one question in flight, the clients that wait for it, failover, deadline.

Equal questions (`Query.key`) share one lookup.  An upstream that is silent for longer than its
usual time is not waited for: the next one is asked as well, and whoever answers first is heard.
SERVFAIL and REFUSED are passed on only when no other upstream knows better.  Where a stale answer
is at hand it is given when upstreams take longer than `stale_after` (RFC 8767).

Work per lookup is O(upstreams); memory is bounded by `Limits.in_flight`.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from math import inf
from typing import Final

from dnswatch.codes import Ede, Rcode
from dnswatch.errors import WireError
from dnswatch.proxy.upstream.edns import MISUNDERSTOOD, fitting, plainer
from dnswatch.proxy.upstream.group import Group, trusted
from dnswatch.proxy.upstream.transport import LATE, Asking, Upstream
from dnswatch.resolver.cache import FAILURES
from dnswatch.resolver.decision import Subject
from dnswatch.settings import Settings
from dnswatch.wire import build, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

TICK: Final = 0.01
"""Seconds: how exactly a lookup's waiting times are kept."""

_BACKOFF: Final = 1.5
"""How much longer each round waits than the one before.  From the least patience on that makes
twelve tries within four seconds: of 1,000 lookups with every third datagram lost none fails."""

_EAGER_ROUNDS: Final = 2
"""Rounds behind the first that wait no longer than it: with every third datagram lost, 97 of 100
lookups are answered in these."""

_PATIENT_ROUNDS: Final = 2
"""Rounds in which those that are up have their chance; then who is down is asked as well, once."""


class Waiter:
    """One query on its way to an answer: who asked, and the way back."""

    __slots__ = (
        "case", "client", "ident", "limit", "proven", "query", "recorded", "redirected", "reply",
        "way",
    )  # fmt: skip

    case: Subject | None
    "What a mark is about; None for almost all."

    query: Query
    "What was asked, once it is read."
    limit: int
    "Bytes that the answer may have, once the query is read."

    def __init__(
        self,
        ident: bytes,
        client: bytes,
        reply: Callable[["Waiter", bytes], None],
        way: tuple[bytes, bytes],
        recorded: bool,
        redirected: bool,
        proven: bool,
    ) -> None:
        """Wait; `reply(waiter, tail)` sends what follows the message ID.

        `proven`: nobody else can have sent it in the client's name.

        Over UDP `way` is the client's sockaddr, and control data that says where to send from.
        """
        self.case = None
        self.ident = ident
        self.client = client
        self.reply = reply
        self.way = way
        self.recorded = recorded
        self.redirected = redirected
        self.proven = proven


Outcome = Callable[[Query, Response | None, list[Waiter], bytes], None]
"""Told of the end of a lookup: the response or None, who waited, and an extended error."""

Impatience = Callable[[Query, list[Waiter]], bool]
"""Told of those who waited for so long that a stale answer will do; says whether it gave one."""


class Lookup:
    """One question on its way to upstreams."""

    __slots__ = (
        "_asked", "_candidates", "_deadline", "_done", "_is_over", "_last_resort", "_next",
        "_patient_until", "_round", "_spare", "_stale_at", "_table", "query", "waiters",
    )  # fmt: skip

    edns = True
    "A question is first asked with EDNS (`fitting` has the exception)."

    def __init__(
        self, table: "Lookups", query: Query, group: Group, deadline: float, stale_at: float
    ) -> None:
        """Get ready to ask the upstreams of `group`, and to end at `deadline`.

        At `stale_at` those who wait get a stale answer; infinity where there is none.
        """
        self.query = query
        self.waiters: list[Waiter] = []
        self._done = self._is_over = False
        self._table = table
        self._candidates, self._spare = group.candidates()
        self._next = self._round = 0
        self._asked: Upstream
        self._last_resort: Response | None = None
        self._deadline = deadline
        self._stale_at = stale_at
        self._patient_until = 0.0

    @property
    def done(self) -> bool:
        """What still comes is of no use, not even to the cache."""
        return self._done or (self._is_over and self._table.now() > self._deadline + LATE)

    def ask_next(self, now: float) -> None:
        """Ask the next upstream; the first again after the last, with more patience.

        The first repetitions are for datagrams that were lost; the later, the longer the pause.
        """
        as_well: list[Upstream] = []
        if self._next == len(self._candidates):
            self._next = 0
            self._round += 1
            self._candidates, aside = trusted(self._candidates)
            self._spare = self._spare + aside
            if self._round == _PATIENT_ROUNDS:
                as_well, self._spare = self._spare, []
        upstream = self._asked = self._candidates[self._next]
        self._next += 1
        patience = upstream.health.patience * _BACKOFF ** max(self._round - _EAGER_ROUNDS, 0)
        self._patient_until = now + patience
        self._table.wake(self, self._due() - now)
        for each in (upstream, *as_well):
            if not self._done:
                each.ask(fitting(self, each))

    def wake(self, now: float) -> None:
        """Do what is due: end, give a stale answer, or ask another upstream."""
        if now >= self._deadline:
            self._asked.health.failed(now)
            self._table.finish(self, self._last_resort, _NO_REACHABLE_AUTHORITY)
            self._done = False  # the answer may still come: it is for the next client
            return
        if now >= self._stale_at:
            self._stale_at = inf
            self._table.lose_patience(self)
        if now >= self._patient_until:
            self._asked.health.waited(now)
            self._table.counters["upstream_asked_again"] += 1
            self.ask_next(now)
        else:
            self._table.wake(self, self._due() - now)

    def response(
        self, upstream: Upstream, message: bytes, sent_at: float, form: Asking | None = None
    ) -> None:
        """Take a message that answers the question as it was asked in `form`."""
        now = self._table.now()
        try:
            heard = response.read(message, self.query, self._table.max_negative_ttl)
        except WireError:
            self._table.counters["upstream_malformed"] += 1
            self.failure(upstream)
            return
        if heard.rcode == Rcode.REFUSED:
            upstream.health.refused(now)
        else:
            upstream.health.succeeded(now - sent_at, now)
        if self._done:
            return
        if self._is_over:
            self._take_late(heard)
            return
        form = form or self
        again = plainer(self, form, heard.rcode, message)
        if again is not None:
            upstream.ask(again)
            return
        if not form.edns and heard.rcode not in MISUNDERSTOOD:
            upstream.health.doubt_edns(now)
        if heard.rcode in FAILURES:
            self._last_resort = heard
            self._give_up_on(upstream, now)
        else:
            self._table.finish(self, heard, b"")

    def failure(self, upstream: Upstream) -> None:
        """Take it that an upstream will not answer."""
        now = self._table.now()
        upstream.health.failed(now)
        if not (self._done or self._is_over):
            self._give_up_on(upstream, now)

    def end(self) -> list[Waiter]:
        """Be over; return who waited."""
        self._done = self._is_over = True
        waiters, self.waiters = self.waiters, []
        return waiters

    def _take_late(self, heard: Response) -> None:
        """Keep an answer that came after the deadline."""
        if heard.rcode not in FAILURES:
            self._done = True
            self._table.learn_late(self.query, heard)

    def _give_up_on(self, upstream: Upstream, now: float) -> None:
        """Ask the others only; end where none is left.  What fails twice is given up once."""
        in_turn = self._candidates[self._next :] + self._candidates[: self._next]
        left = [other for other in in_turn if other is not upstream]
        if not left:
            left, self._spare = self._spare, []
        if not left:
            self._table.finish(self, self._last_resort, _NETWORK_ERROR)
        elif left != in_turn:
            self._candidates, self._next = left, 0
            self.ask_next(now)

    def _due(self) -> float:
        return min(self._patient_until, self._deadline, self._stale_at)


_NETWORK_ERROR: Final = build.ede(Ede.NETWORK_ERROR, "no upstream could be reached")
_NO_REACHABLE_AUTHORITY: Final = build.ede(
    Ede.NO_REACHABLE_AUTHORITY, "no upstream answered in time"
)


_TOO_MANY: Final = build.ede(Ede.NOT_READY, "too many lookups are waiting")


class Lookups:
    """The table of what is in flight, and the wheel of what is due."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float],
        counters: Counter[str],
        finished: Outcome,
        impatient: Impatience,
    ) -> None:
        """Tell `finished` of every end, and `impatient` of who waited long enough."""
        self.now = now
        self.counters = counters
        self.configure(settings)
        self._finished = finished
        self._impatient = impatient
        self._flying: dict[bytes, Lookup] = {}
        self._waiting: dict[bytes, int] = {}
        self._waiters = 0
        self._wheel: defaultdict[int, list[bytes]] = defaultdict(list)
        "Tick to the keys of what is due then: a key, so that a lookup that has ended is let go of."
        self._turning = False
        self._turned = 0

    def configure(self, settings: Settings) -> None:
        """Take other settings for what comes."""
        self._limits = settings.limits
        self._deadline = settings.upstream.deadline
        self._stale_after = settings.cache.stale_after
        self.max_negative_ttl = int(settings.cache.max_negative_ttl)

    def __len__(self) -> int:
        """Count the lookups in flight."""
        return len(self._flying)

    def join(self, waiter: Waiter, group: Group, stale: bool, now: float) -> bool:
        """Let a query wait for its answer; False where its client has too many that wait.

        `stale` says that an old answer may be at hand.
        """
        if self._waiting.get(waiter.client, 0) >= self._limits.in_flight_per_client:
            self.counters["client_in_flight_full"] += 1
            return False
        while max(len(self._flying), self._waiters) >= self._limits.in_flight:
            self.counters["in_flight_full"] += 1
            self.finish(next(iter(self._flying.values())), None, _TOO_MANY)
        self._waiting[waiter.client] = self._waiting.get(waiter.client, 0) + 1
        self._waiters += 1
        lookup = self._flying.get(waiter.query.key)
        if lookup is not None:
            self.counters["coalesced"] += 1
            lookup.waiters.append(waiter)
            return True
        stale_at = now + self._stale_after if stale else inf
        lookup = Lookup(self, waiter.query, group, now + self._deadline, stale_at)
        lookup.waiters.append(waiter)
        self._flying[waiter.query.key] = lookup
        lookup.ask_next(now)
        return True

    def finish(self, lookup: Lookup, heard: Response | None, extended: bytes) -> None:
        """End a lookup: nobody waits for it any more."""
        self._flying.pop(lookup.query.key, None)
        self._finished(lookup.query, heard, self._release(lookup.end()), extended)

    def learn_late(self, query: Query, heard: Response) -> None:
        """Take what came after a lookup's end: for who waits for the same by now, or the cache."""
        lookup = self._flying.get(query.key)
        if lookup is not None:
            self.finish(lookup, heard, b"")
        else:
            self._finished(query, heard, [], b"")

    def lose_patience(self, lookup: Lookup) -> None:
        """Let those who wait have a stale answer; the lookup goes on for the cache's sake."""
        if self._impatient(lookup.query, lookup.waiters):
            waiters, lookup.waiters = lookup.waiters, []
            self._release(waiters)

    def wake(self, lookup: Lookup, delay: float) -> None:
        """Come back to a lookup `delay` seconds from now, to the tick: one timer serves all."""
        now = self.now()
        if not self._turning:
            self._turning = True
            self._turned = int(now / TICK)
            asyncio.get_running_loop().call_later(TICK, self._turn)
        tick = max(int((now + delay) / TICK), self._turned) + 1
        self._wheel[tick].append(lookup.query.key)

    def _turn(self) -> None:
        """Wake those whose tick has come, late as it may be on a busy machine."""
        now = self.now()
        last, self._turned = self._turned, int(now / TICK)
        for tick in range(last + 1, self._turned + 1):
            for key in self._wheel.pop(tick, ()):
                lookup = self._flying.get(key)
                if lookup is not None:
                    lookup.wake(now)
        self._turning = bool(self._wheel)
        if self._turning:
            asyncio.get_running_loop().call_later(TICK, self._turn)

    def _release(self, waiters: list[Waiter]) -> list[Waiter]:
        self._waiters -= len(waiters)
        for waiter in waiters:
            left = self._waiting.pop(waiter.client) - 1
            if left:
                self._waiting[waiter.client] = left
        return waiters
