"""Lookups: whatever clients and upstreams do, everybody is answered once."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dnswatch.resolver.ask import LATE
from dnswatch.resolver.pending import PendingQuery
from tests.resolver.scene import DEADLINE, MOMENT, Scene
from tests.resolver.scripted import Client, Scripted


class Flights(RuleBasedStateMachine):
    """Clients ask, upstreams do as they like, time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(Scripted("a"), Scripted("b"), Scripted("c"), in_flight=10, per_client=4)
        self.clients = [Client(f"10.0.0.{n}") for n in range(4)]
        self.waiting: list[PendingQuery] = []
        "Every query that was let wait, in all."

    @rule(
        client=st.integers(0, 3),
        name=st.integers(0, 14),
        stale=st.booleans(),
    )
    def ask(self, client: int, name: int, stale: bool) -> None:
        pending = self.clients[client].asks(f"n{name}.example.")
        if self.scene.ask(pending, stale=stale):
            self.waiting.append(pending)

    @precondition(lambda self: any(upstream.asked for upstream in self.scene.upstreams))
    @rule(data=st.data(), rcode=st.sampled_from([0, 0, 2, 3, 5, None, "fail"]))
    def speak(self, data: st.DataObject, rcode: int | str | None) -> None:
        upstream = data.draw(st.sampled_from([u for u in self.scene.upstreams if u.asked]))
        which = data.draw(st.integers(0, len(upstream.asked) - 1))
        if rcode == "fail":
            self.scene.fails(upstream, which)
        elif isinstance(rcode, int):
            self.scene.answers(upstream, rcode, which)
        else:
            self.scene.babbles(upstream, which)

    @rule(upstream=st.integers(0, 2))
    def change_heart(self, upstream: int) -> None:
        self.scene.upstreams[upstream].refuses = not self.scene.upstreams[upstream].refuses

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 2.0]))
    def wait(self, seconds: float) -> None:
        self.scene.let(seconds)

    @invariant()
    def nobody_is_answered_twice(self) -> None:
        answered = [id(pending) for pending in self.scene.answered]
        assert len(answered) == len(set(answered))
        assert set(answered) <= {id(pending) for pending in self.waiting}

    @invariant()
    def bounds_hold(self) -> None:
        assert len(self.scene.table) <= 10
        open_ones = {id(w) for w in self.waiting} - {id(w) for w in self.scene.answered}
        waits = Counter(w.client for w in self.waiting if id(w) in open_ones)
        assert all(count <= 4 for count in waits.values())

    def teardown(self) -> None:
        """Nobody is left without an answer, and nothing is left behind."""
        self.scene.let(DEADLINE + MOMENT)
        assert len(self.scene.answered) == len(self.waiting)
        assert len(self.scene.table) == 0
        assert not self.scene.table._waiting_of
        self.scene.let(LATE)
        assert not len(self.scene.deadlines)


TestFlights = Flights.TestCase
TestFlights.settings = settings(max_examples=40, stateful_step_count=30)
