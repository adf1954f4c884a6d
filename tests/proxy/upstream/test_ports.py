"""Ports: each as likely as any other, and none that is a service's."""

import socket
from collections import Counter

import pytest

from dnswatch.proxy.upstream.ports import PORTS, Chance, connected


def test_no_port_is_a_service() -> None:
    """Ports are those above 10000 that nobody has registered; nearly all of them."""
    assert len(set(PORTS)) == len(PORTS) > 54_000
    assert min(PORTS) >= 10_000
    assert max(PORTS) == 65_535
    assert not {11211, 12345, 24554, 31457, 33434, 47808} & set(PORTS)


def test_all_ports_are_alike() -> None:
    """Over many draws each tenth of the ports is drawn about as often as any other."""
    chance = Chance()
    place = {port: index * 10 // len(PORTS) for index, port in enumerate(PORTS)}
    tenths = Counter(place[chance.port()] for _ in range(20_000))
    assert len(tenths) == 10
    assert all(1_700 < count < 2_300 for count in tenths.values())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_socket_hears_its_server_alone(address: str) -> None:
    """What others send to the port is refused as if nobody were there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM
    with socket.socket(family, kind) as server, socket.socket(family, kind) as stranger:
        server.bind((address, 0))
        with connected(server.getsockname(), Chance()) as sock:
            assert sock.getsockname()[1] in PORTS
            stranger.connect(sock.getsockname())
            stranger.send(b"forged")
            with pytest.raises(ConnectionRefusedError):
                stranger.recv(1)
            sock.send(b"asked")
            _, peer = server.recvfrom(10)
            server.sendto(b"answered", peer)
            sock.setblocking(True)
            assert sock.recv(10) == b"answered"
