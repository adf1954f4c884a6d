"""Identical questions in flight: one goes upstream, everyone is answered."""

import socket
from contextlib import ExitStack

import dns.message

from tests import check
from tests.behaviour import delayed, silent
from tests.live.site import HASTY, Serve, Site

CLIENTS = 50


def ask_at_once(site: Site, queries: list[dns.message.Message]) -> list[dns.message.Message]:
    """Send all queries, each from a socket of its own, then collect the responses."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in queries
        ]
        for client, query in zip(clients, queries, strict=True):
            client.settimeout(check.PATIENCE)
            client.sendto(query.to_wire(), (site.listen, site.port))
        return [dns.message.from_wire(client.recv(65535)) for client in clients]


def test_many_clients_one_question(serve: Serve) -> None:
    """50 clients that ask the same while it is being asked cost one question, and each gets the
    answer under its own ID and in its own case."""
    site = serve(delayed(0.25))
    names = [f"{'same'[:cut].upper()}{'same'[cut:]}.example" for cut in range(5)] * 10
    queries = [site.query(name) for name in names]
    responses = ask_at_once(site, queries)
    assert site.upstream.names() == ["same.example."]
    for query, response in zip(queries, responses, strict=True):
        assert (response.id, str(response.question[0])) == (query.id, str(query.question[0]))
        assert check.data(response) == check.data(responses[0]) != []


def test_one_client_many_times(serve: Serve) -> None:
    """A client that repeats itself under the same ID and port costs one question."""
    site = serve(delayed(0.25))
    query = site.query("again.example")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(check.PATIENCE)
        for _ in range(3):
            client.sendto(query.to_wire(), (site.listen, site.port))
        assert client.recv(512)[:2] == query.id.to_bytes(2, "big")
    assert site.upstream.names() == ["again.example."]


def test_different_wishes_stay_apart(serve: Serve) -> None:
    """A question with DO never joins one without: their answers differ."""
    site = serve(delayed(0.25))
    ask_at_once(site, [site.query("do.example", want_dnssec=do) for do in (True, False) * 5])
    assert site.upstream.names() == ["do.example."] * 2


def test_one_failure_for_all(serve: Serve) -> None:
    """When no upstream answers, everyone who waits is told so."""
    site = serve(silent, settings=HASTY)
    for response in ask_at_once(site, [site.query("lost.example") for _ in range(CLIENTS)]):
        check.servfail(response)


def test_both_transports_join(serve: Serve) -> None:
    """A client over TCP joins the question of one over UDP, and gets no truncated answer."""
    site = serve(delayed(0.25))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(site.query("joined.example").to_wire(), (site.listen, site.port))
        check.noerror(site.ask_tcp("joined.example"))
    assert site.upstream.names() == ["joined.example."]
