"""The world answers over UDP, as an upstream must."""

import socket

import dns.message
import dns.query

from dnswatch.lab.campus.output.play import Player, WorldServer
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire.name import from_text
from tests.check import PATIENCE
from tests.lab.campus.scene import campus, plan


def test_the_world_answers_what_the_simulated_resolver_hears() -> None:
    """Question and ID come back as they were; what is no query gets no answer."""
    built = campus(plan())
    built.outside.mail.name(0)
    name = built.outside.mail.text(0).upper()
    with WorldServer(built.outside, ("127.0.0.1", 0)) as world:
        asked = dns.message.make_query(name, "MX")
        heard = dns.query.udp(asked, world.address[0], port=world.address[1], timeout=PATIENCE)
        assert asked.is_response(heard)
        assert heard.question[0].name.to_text() == f"{name}."
        assert world.answer(b"\0" * 5) == b""
        expected = built.outside.answer(built.outside.mail.name(0), 15)
        assert len(heard.answer[0]) == len(expected.exchanges)
        assert heard.answer[0].ttl == expected.ttl


CLIENTS = [b"\x0a\0\0\1", b"\x0a\0\0\2"]


def seen(at: float, client: bytes, name: str) -> Observation:
    return Observation(at, client, from_text(name), 15, 0, Origin.UPSTREAM)


def test_each_client_asks_from_an_address_of_its_own_and_at_its_time() -> None:
    """Ten times as fast as real: what is twenty seconds later is waited for two."""
    waits: list[float] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(PATIENCE)
        player = Player(server.getsockname(), 1000.0, 10.0, lambda: 50.0, waits.append)
        for at, client in ((1000.0, CLIENTS[0]), (1020.0, CLIENTS[1])):
            player.play(seen(at, client, "a.example"))
        sources = []
        for _ in CLIENTS:
            message, source = server.recvfrom(4096)
            assert dns.message.from_wire(message).question[0].name.to_text() == "a.example."
            server.sendto(message, source)
            sources.append(source[0])
        player.close()
    assert sources == [Player.address(client) for client in CLIENTS]
    assert len(set(sources)) == 2
    assert waits == [2.0]
    assert (player.sent, player.heard) == (2, 2)
