"""One client's flood takes nothing from the others, and everybody can see whose it is."""

import socket
from typing import Final

import dns.message
import dns.query

from tests import check
from tests.live.site import Serve, Site

FLOODER: Final = "127.0.0.66"
OTHER: Final = "127.0.0.7"
RATE: Final = 20


def flood(site: Site, queries: int) -> list[dns.message.Message]:
    """Ask for names that nobody has, all at once; return what comes back before one that waits."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.bind((FLOODER, 0))
        client.connect((site.listen, site.port))
        for number in range(queries):
            client.send(site.query(f"r{number}.example").to_wire())
        check.noerror(site.ask("after.example", source=OTHER))
        client.setblocking(False)
        answers = []
        try:
            while True:
                answers.append(dns.message.from_wire(client.recv(4096)))
        except BlockingIOError:
            return answers


def test_a_flood_is_answered_up_to_its_rate_and_named(serve: Serve) -> None:
    """Above it comes TC, above ten times that nothing; the others' questions are answered."""
    site = serve(settings={"limits.rate_per_client": RATE})
    answers = flood(site, 1000)
    cut = [check.is_truncated(answer) for answer in answers]
    # A second may end on the way, and a new one begin.
    assert RATE <= cut.count(True) <= 40 * RATE
    assert cut.count(False) <= 4 * RATE
    query = site.query("mine.example")

    check.noerror(dns.query.tcp(query, site.listen, check.PATIENCE, site.port, FLOODER))
    check.eventually(lambda: site.measures(FLOODER).get("limited", 0) >= 1000 - 8 * RATE)
    check.eventually(lambda: site.counter("rate_dropped") >= 200)
    assert FLOODER in site.printed("report").splitlines()[-1]


def test_a_client_over_tcp_waits_for_its_rate_and_loses_nothing(serve: Serve) -> None:
    """What it sends too fast is read later."""
    site = serve(settings={"limits.rate_per_server": RATE})  # of this machine itself
    with site.connect() as client:
        for number in range(3 * RATE):
            wire = site.query(f"t{number}.example").to_wire()
            client.sendall(len(wire).to_bytes(2, "big") + wire)
        for _ in range(3 * RATE):
            answer, _ = dns.query.receive_tcp(client)
            check.noerror(answer)
    check.eventually(lambda: site.counter("rate_slowed"))


def test_a_declared_server_is_not_limited(serve: Serve) -> None:
    """It asks for many others."""
    site = serve(settings={"limits.rate_per_client": RATE, "roles.resolvers": [FLOODER]})
    assert not any(check.is_truncated(answer) for answer in flood(site, 8 * RATE))
