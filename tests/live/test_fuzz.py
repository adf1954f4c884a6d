"""A storm of broken messages from both sides: a running server goes on as if nothing had been."""

import socket
from random import Random

from tests import check
from tests.behaviour import plain, spoilt_by
from tests.fuzz.messages import captured, queries, responses, spoilt
from tests.live.site import Serve
from tests.live.test_tcp import framed, receive

DATAGRAMS = 20_000
SEED = 20040
HASTIER = {"upstream.deadline": "500ms", "cache.stale_after": "200ms"}


def test_broken_queries_do_no_harm(serve: Serve) -> None:
    """After 20,000 broken datagrams the same worker answers."""
    site, chance = serve(), Random(SEED)
    before, seeds = site.workers_running(), queries() + responses() + captured()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((site.listen, site.port))
        for number in range(DATAGRAMS):
            client.send(spoilt(chance.choice(seeds), chance)[:9000])
            if number % 200 == 0:  # no faster than they are read, or the kernel drops them
                check.noerror(site.ask(f"amid{number}.example"))
    check.noerror(site.ask("after.example"))
    assert site.workers_running() == before


def test_broken_streams_do_no_harm(serve: Serve) -> None:
    """After 300 connections that carry broken frames the same worker answers."""
    site, chance = serve(), Random(SEED)
    before, seeds = site.workers_running(), queries()
    for _ in range(300):
        with site.connect() as client:
            wire = spoilt(chance.choice(seeds), chance)
            length = chance.choice((len(wire), chance.randrange(65536)))
            client.sendall(length.to_bytes(2, "big") + wire)
    with site.connect() as client:
        client.sendall(framed(site.query("after.example")))
        check.noerror(receive(client))
    assert site.workers_running() == before


def test_broken_answers_do_no_harm(serve: Serve) -> None:
    """Of 500 broken answers of an upstream none stops the worker, and each question has an end."""
    chance = Random(SEED)
    site = serve(spoilt_by(lambda wire: spoilt(wire, chance)), settings=HASTIER)
    before = site.workers_running()
    queries = [site.query(f"n{number}.example", id=number) for number in range(500)]
    assert set(site.ask_all(queries)) == set(range(500))
    site.upstream.behaviour = plain
    check.eventually(lambda: check.data(site.ask("after.example")))
    assert site.workers_running() == before
