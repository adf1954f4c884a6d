"""Groups and routes: who is asked first, and who for which domain."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Rcode
from dnswatch.proxy.worker import PROBE_ROUND
from dnswatch.resolver.ask import Ask, UpstreamState
from dnswatch.resolver.events import EdnsNews, Event
from dnswatch.resolver.health import DOUBTS, EDNS_SURE
from dnswatch.resolver.upstreams import Group, Prober, Routes, routes
from dnswatch.wire import name
from tests.resolver.scripted import Scripted, configured, take

FAILED = 3


def upstream(rtt: float = 0.0, *, up: bool = True) -> UpstreamState:
    """Make one with a round-trip time."""
    made = Scripted().state
    if rtt:
        made.health.succeeded(rtt, 0.0)
    made.health.up = up
    return made


def test_the_fastest_that_is_up_is_asked_first() -> None:
    """By round trip; one that never answered comes last, those that are down wait."""
    slow, fast, down, new = upstream(0.5), upstream(0.1), upstream(0.01, up=False), upstream()
    group = Group([slow, down, fast, new], "fastest")
    assert group.candidates() == ([fast, slow, new], [down])


def test_the_first_that_is_up_is_asked_first() -> None:
    """With `ordered` the order of the configuration counts."""
    down, slow, fast = upstream(0.01, up=False), upstream(0.5), upstream(0.1)
    assert Group([down, slow, fast], "ordered").candidates() == ([slow, fast], [down])


@pytest.mark.parametrize("strategy", ["fastest", "ordered"])
def test_even_those_that_are_down_are_asked(strategy: str) -> None:
    """When nobody is up, everybody is tried."""
    group = Group([upstream(up=False), upstream(up=False)], strategy)
    assert [len(some) for some in group.candidates()] == [2, 0]


@pytest.mark.parametrize("strategy", ["fastest", "ordered"])
def test_one_that_does_not_answer_comes_after_the_others(strategy: str) -> None:
    """While it is doubted and not yet found to be down, others are asked first."""
    silent, good = upstream(0.1), upstream(0.2)
    for _ in range(DOUBTS):
        silent.health.waited(1.0)
    assert Group([silent, good], strategy).candidates() == ([good], [silent])
    silent.health.succeeded(0.1, 2.0)
    assert Group([silent, good], strategy).candidates() == ([silent, good], [])


DOMAINS = ["corp.example", "eu.corp.example", "10.in-addr.arpa"]


@given(
    st.lists(st.sampled_from(["corp", "eu", "example", "10", "in-addr", "arpa", "x"]), max_size=5)
)
def test_the_longest_domain_that_fits_wins(labels: list[str]) -> None:
    """A name is asked where the longest forwarded domain at its end says; else the default."""
    groups = {name.from_text(domain): Group([], "ordered") for domain in DOMAINS}
    default = Group([], "ordered")
    qname = name.from_text(".".join(labels))
    fitting = [d for d in DOMAINS if labels[-d.count(".") - 1 :] == d.split(".")]
    wanted = groups[name.from_text(max(fitting, key=len))] if fitting else default
    assert Routes(default, groups).group(qname) is wanted


def test_the_root_may_be_forwarded() -> None:
    """A forwarded root catches everything."""
    root, default = Group([], "ordered"), Group([], "ordered")
    routes = Routes(default, {name.ROOT: root})
    assert routes.group(name.from_text("a.example")) is root
    assert routes.group(name.ROOT) is root


def test_each_server_has_one_number_and_none_has_two() -> None:
    """A server that stands in several places is one upstream; encrypted questions are padded."""
    settings = configured("""
        forward = [{domain = "corp.example", servers = ["192.0.2.1", "tls://192.0.2.2#ns.example"]}]
    """)
    made = routes(settings, 7)
    assert {number: str(server) for number, server in made.servers.items()} == {
        7: "udp://192.0.2.1",
        8: "tls://192.0.2.2#ns.example",
    }
    assert [(state.number, state.block) for state in made.upstreams()] == [(7, 0), (8, 128)]
    shared = made.group(name.from_text("www.corp.example")).upstreams[0]
    assert shared is made.group(name.from_text("www.example")).upstreams[0]


class Rounds:
    """A prober in invented time."""

    def __init__(self, *upstreams: Scripted) -> None:
        """Probe `upstreams`."""
        self.now = 1000.0
        self.events: deque[Event] = deque()
        self.prober = Prober(
            Routes(Group([one.state for one in upstreams], "ordered"), {}), self.events
        )
        self.news: list[EdnsNews] = []
        "What turned out about EDNS."

    def let(self, seconds: float) -> None:
        """Let rounds go by."""
        for _ in range(int(seconds / PROBE_ROUND)):
            self.now += PROBE_ROUND
            self.prober.round(self.now)
            self.carry_out()

    def answer(self, upstream: Scripted, rcode: int = 0) -> None:
        """Have an upstream answer what it was asked last."""
        upstream.answers(self.now, rcode)
        self.carry_out()

    def carry_out(self) -> None:
        """Have questions put."""
        while self.events:
            match self.events.popleft():
                case Ask() as ask:
                    take(ask, self.now)
                case EdnsNews() as news:
                    self.news.append(news)


def test_everyone_is_probed_at_the_start_and_then_rarely() -> None:
    """A good upstream is asked once, and again only after half a minute."""
    good = Scripted()
    rounds = Rounds(good)
    rounds.let(0.3)
    rounds.answer(good)
    rounds.let(25)
    assert len(good.asked) == 1
    rounds.let(5.2)
    assert len(good.asked) == 2


def test_a_silent_upstream_is_found_out_without_clients() -> None:
    """Probes that are not answered mark it down within seconds."""
    silent = Scripted()
    Rounds(silent).let(10)
    assert not silent.health.up
    assert FAILED <= len(silent.asked) < 10


def test_an_upstream_that_comes_back_is_found_again() -> None:
    """Two probes in a row that are answered mark it up."""
    flapping = Scripted()
    rounds = Rounds(flapping)
    rounds.let(10)
    asked = len(flapping.asked)
    for _ in range(400):
        rounds.let(PROBE_ROUND)
        if len(flapping.asked) > asked:
            asked = len(flapping.asked)
            rounds.answer(flapping)
    assert flapping.health.up


def test_edns_is_lost_and_found_by_our_own_probes() -> None:
    """A probe that is understood only without EDNS turns it off; one that is understood with it
    turns it on again: once a minute, without a client's help."""
    server = Scripted()
    rounds = Rounds(server)
    rounds.let(0.3)
    rounds.answer(server, Rcode.FORMERR)
    known = [server.health.edns]
    rounds.answer(server)
    known.append(server.health.edns)
    rounds.let(EDNS_SURE + 1)
    rounds.answer(server)
    known.append(server.health.edns)
    assert known == [True, False, True]
    assert [news.knows for news in rounds.news] == [False, True]
    assert [asking.edns for asking in server.asked[:3]] == [True, False, True]


def test_a_server_that_understands_nothing_keeps_its_edns() -> None:
    """Who answers FORMERR with and without EDNS has said nothing about EDNS."""
    server = Scripted()
    rounds = Rounds(server)
    rounds.let(0.3)
    for _ in range(2):
        rounds.answer(server, Rcode.FORMERR)
    assert len(server.asked) == 2
    assert server.health.edns
