"""Lookups in flight: failover, deadlines, sharing and bounds, in invented time."""

import pytest

from dnswatch.codes import Rcode
from dnswatch.resolver.ask import LATE
from tests.resolver.scene import DEADLINE, MOMENT, STALE_AFTER, Scene
from tests.resolver.scripted import Client, Scripted


def test_an_answer_ends_a_lookup() -> None:
    """The client gets what the upstream said, and the upstream's round trip is known."""
    one = Scripted()
    scene = Scene(one)
    pending = Client().asks("www.example.")
    assert scene.ask(pending)
    scene.answers(one)
    heard, _ = scene.only_end()
    assert heard is not None
    assert heard.rcode == 0
    assert scene.answered == [pending]
    assert len(scene.table) == len(scene.deadlines) == 0
    assert one.health.rtt > 0


def test_a_silent_upstream_is_not_waited_for() -> None:
    """After its patience the next one is asked as well, and whoever answers first is heard."""
    silent, good = Scripted("a"), Scripted("b")
    scene = Scene(silent, good)
    scene.ask(Client().asks("www.example."))
    scene.let(silent.health.patience - MOMENT)
    assert not good.asked
    scene.let(2 * MOMENT)
    assert len(good.asked) == 1
    scene.answers(good)
    assert scene.only_end()[0] is not None


def test_a_late_answer_of_the_first_is_heard_too() -> None:
    """An upstream that was only slow still ends the lookup."""
    slow, silent = Scripted("a"), Scripted("b")
    scene = Scene(slow, silent)
    scene.ask(Client().asks("www.example."))
    scene.let(1.0)
    scene.answers(slow, which=0)
    assert scene.only_end()[0] is not None
    assert len(silent.asked) == 1


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP, Rcode.FORMERR])
def test_another_upstream_may_know_better(rcode: int) -> None:
    """A failure of one upstream is not passed on while another may answer."""
    bad, good = Scripted("a"), Scripted("b")
    scene = Scene(bad, good)
    scene.ask(Client().asks("www.example."))
    while not good.asked:  # it may first be asked again, without EDNS
        scene.answers(bad, rcode)
    assert not scene.ended
    scene.answers(good)
    heard, _ = scene.only_end()
    assert heard is not None
    assert heard.rcode == Rcode.NOERROR


def test_the_last_failure_is_passed_on() -> None:
    """Where all upstreams fail, the client is told what the last one said."""
    first, second = Scripted("a"), Scripted("b")
    scene = Scene(first, second)
    scene.ask(Client().asks("www.example."))
    scene.answers(first, Rcode.REFUSED)
    scene.answers(second, Rcode.SERVFAIL)
    heard, _ = scene.only_end()
    assert heard is not None
    assert heard.rcode == Rcode.SERVFAIL


def test_denials_are_answers() -> None:
    """NXDOMAIN is not asked again elsewhere."""
    first, second = Scripted("a"), Scripted("b")
    scene = Scene(first, second)
    scene.ask(Client().asks("www.example."))
    scene.answers(first, Rcode.NXDOMAIN)
    assert scene.only_end()[0] is not None
    assert not second.asked


def test_refusing_upstreams_cost_no_time() -> None:
    """Upstreams that fail at once are passed over at once, and when all do, so is the lookup."""
    scene = Scene(Scripted("a", refuses=True), Scripted("b", refuses=True))
    scene.ask(Client().asks("www.example."))
    heard, extended = scene.only_end()
    assert heard is None
    assert extended


def test_what_cannot_be_read_counts_as_no_answer() -> None:
    """A malformed response is counted, and the next upstream is asked."""
    bad, good = Scripted("a"), Scripted("b")
    scene = Scene(bad, good)
    scene.ask(Client().asks("www.example."))
    scene.babbles(bad)
    assert scene.counters["upstream_malformed"] == 1
    scene.answers(good)
    assert scene.only_end()[0] is not None


