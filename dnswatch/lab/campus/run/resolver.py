"""The resolver: the site's DNS servers in simulated time, by the very core that a worker drives.

A question goes the way that it goes in a worker (`resolver/core`), and what the core observes the
way that it goes in the watch process.  Left out are the wire and the waiting: the outside answers
at once, and a reply says when it is there.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from itertools import accumulate
from math import floor
from struct import Struct
from typing import Final, NamedTuple

from msgspec.structs import replace

from dnswatch.codes import Class, Type
from dnswatch.lab.campus.run.loop import Loop
from dnswatch.lab.campus.run.truth import Truth
from dnswatch.lab.campus.world import Outside, OutsideAnswer
from dnswatch.model.exchanges import Exchanges
from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.model.role import Role, role_of
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.events import Answer, Form, Held, PolicyFault
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.observed import Observed
from dnswatch.resolver.pending import PendingQuery
from dnswatch.settings import Server, Settings
from dnswatch.watchdog.pipeline import Pipeline
from dnswatch.watchdog.process import TICK
from dnswatch.wire.query import MIN_UDP, Query
from dnswatch.wire.response import Response

QUIET_TICK: Final = 600.0
"""Seconds between two turns of the watch while nobody but declared servers asks for mail hosts: a
turn without evidence changes nothing that is looked at in between."""

Hear = Callable[[Observation], None]
"""Takes each observation, for an output."""


_UPSTREAMS: Final = (Server("192.0.2.53"),)
"""The outside, as far as the core is told of it."""
_RECURSION_DESIRED: Final = 0x0100
_CLASS_IN: Final = Class.IN.to_bytes(2, "big")


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
        self,
        outside: Outside,
        settings: Settings,
        loop: Loop,
        pipeline: Pipeline,
        truth: Truth,
        servers: int = 1,
    ) -> None:
        """Serve by some servers, each with a cache; verdicts are noted in the truth."""
        self.pipeline = pipeline
        self._outside = outside
        self._loop = loop
        self._truth = truth
        self._exchanges = Exchanges()
        settings = replace(settings, upstream=replace(settings.upstream, servers=_UPSTREAMS))
        self._cores = [
            ResolverCore(settings, LocalNames({}, {}), Cookies(b""), self._exchanges)
            for _ in range(servers)
        ]
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
        core = self._cores[place_of(asking.client, len(self._cores))]
        core.fire(now)
        core.events.clear()  # held answers: who waited for them was told when they would be there
        pending = PendingQuery(asking.client, is_redirected=asking.is_foreign, is_proven=True)
        pending.query = _query(asking)
        answer, at = core.ask(pending, now), now
        while answer is None:
            match core.events.popleft():
                case Ask() as question:
                    heard = self._outside.answer(asking.qname, asking.qtype)
                    core.told(question, _response(heard), now)
                case Answer() as given:
                    answer = given
                case Held(given, until):
                    answer, at = given, until
                case PolicyFault() as fault:
                    raise fault.error
        self._see(asking, core.observed, answer)
        return _reply(answer, at)

    def tally(self, tally: Tally) -> None:
        """Count ordinary lookups that nothing looks at singly."""
        self._truth.lookups["honest"] += tally.count
        self.pipeline.watch.tally(tally, self._loop.now)

    def turn(self) -> None:
        """Let the watch judge what it has seen, and the arbiter hear of it."""
        self.pipeline.watch.expire(self._loop.now)
        changes, news = self.pipeline.turn(self._loop.now)
        if news is not None:
            for core in self._cores:
                core.enforcement.learn(news)
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

    def _see(self, asking: Asking, observed: Observed, answer: Answer) -> None:
        """Let the watch see a lookup, as it would of a worker's batch."""
        now = self._loop.now
        client, qname, qtype, _ = asking
        for seen in observed.take():
            self.pipeline.fold(seen)
            if seen.enforced is not None:
                self._truth.enforced(seen.enforced.decided)
            if self.hear is not None:
                self.hear(seen)
        for tally in observed.take_tallies():
            self.pipeline.watch.tally(tally, now)
        if answer.tally is not None and self.hear is not None:
            pending = answer.pending
            self.hear(observed.lookup(pending.query, answer.response, Origin.CACHE, now, pending))
            observed.take()
        is_worm = client in self._truth.senders
        self._truth.lookups["worm" if is_worm else "honest"] += 1
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


def _query(asking: Asking) -> Query:
    flags = 0 if asking.is_foreign else _RECURSION_DESIRED
    question = asking.qname + asking.qtype.to_bytes(2, "big") + _CLASS_IN
    return Query(flags, question, 0, MIN_UDP, b"", False)


def _response(heard: OutsideAnswer) -> Response:
    """Make the response that a resolver reads; the core keeps its records alone."""
    response = Response(0, heard.rcode)
    response.addresses, response.exchanges, response.ttl = heard[1:]
    records = [
        _RECORD.pack(_OWNER, _TYPES[len(address)], Class.IN, ttl, len(address)) + address
        for address, ttl in response.addresses
    ]
    records += [
        _RECORD.pack(_OWNER, Type.MX, Class.IN, heard.ttl, 2 + len(exchange)) + b"\0\0" + exchange
        for exchange in response.exchanges
    ]
    ends = list(accumulate(map(len, records)))
    response.counts = len(records), 0, 0
    response.ttl_at = tuple([end - len(one) + 6 for end, one in zip(ends, records, strict=True)])
    response.ttls = (*(ttl for _, ttl in response.addresses), *[heard.ttl] * len(heard.exchanges))
    response.records = b"".join(records)
    response.answer_end = len(response.records)
    return response


_RECORD: Final = Struct("!HHHIH")
_OWNER: Final = 0xC00C
"""A pointer to the name asked for."""
_TYPES: Final = {4: Type.A, 16: Type.AAAA}


def _reply(answer: Answer, at: float) -> Reply:
    response = answer.response
    if answer.form is Form.FORGED:
        return Reply(at, response.rcode, is_bay=True)
    addresses = tuple(address for address, _ in response.addresses)
    return Reply(at, response.rcode, addresses, response.exchanges)
