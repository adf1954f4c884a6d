"""The service: through it clients get what the core alone would give them, whatever happens."""

import asyncio
import socket
from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dnswatch.model.durations import TRANSPORTS, histogram
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Observation
from dnswatch.model.policies.mark import Action, Doubts, Mark, Marks, Terms
from dnswatch.proxy import service
from dnswatch.proxy.reports import Reports
from dnswatch.proxy.service import Service
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.pending import PendingQuery
from dnswatch.seams.batch import Briefing, decode
from dnswatch.settings import Settings
from tests.proxy.invented import InventedLoop
from tests.proxy.silent import SilentTransport
from tests.resolver.driven import Driven
from tests.resolver.scripted import configured, local_names, message, query_body

SETTINGS = configured(
    """
    quarantine = {i_have_authority = true, addresses = ["10.0.0.99"]}
    limits.in_flight_per_client = 3
    limits.held_per_client = 2
    """
)
CLIENTS = [bytes((10, 0, 0, number)) for number in (6, 7)]
QUESTIONS = [
    ("victim.example.", "MX"),
    ("mx.victim.example.", "A"),
    ("mail.victim.example.", "A"),
    ("www.example.", "A"),
    ("www.example.", "ANY"),
    ("x.onion.", "A"),
]
ACTIONS = (Action.DELAY, Action.QUARANTINE, Action.REFUSE)