def test_silence_ends_at_the_deadline() -> None:
    """With nothing but silence the client is told so within a stub's patience, and why."""
    one = Scripted()
    scene = Scene(one)
    pending = Client().asks("www.example.")
    scene.ask(pending)
    scene.let(DEADLINE - MOMENT)
    assert not scene.ended
    scene.let(2 * MOMENT)
    heard, extended = scene.only_end()
    assert heard is None
    assert extended
    assert scene.answered == [pending]


def test_a_dead_upstream_does_not_end_what_a_slow_one_may_answer() -> None:
    """However often one upstream fails, the lookup waits for the other until its deadline."""
    dead, slow = Scripted("a", refuses=True), Scripted("b")
    scene = Scene(dead, slow)
    scene.ask(Client().asks("www.example."))
    scene.let(3.0)
    assert not scene.ended
    scene.answers(slow, which=0)
    assert scene.only_end()[0] is not None


def test_a_failure_said_twice_is_one_failure() -> None:
    """SERVFAIL to a question and to its repetition leaves the other upstream its time."""
    first, slow = Scripted("a"), Scripted("b")
    scene = Scene(first, slow)
    scene.ask(Client().asks("www.example."))
    scene.let(2.5)
    assert len(first.asked) > 1
    scene.answers(first, Rcode.SERVFAIL, which=0)
    scene.answers(first, Rcode.SERVFAIL, which=1)
    assert not scene.ended
    scene.answers(slow, which=0)
    heard, _ = scene.only_end()
    assert heard is not None
    assert heard.rcode == Rcode.NOERROR


def test_a_silent_upstream_is_asked_ever_more_rarely() -> None:
    """A question is repeated with growing pauses: a slow upstream is not flooded (RFC 8085)."""
    one = Scripted()
    one.health.succeeded(0.001, 0.0)
    scene = Scene(one)
    scene.ask(Client().asks("www.example."))
    scene.let(DEADLINE)
    assert 2 <= len(one.asked) <= 12
    assert scene.counters["upstream_asked_again"] == len(one.asked) - 1


def test_one_that_is_down_is_not_asked_while_another_answers() -> None:
    """Lost datagrams of the one that is up send nobody to the one that is down at once."""
    down, lossy = Scripted("a"), Scripted("b")
    down.health.up = False
    scene = Scene(down, lossy)
    scene.ask(Client().asks("www.example."))
    scene.let(lossy.health.patience + MOMENT)
    assert len(lossy.asked) == 2
    assert not down.asked
    scene.answers(lossy)
    assert scene.only_end()[0] is not None


@pytest.mark.parametrize("kind", ["silent", "refusing"])
def test_one_that_is_down_is_the_last_resort(kind: str) -> None:
    """Where those that are up fail, the one that is down is asked before the client hears of it."""
    down, failing = Scripted("a"), Scripted("b", refuses=kind == "refusing")
    down.health.up = False
    scene = Scene(down, failing)
    scene.ask(Client().asks("www.example."))
    scene.let(2.0 if kind == "silent" else 0)
    scene.answers(down)
    assert scene.only_end()[0] is not None


def test_an_answer_after_the_deadline_is_for_the_next_client() -> None:
    """Who waited was told in time that there is none; what comes then is kept, once."""
    one = Scripted()
    scene = Scene(one)
    scene.ask(Client().asks("www.example."))
    scene.let(DEADLINE + MOMENT)
    assert len(scene.ended) == 1
    assert not one.asked[0].is_done
    scene.answers(one, which=0)
    scene.answers(one, which=0)
    (_, late, _) = scene.ended[1]
    assert late is not None
    assert len(scene.ended) == 2
    assert len(scene.answered) == 1


def test_a_late_answer_helps_who_asked_meanwhile() -> None:
    """Who asks for the same after the deadline gets the answer to the first question, too."""
    one, second = Scripted(), Client("10.0.0.2").asks("www.example.")
    scene = Scene(one)
    scene.ask(Client().asks("www.example."))
    scene.let(DEADLINE + MOMENT)
    scene.ask(second)
    scene.answers(one, which=0)
    assert scene.answered[-1] is second
    assert len(scene.table) == 0


