"""The resolver: the site's DNS servers in simulated time, made of dnswatch's own parts.

A question goes the way that it goes in a worker (`proxy/service`): marks, answer cache, outside,
arbiter, observation; the observation goes the way that it goes in the watch process.  The only
things left out are the wire and the waiting: a reply says when it is there.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from math import floor
from typing import Final, NamedTuple

from dnswatch.codes import Rcode, Type
from dnswatch.lab.campus.run.loop import Loop
from dnswatch.lab.campus.run.truth import Truth
from dnswatch.lab.campus.world import Outside
from dnswatch.lab.campus.world import OutsideAnswer as Heard
from dnswatch.model.exchanges import Exchanges
from dnswatch.model.observation import Enforced, Observation, Origin, Tally
from dnswatch.model.role import Role, role_of
from dnswatch.resolver.arbiter import Arbiter
from dnswatch.resolver.cache import AnswerCache
from dnswatch.resolver.decision import (
    PASS,
    Decision,
    Facts,
    Hold,
    Refuse,
    Rewrite,
    Subject,
)
from dnswatch.resolver.known import KnownAddresses
from dnswatch.settings import Settings
from dnswatch.watchdog.pipeline import Pipeline
from dnswatch.watchdog.process import TICK
from dnswatch.wire.response import Response

QUIET_TICK: Final = 600.0
"""Seconds between two turns of the watch while nobody but declared servers asks for mail hosts: a
turn without evidence changes nothing that is looked at in between."""

Hear = Callable[[Observation], None]
"""Takes each observation, for an output."""


class Reply(NamedTuple):
    """What a client gets, and when."""

    at: float
    "Unix seconds."
    rcode: int
    addresses: tuple[bytes, ...] = ()
    exchanges: tuple[bytes, ...] = ()
    is_bay: bool = False
    "It leads to the holding bay."


class Asking(NamedTuple):
    """A question as a client puts it."""

    client: bytes
    qname: bytes
    qtype: int
    is_foreign: bool = False
    "Put to a foreign server, without recursion, and redirected to us."


class Resolver:
    """The site's DNS servers, all under one watch; a client always asks the same."""

    def __init__(
        self, outside: Outside, settings: Settings, loop: Loop, pipeline: Pipeline, truth: Truth,
        servers: int = 1,
    ) -> None:  # fmt: skip
        """Serve by some servers, each with a cache; verdicts are noted in the truth."""
        self.pipeline = pipeline
        self._outside = outside
        self._loop = loop
        self._truth = truth
        self._exchanges = Exchanges()
        self._arbiter = Arbiter(settings, self._exchanges)
        self._servers = [(AnswerCache(settings.cache), KnownAddresses()) for _ in range(servers)]
        "Each keeps answers of its own, and the addresses that it has seen."
        self.hear: Hear | None = None
        "Hears each observation."
        self._is_due = False
        self._infected: dict[bytes, float] = {}
        "Who is taken for infected, and until when: more evidence does not change what is done."
        self._role = lru_cache(200_000)(lambda client: role_of(client, settings.roles))
        loop.call(loop.now + QUIET_TICK, self._tick)

    def ask(self, asking: Asking) -> Reply:
        """Answer a question."""
        now = self._loop.now
        client, qname, qtype, _ = asking
        case: Subject | None = None
        if client in self._arbiter.marks:
            case = self._arbiter.case((client, qname, qtype), now)
            if case is not None and (done := self._arbiter.refuses(client, case, now)):
                return self._refused(asking, done)
        heard, origin, is_refresh = self._heard(asking, now)
        if case is None:
            self._observe(asking, heard, origin, None)
            return _true(now, heard)
        answer = Facts(heard.rcode, heard.exchanges, is_refresh)
        ruling = self._arbiter.rule(client, case, answer, now)
        self._observe(asking, heard, origin, ruling.enforced)
        return self._given(ruling.decision or PASS, heard, now)

    def tally(self, tally: Tally) -> None:
        """Count ordinary lookups that nothing looks at singly."""
        self._truth.lookups["honest"] += tally.count
        self.pipeline.watch.tally(tally, self._loop.now)

    def turn(self) -> None:
        """Let the watch judge what it has seen, and the arbiter hear of it."""
        self.pipeline.watch.expire(self._loop.now)
        changes, news = self.pipeline.turn(self._loop.now)
        if news is not None:
            self._arbiter.learn(news)
        for client, standing in changes.standings.items():
            self._truth.judged(client, standing.rung, standing.at)
            is_infected = standing.rung == "infected"
            self._infected[client] = standing.until if is_infected else 0.0

    def _tick(self) -> float:
        self.turn()
        self._exchanges.forget(self._loop.now)
        return self._loop.now + QUIET_TICK

    def _soon(self) -> None:
        self._is_due = False
        self.turn()

    def _heard(self, asking: Asking, now: float) -> tuple[Heard, Origin, bool]:
        """Return an answer, where it came from, and whether it brings nothing but refreshes."""
        client, qname, qtype, _ = asking
        cache, known = self._servers[place_of(client, len(self._servers))]
        key = qname + qtype.to_bytes(2, "big")
        kept = cache.get(key, now)
        if kept is not None:
            heard = Heard(kept.rcode, kept.addresses, kept.exchanges, kept.ttl)
            return heard, Origin.CACHE, bool(kept.addresses)
        heard = self._outside.answer(qname, qtype)
        fresh = Response(0, heard.rcode)
        fresh.addresses, fresh.exchanges, fresh.ttl = heard.addresses, heard.exchanges, heard.ttl
        cache.put(key, fresh, now)
        is_candidate = self._exchanges.is_candidate(qname, qtype)
        is_refresh = is_candidate and known.note(heard.addresses, now)
        return heard, Origin.UPSTREAM, is_refresh

    def _given(self, decision: Decision, heard: Heard, now: float) -> Reply:
        match decision:
            case Rewrite():
                return Reply(now, Rcode.NOERROR, is_bay=True)
            case Refuse():
                return Reply(now, Rcode.SERVFAIL)
            case Hold(until, Refuse()):
                return Reply(until, Rcode.SERVFAIL)
            case Hold(until):
                return _true(until, heard)
        return _true(now, heard)

    def _refused(self, asking: Asking, done: Enforced) -> Reply:
        self._observe(asking, Heard(Rcode.SERVFAIL, ttl=0), Origin.LOCAL, done)
        return Reply(self._loop.now, Rcode.SERVFAIL)

    def _observe(self, asking: Asking, heard: Heard, origin: Origin, done: Enforced | None) -> None:
        """Let the watch see a lookup, and learn from it which names are mail-related."""
        now = self._loop.now
        client, qname, qtype, is_foreign = asking
        if qtype == Type.MX:
            self._exchanges.asked_mx(client, qname, now)
            self._exchanges.learn_mx(qname, heard.exchanges, heard.ttl, now)
        seen = Observation(
            now, client, qname, qtype, heard.rcode, origin, heard.addresses, heard.exchanges,
            heard.ttl if heard.exchanges else 0, is_foreign, not is_foreign, done,
        )  # fmt: skip
        self.pipeline.fold(seen)
        if self.hear is not None:
            self.hear(seen)
        is_worm = client in self._truth.senders
        self._truth.lookups["worm" if is_worm else "honest"] += 1
        if done is not None:
            self._truth.enforced(done.decided)
        if not self._is_due and self._is_evidence(client, qname, qtype):
            self._is_due = True
            self._loop.call(floor(now / TICK + 1) * TICK, self._soon)

    def _is_evidence(self, client: bytes, qname: bytes, qtype: int) -> bool:
        """Say whether a lookup may change a verdict: then the watch has its turn within a second.

        Of a client that is taken for infected already it only puts off the end.
        """
        is_candidate = self._exchanges.is_candidate(qname, qtype)
        is_open = self._loop.now >= self._infected.get(client, 0.0)
        return is_candidate and is_open and self._role(client) is not Role.MAIL_SERVER


def place_of(client: bytes, servers: int) -> int:
    """Return which of a site's DNS servers a client asks."""
    return client[-1] % servers


def key_of(client: bytes) -> str:
    """Return a client's key: its address, in text."""
    return _text(client)


@lru_cache(200_000)
def _text(client: bytes) -> str:
    return str(ip_address(client))


def _true(at: float, heard: Heard) -> Reply:
    return Reply(at, heard.rcode, tuple(address for address, _ in heard.addresses), heard.exchanges)
