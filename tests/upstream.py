"""An upstream for tests: a DNS server over UDP, TCP, TLS or HTTPS that behaves as told.

    with Upstream(delayed(0.5)) as upstream:
        ...                                 # ask at upstream.url
        upstream.behaviour = silent         # from now on
        assert upstream.names() == ["example.org."]

It runs in a thread of its own, holds its port from first to last, and can be stopped and started
in between, as an upstream that dies and comes back.
"""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Final, Self, cast

import dns.exception

from tests.behaviour import Asked, Behaviour, Close, Send, Step, plain
from tests.check import PATIENCE
from tests.doh import serve_https
from tests.loopback import reserve

ELSEWHERE: Final = "127.0.0.66"
"""Where an answer with a wrong source address comes from."""


class Upstream:
    """A DNS server that does what its behaviour says and remembers what it was asked."""

    def __init__(
        self,
        behaviour: Behaviour = plain,
        *,
        scheme: str = "udp",
        certificate: ssl.SSLContext | None = None,
        name: str = "",
        address: str = "127.0.0.1",
        tcp: bool = True,
    ) -> None:
        """Take a port; `tls` and `https` need the server's context, `tcp=False` refuses TCP.

        `name` is the one that dnswatch shall demand of the certificate.
        """
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        "Questions so far, in order, without the probes of its health."
        self.probes = 0
        "Questions for the root's name servers: how dnswatch sees whether an upstream is well."
        self.unreadable = 0
        "Queries that are no DNS message."
        self.connections = 0
        "Connections accepted in all."
        self._scheme, self._certificate = scheme, certificate
        self._name, self._address, self._tcp = name, address, tcp
        self._holder = reserve(address)
        self.port = int(self._holder.getsockname()[1])
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The upstream as dnswatch is told of it."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        path = {"https": "/dns-query"}.get(self._scheme, "")
        return f"{self._scheme}://{host}:{self.port}{path}{self._name and '#' + self._name}"

    def names(self) -> list[str]:
        """The names asked for so far, in lower case, in order."""
        return [asked.qname.lower() for asked in self.asked]

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and give the port back."""
        self.stop()
        self._holder.close()

    def start(self) -> None:
        """Begin to answer; returns when it does."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(PATIENCE), "the test's own upstream does not start"

    def stop(self) -> None:
        """Close everything; whoever asks from now on is refused."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)
            self._loop = None

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        closing: list[asyncio.BaseTransport | asyncio.Server] = []
        if self._scheme == "udp":
            here = (self._address, self.port)
            datagrams, _ = await self._loop.create_datagram_endpoint(lambda: _Datagrams(self), here)
            closing.append(datagrams)
        if self._tcp or self._scheme != "udp":
            closing.append(
                await asyncio.start_server(
                    self._connected,
                    self._address,
                    self.port,
                    ssl=self._certificate,
                    reuse_port=True,
                )
            )
        ready.set()
        await self._stopped.wait()
        for open_one in closing:
            open_one.close()
        for _ in range(10):  # turns of the loop in which a connection that just came is met
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def behave(self, wire: bytes, peer: tuple[str, int], transport: str) -> list[Step]:
        """Remember a question and say what follows."""
        asked = Asked(wire, peer, transport)
        try:
            _ = asked.message
        except dns.exception.DNSException:
            self.unreadable += 1
            return []
        if (asked.qname, asked.qtype) == (".", "NS"):
            self.probes += 1
        else:
            self.asked.append(asked)
        return self.behaviour(asked)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the rest until the upstream stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.spawn(self._talk(reader, writer))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")[:2]
        self._writers.add(writer)
        try:
            if self._scheme == "https":
                await serve_https(reader, writer, lambda wire: self.behave(wire, peer, "https"))
                return
            transport = "tls" if self._scheme == "tls" else "tcp"
            one_at_a_time = asyncio.Lock()
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                steps = self.behave(await reader.readexactly(length), peer, transport)
                self.spawn(_perform(steps, writer, one_at_a_time))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    """The upstream's UDP side."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        steps = self._upstream.behave(data, addr[:2], "udp")
        self._upstream.spawn(self._perform(steps, addr))

    async def _perform(self, steps: list[Step], peer: tuple[str, int]) -> None:
        for step in steps:
            assert isinstance(step, Send), "over UDP there is nothing to do but send"
            await asyncio.sleep(step.after)
            if step.elsewhere:
                _send_from_elsewhere(step.wire, self._upstream.port, peer)
            elif not self._transport.is_closing():
                self._transport.sendto(step.wire, peer)


def _send_from_elsewhere(wire: bytes, port: int, peer: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((ELSEWHERE, port))
        other.sendto(wire, peer)


async def _perform(
    steps: list[Step], writer: asyncio.StreamWriter, one_at_a_time: asyncio.Lock
) -> None:
    for step in steps:
        match step:
            case Send(wire, after, _, dribble):
                await asyncio.sleep(after)
                framed = struct.pack("!H", len(wire)) + wire
                async with one_at_a_time:
                    await _write(_crumbs(framed) if dribble else [framed], writer)
            case Close(half=True):
                writer.write_eof()
            case Close():
                writer.close()
            case _:
                raise AssertionError(f"{step} needs an https upstream")


async def _write(pieces: list[bytes], writer: asyncio.StreamWriter) -> None:
    for piece in pieces:
        if writer.is_closing():
            return
        writer.write(piece)
        await asyncio.sleep(0.001)  # so that the pieces travel apart


def _crumbs(framed: bytes) -> list[bytes]:
    return [framed[place : place + 1] for place in range(50)] + [framed[50:]]
