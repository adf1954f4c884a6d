"""Answers that nobody asked for are not believed (RFC 5452)."""

import pytest

from dnswatch.proxy.upstream.udp import NEAR_MISSES
from tests import check
from tests.behaviour import (
    Behaviour,
    answer,
    both,
    by_name,
    delayed,
    no_response,
    plain,
    wrong_id,
    wrong_question,
    wrong_source,
)
from tests.live.site import Serve, Site

LIE = answer("A 203.0.113.66")

FORGERIES = {
    "id": wrong_id(LIE),
    "question": wrong_question(LIE),
    "source": wrong_source(LIE),
    "query": no_response(LIE),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_that_comes_first_does_not_win(serve: Serve, forgery: Behaviour) -> None:
    """A response with a wrong ID, question or source is passed over, and the good one after it
    is taken."""
    site = serve(both(forgery, delayed(0.1)))
    assert check.data(site.ask("true.example")) != ["203.0.113.66"]
    assert check.data(site.ask("true.example")) != []


@pytest.mark.parametrize("kind", ["id", "question"])
def test_forgeries_are_counted(serve: Serve, kind: str) -> None:
    """Responses that fit no question are counted as `mismatch`: an attack shows."""
    site = serve(both(*[FORGERIES[kind]] * 5, delayed(0.1)))
    check.noerror(site.ask("counted.example"))
    check.eventually(lambda: site.counter("mismatch") >= 5)


def test_an_attack_costs_what_was_cached_since(serve: Serve) -> None:
    """After many near misses the answers that may be forged are asked for anew, and it is said."""
    site = serve(by_name({"kept.example.": plain}, both(wrong_id(LIE), plain)))
    check.noerror(site.ask("kept.example"))
    asked = site.upstream.names()
    check.noerror(site.ask("kept.example"))
    assert site.upstream.names() == asked
    for number in range(NEAR_MISSES):
        assert check.data(site.ask(f"guessed{number}.example")) != ["203.0.113.66"]
    check.noerror(site.ask("kept.example"))
    assert site.upstream.names().count("kept.example.") > len(asked)
    assert site.log("forges answers")
    check.eventually(lambda: site.counter("cache_distrusted"))


def test_ids_and_ports_cannot_be_guessed(site: Site) -> None:
    """Questions leave under random IDs, from many random ports, in no order."""
    for number in range(200):
        site.ask(f"r{number}.example")
    asked = site.upstream.asked[-200:]
    ids = [each.message.id for each in asked]
    ports = [each.peer[1] for each in asked]
    assert len(set(ids)) > 190
    assert ids != sorted(ids)
    assert len(set(ports)) > 190
    assert max(ports) - min(ports) > 1000


def test_the_clients_id_is_not_passed_on(site: Site) -> None:
    """What a client chose as ID tells nothing of the ID that goes upstream."""
    queries = [site.query(f"own{number}.example", id=4711) for number in range(10)]
    for query in queries:
        site.exchange(query.to_wire())
    assert [asked.message.id for asked in site.upstream.asked[-10:]] != [4711] * 10
