"""Groups and routes: who is asked first, and who for which domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Rcode
from dnswatch.proxy.upstream.group import PROBE_ROUND, Group, Prober, Routes
from dnswatch.resolver.health import DOUBTS, EDNS_SURE
from dnswatch.wire import name
from tests.proxy.scripted import Scripted

FAILED = 3


def upstream(rtt: float = 0.0, *, up: bool = True) -> Scripted:
    """Make one with a round-trip time."""
    made = Scripted()
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


def test_all_upstreams_are_closed() -> None:
    """Routes that are given up leave nothing open."""
    first, second = upstream(), upstream()
    one = Group([first], "ordered")
    Routes(one, {b"\1a\0": Group([second], "ordered"), b"\1b\0": one}).close()
    assert first.closed
    assert second.closed


class Rounds:
    """A prober in invented time."""

    def __init__(self, *upstreams: Scripted) -> None:
        """Probe `upstreams`."""
        self.now = 1000.0
        self.prober = Prober(Routes(Group(list(upstreams), "ordered"), {}), lambda: self.now)

    def let(self, seconds: float) -> None:
        """Let rounds go by."""
        for _ in range(int(seconds / PROBE_ROUND)):
            self.now += PROBE_ROUND
            self.prober.round()


def test_everyone_is_probed_at_the_start_and_then_rarely() -> None:
    """A good upstream is asked once, and again only after half a minute."""
    good = Scripted()
    rounds = Rounds(good)
    rounds.let(0.3)
    good.answers(rounds.now)
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
            flapping.answers(rounds.now)
    assert flapping.health.up


def test_edns_is_lost_and_found_by_our_own_probes() -> None:
    """A probe that is understood only without EDNS turns it off; one that is understood with it
    turns it on again: once a minute, without a client's help."""
    server = Scripted()
    rounds = Rounds(server)
    rounds.let(0.3)
    server.answers(rounds.now, Rcode.FORMERR)
    known = [server.health.edns]
    server.answers(rounds.now)
    known.append(server.health.edns)
    rounds.let(EDNS_SURE + 1)
    server.answers(rounds.now)
    known.append(server.health.edns)
    assert known == [True, False, True]
    assert [asking.edns for asking in server.asked[:3]] == [True, False, True]


def test_a_server_that_understands_nothing_keeps_its_edns() -> None:
    """Who answers FORMERR with and without EDNS has said nothing about EDNS."""
    server = Scripted()
    rounds = Rounds(server)
    rounds.let(0.3)
    for _ in range(2):
        server.answers(rounds.now, Rcode.FORMERR)
    assert len(server.asked) == 2
    assert server.health.edns
