"""Who is answered: the configured networks, and nobody else."""

import socket

import pytest

from tests import check
from tests.behaviour import by_name, plain, silent
from tests.live.site import Serve
from tests.live.test_tcp import connect_from, framed, is_closed, receive

ONE = {"access.networks": ["127.0.0.1/32", "::1/128"]}


def test_strangers_get_nothing(serve: Serve) -> None:
    """With `others = "ignore"` a stranger hears nothing, and its questions go nowhere."""
    site = serve(settings=ONE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.sendto(site.query("stranger.example").to_wire(), (site.listen, site.port))
        check.noerror(site.ask("friend.example"))
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(512)
    assert site.upstream.names() == ["friend.example."]


def test_strangers_can_be_told(serve: Serve) -> None:
    """With `others = "refuse"` a stranger is told REFUSED, and its questions go nowhere."""
    site = serve(settings={**ONE, "access.others": "refuse"})
    check.rcode(site.ask("stranger.example", source="127.0.0.2"), "REFUSED")
    check.noerror(site.ask("friend.example", source="127.0.0.1"))
    assert site.upstream.names() == ["friend.example."]


def test_strangers_are_counted(serve: Serve) -> None:
    """Whoever is turned away is counted: a site sees that somebody tries."""
    site = serve(settings={**ONE, "access.others": "refuse"})
    for _ in range(3):
        site.ask("stranger.example", source="127.0.0.2")
    check.eventually(lambda: site.counter("not_allowed") >= 3)


def test_strangers_hold_no_connection(serve: Serve) -> None:
    """A stranger's TCP connection is closed without an answer."""
    site = serve(settings=ONE)
    with connect_from(site, "127.0.0.2") as stranger:
        assert is_closed(stranger)
    with connect_from(site, "127.0.0.1") as friend:
        friend.sendall(framed(site.query("friend.example")))
        check.noerror(receive(friend))


def test_one_client_waits_for_only_so_much(serve: Serve) -> None:
    """Above `limits.in_flight_per_client` a client's questions fail at once; others' do not."""
    site = serve(
        by_name({"other.example.": plain}, silent), settings={"limits.in_flight_per_client": 5}
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy:
        greedy.settimeout(check.PATIENCE)
        for number in range(6):
            wire = site.query(f"greedy{number}.example", id=number).to_wire()
            greedy.sendto(wire, (site.listen, site.port))
        answer = greedy.recv(512)
    assert (answer[1], answer[3] & 15) == (5, 2)
    check.noerror(site.ask("other.example", source="127.0.0.2"))
