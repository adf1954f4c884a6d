"""Behind a front (dnsdist, HAProxy): each client is known as if it had asked dnswatch itself."""

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import dns.message
import dns.query
import pytest

from tests import check
from tests.live.fronts import dnsdist, haproxy
from tests.live.site import Site
from tests.loopback import reserve
from tests.records import accounts, counters
from tests.upstream import Upstream

HEADER = b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c"


@pytest.fixture(scope="module")
def fronted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with an endpoint for fronts at 127.0.0.1, of which 127.0.0.1 is trusted."""
    with ExitStack() as stack:
        holder = stack.enter_context(reserve())
        port = holder.getsockname()[1]
        settings = {
            "serve.proxied": [f"127.0.0.1:{port}"],
            "serve.trusted_proxies": ["127.0.0.1"],
        }
        upstream = stack.enter_context(Upstream())
        site = Site(tmp_path_factory.mktemp("site"), [upstream], settings)
        yield stack.enter_context(site)


def behind(site: Site) -> int:
    """Give the port for fronts."""
    return int(str(site.settings["serve.proxied"]).strip("[]'").rpartition(":")[2])


def mails(site: Site, client: str) -> int:
    """Count the MX questions of a client."""
    return accounts(site.state).get(client, Counter())["mail:mx"]


def test_clients_of_dnsdist_are_known(fronted: Site) -> None:
    """Over UDP and TCP the client's own account counts what it asked, answered or from the
    cache."""
    server = f'newServer({{address="127.0.0.1:{behind(fronted)}", useProxyProtocol=true}})'
    with dnsdist(fronted.folder, server) as port:
        for source in ("127.0.0.31", "127.0.0.32"):
            for ask in (dns.query.udp, dns.query.tcp):
                query = dns.message.make_query("dist.example", "MX")
                given = ask(query, "127.0.0.1", port=port, timeout=check.PATIENCE, source=source)
                check.noerror(given)
                assert given.answer
        for source in ("127.0.0.31", "127.0.0.32"):
            check.eventually(lambda source=source: mails(fronted, source) == 2)  # type: ignore[misc]
    assert mails(fronted, "127.0.0.1") == 0


def test_clients_of_haproxy_are_known(fronted: Site) -> None:
    """A connection is its client's: all that is asked on it counts for that client."""
    with haproxy(fronted.folder, behind(fronted)) as port, socket.socket() as client:
        client.settimeout(check.PATIENCE)
        client.bind(("127.0.0.41", 0))
        client.connect(("127.0.0.1", port))
        for number in range(3):
            query = dns.message.make_query(f"proxy{number}.example", "MX")
            dns.query.send_tcp(client, query)
            given, _ = dns.query.receive_tcp(client)
            assert query.is_response(given)
        check.eventually(lambda: mails(fronted, "127.0.0.41") == 3)
    assert mails(fronted, "127.0.0.1") == 0


def test_who_is_no_trusted_front_is_dropped(fronted: Site) -> None:
    """A header of anybody else makes nobody a client, and is counted; so is a query without one,
    and a client outside the networks that are answered."""
    query = dns.message.make_query("forged.example", "MX").to_wire()
    ours = HEADER + socket.inet_aton("127.0.0.51") + bytes(4) + struct.pack("!HH", 4000, 53)
    strange = HEADER + socket.inet_aton("192.0.2.1") + bytes(4) + struct.pack("!HH", 4000, 53)
    place = ("127.0.0.1", behind(fronted))
    before = counters(fronted.state)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        socket.socket() as connected,
    ):
        other.bind(("127.0.0.52", 0))
        other.sendto(ours + query, place)
        front.settimeout(check.PATIENCE)
        front.bind(("127.0.0.1", 0))
        for sent in (query, ours[:20], strange + query):
            front.sendto(sent, place)
        good = dns.message.make_query("honest.example", "MX").to_wire()
        front.sendto(ours + good, place)
        assert front.recv(4096)[:2] == good[:2]
        connected.settimeout(check.PATIENCE)
        connected.bind(("127.0.0.52", 0))
        connected.connect(place)
        connected.sendall(ours)
        with suppress(ConnectionResetError):
            assert not connected.recv(1)
    names = ("proxied_dropped_untrusted", "proxied_dropped_broken", "not_allowed")
    wanted = [2, 2, 1]

    def more() -> list[int]:
        after = counters(fronted.state)
        return [after[name] - before[name] for name in names]

    check.eventually(lambda: more() == wanted)
    assert "forged.example." not in fronted.upstream.names()