def test_lateness_ends() -> None:
    """Long after the deadline nobody listens any more, and a failure that comes late is none."""
    one = Scripted()
    scene = Scene(one)
    scene.ask(Client().asks("www.example."))
    scene.let(DEADLINE + MOMENT)
    scene.answers(one, Rcode.SERVFAIL, which=0)
    assert len(scene.ended) == 1
    scene.let(LATE)
    assert one.asked[0].is_done


def test_a_stale_answer_is_given_and_the_lookup_goes_on() -> None:
    """After `stale_after` who waits is answered; the fresh answer still comes (RFC 8767)."""
    one = Scripted()
    scene = Scene(one)
    pending = Client().asks("www.example.")
    scene.ask(pending, stale=True)
    scene.let(STALE_AFTER - MOMENT)
    assert not scene.given_stale
    scene.let(2 * MOMENT)
    assert scene.given_stale == [pending]
    scene.answers(one)
    assert scene.only_end()[0] is not None
    assert scene.answered == [pending]


def test_a_stale_answer_that_is_gone_is_not_waited_for_in_vain() -> None:
    """Who waits goes on waiting for upstreams when the stale answer was evicted meanwhile."""
    one = Scripted()
    scene = Scene(one)
    scene.has_stale = False
    pending = Client().asks("www.example.")
    scene.ask(pending, stale=True)
    scene.let(STALE_AFTER + MOMENT)
    assert not scene.answered
    scene.answers(one)
    assert scene.answered == [pending]


def test_what_waits_is_bounded_in_all() -> None:
    """Many clients who ask the same are as many queries that wait: the bound holds for them too."""
    scene = Scene(Scripted(), in_flight=10, per_client=10)
    pending = [Client(f"10.0.1.{n}").asks("www.example.") for n in range(25)]
    for each in pending:
        assert scene.ask(each)
    assert scene.answered == pending[:20]
    assert scene.counters["in_flight_full"] == 2


def test_a_busy_machine_moves_no_deadline() -> None:
    """Turns of the loop that take long are made up for: the deadline is one of time."""
    scene = Scene(Scripted())
    scene.ask(Client().asks("www.example."))
    scene.let(2 * MOMENT)
    scene.stall(DEADLINE)
    scene.let(2 * MOMENT)
    assert scene.only_end()[0] is None


def test_equal_questions_share_a_lookup() -> None:
    """Clients who ask the same cost one question, and each is answered."""
    one = Scripted()
    scene = Scene(one)
    pending = [Client(f"10.0.0.{n}").asks("www.example.") for n in range(1, 9)]
    for each in pending:
        scene.ask(each)
    assert len(one.asked) == 1
    assert scene.counters["coalesced"] == 7
    scene.answers(one)
    assert scene.answered == pending


def test_one_client_waits_for_only_so_much() -> None:
    """Above its bound a client is turned away at once; when answers come it may ask again."""
    one, greedy = Scripted(), Client()
    scene = Scene(one, per_client=3)
    assert all(scene.ask(greedy.asks(f"n{n}.example.")) for n in range(3))
    assert not scene.ask(greedy.asks("n3.example."))
    assert scene.counters["client_in_flight_full"] == 1
    assert scene.ask(Client("10.0.0.2").asks("n3.example."))
    scene.answers(one, which=0)
    assert scene.ask(greedy.asks("n4.example."))


def test_at_the_bound_the_oldest_lookup_goes() -> None:
    """One more than may be in flight ends the oldest, whose clients are told."""
    one = Scripted()
    scene = Scene(one, in_flight=10, per_client=10)
    pending = [Client(f"10.0.0.{n}").asks(f"n{n}.example.") for n in range(11)]
    for each in pending:
        scene.ask(each)
    assert len(scene.table) == 10
    assert scene.answered == pending[:1]
    assert scene.only_end()[0] is None
    assert scene.counters["in_flight_full"] == 1