class Served:
    """The same as `Driven`, through a worker's service, its loop and its line to the watch."""

    def __init__(self, settings: Settings) -> None:
        self.loop = InventedLoop()
        self.ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in self.ends:
            end.setblocking(False)
        self.core = ResolverCore(settings, local_names([""]), Cookies(bytes(32)))
        self.reports = Reports(self.ends[0], self.loop.time, self.core.observed)
        self.service = Service(self.core, self.reports, self.loop.time)
        self.transport = SilentTransport()
        self.service.connect(dict.fromkeys(self.core.routes.servers, self.transport))
        self.asked = self.transport.asked
        self.got: list[tuple[bytes, bytes]] = []

    def query(self, message: bytes, client: bytes, *, udp: bool = True) -> None:
        self._in_loop(lambda: self._query(message, client, udp=udp))

    def _query(self, message: bytes, client: bytes, *, udp: bool) -> None:
        pending = PendingQuery(client, True, False, not udp, message[:2], self._reply)
        body = self.service.query(message[2:], pending, self.loop.time(), udp=udp)
        if body is not None:
            self.got.append((message[:2], body))

    def heard(self, which: int, message: bytes) -> None:
        now = self.loop.time()
        self._in_loop(lambda: self.service.heard(self.asked[which], message, now, now))

    def failed(self, which: int) -> None:
        self._in_loop(lambda: self.service.failed(self.asked[which]))

    def learn(self, briefing: Briefing) -> None:
        def learn() -> None:
            self.core.learn(briefing, self.loop.time())
            self.service.carry_out()

        self._in_loop(learn)

    def let(self, seconds: float) -> None:
        self.loop.let(seconds)
        assert not self.loop.faults

    def observations(self) -> list[Observation]:
        """What the watch heard."""
        self.reports.flush()
        heard: list[Observation] = []
        try:
            while True:
                heard += decode(self.ends[1].recv(1 << 20)).observations
        except BlockingIOError:
            return heard

    def close(self) -> None:
        self.service.close()
        self.loop.close()
        for end in self.ends:
            end.close()

    def _reply(self, pending: PendingQuery, body: bytes) -> None:
        self.got.append((pending.message_id, body))

    def _in_loop(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        self.loop.run_until_complete(act())


NOTHING = st.just(0)
clients, which, booleans = st.integers(0, 1), st.integers(0, 9), st.booleans()
steps = st.one_of(
    st.tuples(st.just("query"), clients, st.integers(0, len(QUESTIONS) - 1), booleans),
    st.tuples(st.just("heard"), which, st.sampled_from([0, 0, 0, 1, 2, 3, 5]), NOTHING),
    st.tuples(st.just("failed"), which, NOTHING, NOTHING),
    st.tuples(st.just("let"), st.sampled_from([0.07, 0.9, 2.3, 40.0, 400.0]), NOTHING, NOTHING),
    st.tuples(st.just("mark"), clients, st.sampled_from(ACTIONS), booleans),
    st.tuples(st.just("doubt"), clients, booleans, NOTHING),
)


def take(world: Driven | Served, number: int, step: tuple) -> None:  # type: ignore[type-arg]
    """Have one thing happen."""
    match step:
        case "query", client, which, udp:
            query = number.to_bytes(2, "big") + query_body(*QUESTIONS[which], use_edns=0)
            world.query(query, CLIENTS[client], udp=udp)
        case "heard", which, rcode, _ if world.asked:
            which %= len(world.asked)
            world.heard(which, response(world.asked[which], rcode))
        case "failed", which, _, _ if world.asked:
            world.failed(which % len(world.asked))
        case "let", seconds, _, _:
            world.let(seconds)
        case "mark", client, action, dry_run:
            terms = Terms(hold=2.0, bucket=1.0, refill=60.0, excess=4.0, refuses=True)
            kinds = tuple(LookupKind)
            mark = Mark(CLIENTS[client], "p", action, terms, kinds, inf, dry_run)
            world.learn(Briefing(marks=Marks([mark])))
        case "doubt", client, is_suspect, _:
            suspects = [(CLIENTS[client], inf)] if is_suspect else []
            world.learn(Briefing(doubts=Doubts(suspects, [], whole=True)))


def response(ask: Ask, rcode: int) -> bytes:
    """Answer a question: an address, the exchange of a domain, or nothing but an rcode."""
    if rcode or ask.query.qtype != 15:
        return message(ask.query, rcode, 60)
    data = b"\0\x0a\2mx\xc0\x0c"
    record = b"\xc0\x0c\0\x0f\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data
    return b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + ask.query.question + record


@settings(max_examples=60)
@given(st.lists(steps, max_size=25))
def test_through_the_service_all_is_as_the_core_has_it(
    happened: list[tuple],  # type: ignore[type-arg]
) -> None:
    """Whatever clients, upstreams, the watch and time do: the same answers leave in the same order,
    the same questions are put, and the watch hears of the same lookups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "TICK", 0.0)
        driven, served = Driven(SETTINGS), Served(SETTINGS)
        try:
            for number, step in enumerate(happened):
                for world in (driven, served):
                    take(world, number, step)
            assert served.got == driven.got
            assert [ask.message for ask in served.asked] == [ask.message for ask in driven.asked]
            seen = driven.core.observed.take()
            assert list(map(at_ms, served.observations())) == list(map(at_ms, seen))
        finally:
            served.close()


def at_ms(seen: Observation) -> Observation:
    """Round the moment: the loop's clock has other last bits."""
    return replace(seen, at=round(seen.at, 3))


def test_no_look_at_what_is_due_follows_another_at_once() -> None:
    """However many lookups there are, the timer rings at most once in `TICK` seconds."""
    served = Served(configured("limits.in_flight_per_client = 500"))
    rung = 0
    call_later = served.loop.call_later

    def counted(wait: float, ring: Callable[..., object], *arguments: Any) -> asyncio.TimerHandle:
        def rings() -> None:
            nonlocal rung
            rung += getattr(ring, "__self__", None) is served.service
            ring(*arguments)

        return call_later(wait, rings)

    served.loop.call_later = counted  # type: ignore[method-assign,assignment]
    for number in range(200):
        query = number.to_bytes(2, "big") + query_body(f"n{number}.example.")
        served.query(query, CLIENTS[0])
        served.let(0.001)
    served.let(1.0)
    assert 0 < rung <= 1.2 / service.TICK + 1
    served.close()


def test_what_a_transport_refuses_at_once_is_passed_on_at_once() -> None:
    """A question that fails while it is put ends the lookup within the same turn."""
    served = Served(SETTINGS)
    served.transport.ask = lambda ask: served.service.failed(ask)  # type: ignore[method-assign]
    served.query(b"id" + query_body("www.example.", use_edns=0), CLIENTS[0])
    assert served.got[0][1][1] & 15 == 2
    asyncio.set_event_loop(None)
    served.close()


def test_the_watch_hears_before_an_answer_leaves() -> None:
    """Also of a query that is read while another's answer is sent, as over TCP: none is lost."""
    served = Served(SETTINGS)
    mx, www = (query_body(*QUESTIONS[which], use_edns=0) for which in (0, 3))
    served.query(b"01" + mx, CLIENTS[0])
    served.heard(0, response(served.asked[0], 0))
    served.observations()
    heard: list[Observation] = []

    def reply(pending: PendingQuery, body: bytes) -> None:
        served._query(b"03" + mx, CLIENTS[0], udp=False)
        assert served.got[-1][0] == b"03"
        heard.extend(decode(served.ends[1].recv(1 << 20)).observations)

    served._reply = reply  # type: ignore[method-assign]
    served.query(b"02" + www, CLIENTS[1])
    served.heard(1, response(served.asked[1], 0))
    assert [one.qtype for one in heard][-1] == 15
    assert not served.loop.faults
    served.close()


def test_answers_that_come_later_are_timed_by_transport() -> None:
    """From the query to its answer; what the cache answers at once is not among them."""
    served = Served(SETTINGS)
    www = query_body(*QUESTIONS[3], use_edns=0)
    served.query(b"01" + www, CLIENTS[0])
    served.query(b"02" + www, CLIENTS[1], udp=False)
    served.let(0.03)
    served.heard(0, response(served.asked[0], 0))
    served.query(b"03" + www, CLIENTS[0])
    assert [message_id for message_id, _ in served.got] == [b"01", b"02", b"03"]
    taken = served.reports.times.take()
    assert {transport: sum(histogram(taken, transport)[0]) for transport in TRANSPORTS} == {
        "udp": 1,
        "tcp": 1,
    }
    assert histogram(taken, "udp")[1] == pytest.approx(0.03, abs=0.001)
    assert served.reports.times.take() == {}
    served.close()
