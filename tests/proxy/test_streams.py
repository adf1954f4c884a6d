"""Clients over TCP, on one real connection: what a listener does when a client misbehaves."""

import asyncio
import gc
import socket
import struct
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from dnswatch.proxy import streams
from dnswatch.proxy.reports import Reports
from dnswatch.proxy.service import Service
from dnswatch.proxy.streams import Connections, TcpListener
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from tests.proxy.silent import SilentTransport
from tests.proxy.upstream.questions import until
from tests.resolver.scripted import configured, local_names, message, query_body

LOCAL = struct.pack("!H", len(query_body("here.lan.")) + 2) + b"id" + query_body("here.lan.")


class Scene:
    """A listener on loopback, with one local name and an upstream that says nothing."""

    def __init__(self, line: socket.socket) -> None:
        """Listen."""
        self.faults: list[dict[str, Any]] = []
        settings = configured("limits.rate_per_client = 0")
        now = asyncio.get_running_loop().time
        local = local_names(["10.0.0.1 here.lan"])
        self.core = ResolverCore(settings, local, Cookies(bytes(32)))
        self.counters = self.core.observed.counters
        self.service = Service(self.core, Reports(line, now, self.core.observed), now)
        self.upstream = SilentTransport()
        self.service.connect({0: self.upstream})
        self.connections = Connections(settings.limits, self.counters)
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        self.place = sock.getsockname()
        self.listener = TcpListener(sock, self.service, self.connections, redirected=False)
        asyncio.get_running_loop().set_exception_handler(lambda _, what: self.faults.append(what))


Play = Callable[[Callable[[Scene], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def play() -> Iterator[Play]:
    """Run a test with a listener, and demand that nothing unforeseen was raised in it."""
    line, watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.setblocking(False)

    def run(test: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            scene = Scene(line)
            await scene.listener.start()
            await test(scene)
            scene.listener.stop()
            scene.connections.drop_all()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not scene.faults

        asyncio.run(whole())

    with line, watch:
        yield run


async def read(reader: asyncio.StreamReader) -> bytes:
    """Read one message."""
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    return await reader.readexactly(length)


def test_questions_may_be_piped(play: Play) -> None:
    """Many questions at once are answered each, in the order in which answers come."""

    async def test(scene: Scene) -> None:
        reader, writer = await asyncio.open_connection(*scene.place)
        slow = b"sl" + query_body("slow.example.")
        writer.write(struct.pack("!H", len(slow)) + slow + LOCAL * 20)
        assert [(await read(reader))[:2] for _ in range(20)] == [b"id"] * 20
        asking = scene.upstream.asked[0]
        scene.service.heard(asking, message(asking.query), 0.0, scene.service.now())
        assert (await read(reader))[:2] == b"sl"
        writer.close()

    play(test)


def test_a_client_that_fetches_nothing_is_cut_off(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that are not fetched end the connection, amid whatever was sent; and are counted."""
    monkeypatch.setattr(streams, "MAX_UNFETCHED", 1000)

    async def test(scene: Scene) -> None:
        _, writer = await asyncio.open_connection(*scene.place)
        for _ in range(400):
            writer.write(LOCAL * 500)
            await asyncio.sleep(0)
        await until(lambda: scene.counters["tcp_unfetched"])
        assert scene.counters["tcp_unfetched"] == 1
        assert not scene.connections._open
        writer.transport.abort()

    play(test)


def test_what_is_no_query_ends_the_connection(play: Play) -> None:
    """Whoever sends a response, or nothing, as a message is not talked to."""

    async def test(scene: Scene) -> None:
        for nonsense in (b"\0\0", b"\0\x0c" + b"id\x81" + bytes(9)):
            reader, writer = await asyncio.open_connection(*scene.place)
            writer.write(nonsense + LOCAL)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await read(reader)
            writer.close()

    play(test)


def test_a_closed_connection_leaves_nothing(play: Play) -> None:
    """The books of connections are empty when clients are gone."""

    async def test(scene: Scene) -> None:
        writers = [(await asyncio.open_connection(*scene.place))[1] for _ in range(5)]
        await until(lambda: len(scene.connections._open) == 5)
        for writer in writers:
            writer.close()
        await until(lambda: not scene.connections._open)
        assert not scene.connections._of

    play(test)


def test_a_connection_is_let_go_of_without_a_collector(play: Play) -> None:
    """A worker collects no old cycles: what ends a connection must leave none behind."""

    def alive() -> int:
        return sum(isinstance(one, streams.Connection) for one in gc.get_objects())

    async def test(scene: Scene) -> None:
        gc.collect()
        before = alive()
        gc.disable()
        for _ in range(5):
            with socket.create_connection(scene.place) as client:
                client.sendall(LOCAL)
                await until(lambda: scene.connections._open)
            await until(lambda: not scene.connections._open)
        transports = [type(one).__name__ for one in gc.get_objects()]
        assert "_SelectorSocketTransport" not in transports
        assert alive() == before

    try:
        play(test)
    finally:
        gc.enable()
