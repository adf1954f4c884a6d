"""What fronts send: whose connection it is, and whose query, by their word alone."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, Final

from dnswatch.proxy.fast import UdpListener
from dnswatch.proxy.proxied import Fronts, ProxiedTcpListener, ProxiedUdpListener
from dnswatch.proxy.reports import Reports
from dnswatch.proxy.service import Service
from dnswatch.proxy.streams import Connections
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.settings import Subnet
from tests.proxy.upstream.questions import until
from tests.resolver.scripted import configured, local_names, query_body

QUERY: Final = b"id" + query_body("here.lan.")
LOCAL: Final = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
LIMITS: Final = "limits.tcp_per_client = 2\nlimits.rate_per_client = 0"


def of(client: str, kind: int = 0x11) -> bytes:
    """Write the header of a client."""
    body = socket.inet_aton(client) + bytes(4) + struct.pack("!HH", 40000, 53)
    return LOCAL[:12] + bytes((0x21, kind)) + struct.pack("!H", len(body)) + body


class Fronted:
    """Listeners for fronts on loopback, with one local name."""

    def __init__(self, line: socket.socket, *trusted: str) -> None:
        """Listen."""
        settings = configured(LIMITS)
        now = asyncio.get_running_loop().time
        core = ResolverCore(settings, local_names(["10.0.0.1 here.lan"]), Cookies(bytes(32)))
        self.observed = core.observed
        service = Service(core, Reports(line, now, core.observed), now)
        connections = Connections(settings.limits, core.observed.counters)
        fronts = Fronts(map(Subnet, trusted), core.observed.counters)
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        for sock in (tcp, udp):
            sock.setblocking(False)
        self.sockets = (tcp, udp)
        self.tcp, self.udp = tcp.getsockname(), udp.getsockname()
        self.fronts = fronts
        self.listeners = (
            ProxiedTcpListener(tcp, service, connections, fronts),
            ProxiedUdpListener(UdpListener(udp, service, redirected=False), udp, fronts),
        )
        self.connections = connections

    def asked(self) -> set[bytes]:
        """Give the clients that asked so far."""
        seen = {one.client for one in self.observed.observations if one.client}
        return seen | set(self.observed.rows[False])


def play(test: Callable[[Fronted], Coroutine[Any, Any, None]], *trusted: str) -> None:
    """Run a test with listeners that trust some fronts."""
    line, watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.setblocking(False)

    async def whole() -> None:
        fronted = Fronted(line, *trusted)
        for listener in fronted.listeners:
            await listener.start()
        await test(fronted)
        for listener in fronted.listeners:
            listener.stop()
        fronted.connections.drop_all()
        await asyncio.sleep(0)
        for sock in fronted.sockets:
            sock.close()

    with line, watch:
        asyncio.run(whole())


async def ask(fronted: Fronted, *datagrams: bytes) -> bytes:
    """Send datagrams to the UDP endpoint; return the first answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front:
        front.setblocking(False)
        front.connect(fronted.udp)
        for datagram in datagrams:
            front.send(datagram)
        return await loop.sock_recv(front, 4096)


def test_a_header_may_come_in_pieces() -> None:
    """A connection is its client's once the header is whole, however it came; what follows it is
    answered, and none of it counts for the front."""

    async def test(fronted: Fronted) -> None:
        reader, writer = await asyncio.open_connection(*fronted.tcp)
        sent = of("10.0.0.7") + struct.pack("!H", len(QUERY)) + QUERY
        for at in range(len(sent)):
            writer.write(sent[at : at + 1])
            await asyncio.sleep(0)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        assert (await reader.readexactly(length))[:2] == b"id"
        assert fronted.asked() == {socket.inet_aton("10.0.0.7")}
        writer.close()

    play(test, "127.0.0.1")


def test_each_client_of_a_front_has_its_own_bound() -> None:
    """Connections of many clients through one front are no client's too many."""

    async def test(fronted: Fronted) -> None:
        open_ones = []
        for number in range(8):
            _, writer = await asyncio.open_connection(*fronted.tcp)
            writer.write(of(f"10.0.0.{number // 2}"))
            open_ones.append(writer)
            await until(lambda want=number + 1: len(fronted.connections._open) == want)  # type: ignore[misc]
        assert not fronted.observed.counters["tcp_client_full"]
        for writer in open_ones:
            writer.close()

    play(test, "127.0.0.1")


def test_a_query_is_its_client_s_and_the_answer_is_the_front_s() -> None:
    """Over UDP the answer carries no header and goes to the front; a front's own check is
    answered as its own."""

    async def test(fronted: Fronted) -> None:
        assert (await ask(fronted, of("10.0.0.9", 0x12) + QUERY))[:2] == b"id"
        assert fronted.asked() == {socket.inet_aton("10.0.0.9")}
        assert (await ask(fronted, LOCAL + QUERY))[:2] == b"id"
        assert socket.inet_aton("127.0.0.1") in fronted.asked()

    play(test, "127.0.0.1")


def test_nobody_else_is_believed() -> None:
    """Who is not trusted gets no answer over UDP or TCP, with a header or without; it is
    counted, and a trusted front's broken header is, too."""

    async def test(fronted: Fronted) -> None:
        counters = fronted.observed.counters
        reader, writer = await asyncio.open_connection(*fronted.tcp)
        assert not await reader.read()
        writer.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(of("10.0.0.9", 0x12) + QUERY, fronted.udp)
            await until(lambda: counters["proxied_dropped_untrusted"] == 2)
        fronted.fronts.trust([Subnet("127.0.0.1")])
        sound = of("10.0.0.10", 0x12) + QUERY
        assert (await ask(fronted, QUERY, sound[:20], sound))[:2] == b"id"
        assert counters["proxied_dropped_broken"] == 2
        assert fronted.asked() == {socket.inet_aton("10.0.0.10")}

    play(test, "192.0.2.1")
