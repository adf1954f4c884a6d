"""What a core has seen: taken once, and in time."""

from dnswatch.codes import Type
from dnswatch.model.observation import Fate, Origin, Tally
from dnswatch.resolver.observed import MAX_OBSERVATIONS, Observed, kind, turned_away
from dnswatch.resolver.pending import PendingQuery
from dnswatch.wire.response import Response
from tests.resolver.scripted import Client

CLIENT = b"\x0a\0\0\1"


def test_what_is_counted_is_taken_once() -> None:
    """Answers by kind, direct and redirected; who is left out of the records is nobody."""
    observed = Observed(10)
    for _ in range(2):
        observed.count(CLIENT, kind(Type.A, 3, 1), True, False)
    observed.count(CLIENT, turned_away(Fate.LIMITED), True, True)
    observed.count(b"\x0a\0\0\2", kind(Type.MX, 0, 0), False, False)
    assert observed.take_tallies() == [
        Tally(CLIENT, Type.A, 3, 1, False, 2),
        Tally(None, Type.MX, 0, 0, False, 1),
        Tally(CLIENT, 0, 0, 0, True, 1, Fate.LIMITED),
    ]
    assert observed.take_tallies() == []


def test_too_much_is_said_in_time() -> None:
    """At the bound of clients, and of lookups, all is to be taken; then there is room again."""
    observed = Observed(3)
    said = []
    for number in range(3):
        observed.count(bytes((10, 0, 0, number)), kind(Type.A, 0, 1), True, False)
        said.append(observed.is_full)
    assert said == [False, False, True]
    observed.take_tallies()
    pending, said = Client().asks("www.example."), []
    for _ in range(MAX_OBSERVATIONS):
        observed.lookup(pending.query, Response(0, 0), Origin.UPSTREAM, 1.0, pending)
        said.append(observed.is_full)
    assert said == [False] * (MAX_OBSERVATIONS - 1) + [True]
    assert len(observed.take()) == MAX_OBSERVATIONS
    assert observed.take() == []


def test_a_lookup_says_who_asked_for_what_and_what_came() -> None:
    """A client that is left out is nobody, and so is the one who waits for a late answer."""
    observed = Observed(10)
    asked = Client().asks("Example.", "MX").query
    response = Response(0, 0)
    response.exchanges, response.ttl = (b"\2mx\7example\0",), 60
    pending = PendingQuery(CLIENT, True, True, False)
    seen = observed.lookup(asked, response, Origin.UPSTREAM, 5.0, pending)
    assert (seen.client, seen.qname, seen.qtype) == (CLIENT, b"\7example\0", Type.MX)
    assert (seen.exchanges, seen.ttl, seen.at) == (response.exchanges, 60, 5.0)
    assert (seen.redirected, seen.proven, seen.recursion) == (True, False, True)
    left_out = PendingQuery(CLIENT, False)
    assert observed.lookup(asked, response, Origin.CACHE, 5.0, left_out).client is None
    assert observed.lookup(asked, response, Origin.LATE, 5.0, None).client is None
