"""Queries over TCP: many on one connection, answered in the order in which answers come.

RFC 7766: pipelining (6.2.1.1), any order (7), idle time-out (6.2.3).  Every bound has its counter:
connections in all and per client, queries that wait on one connection, bytes a client does not
fetch.
"""

import asyncio
import socket
import struct
from collections import Counter, OrderedDict, defaultdict
from typing import Final

from dnswatch import addresses
from dnswatch.proxy.descriptors import ACCEPTED
from dnswatch.proxy.service import Service
from dnswatch.resolver.access import STRANGER
from dnswatch.resolver.events import DROP
from dnswatch.resolver.pending import PendingQuery
from dnswatch.settings import Limits

MAX_WAITING: Final = 100
"""Queries of one connection under way at a time; reading stops until some are answered."""

MAX_UNFETCHED: Final = 1 << 18
"""Bytes of answers that a client may leave unfetched before its connection is closed."""

SLOWED: Final = 0.2
"""Seconds for which nothing more is read of a client that asks faster than its rate."""

_LENGTH = struct.Struct("!H")


class TcpListener:
    """One listening socket, and the bound on all connections of this worker."""

    def __init__(
        self,
        sock: socket.socket,
        service: Service,
        connections: "Connections",
        *,
        redirected: bool,
    ) -> None:
        """Serve `sock`, which is bound; `stop` closes it."""
        self.redirected = redirected
        self.service = service
        self.counters = service.core.observed.counters
        self.connections = connections
        self._socket = sock
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to accept."""
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, sock=self._socket, backlog=ACCEPTED
        )

    def stop(self) -> None:
        """Accept no more; connections stay."""
        if self._server is not None:
            self._server.close()

    def _connection(self) -> "Connection":
        return Connection(self)


class Connections:
    """All connections of a worker, the one idle longest first."""

    def __init__(self, limits: Limits, counters: Counter[str]) -> None:
        """Bound them by `limits`."""
        self.limits = limits
        self._counters = counters
        self._open: OrderedDict[Connection, None] = OrderedDict()
        self._of: defaultdict[bytes, OrderedDict[Connection, None]] = defaultdict(OrderedDict)

    def add(self, connection: "Connection") -> None:
        """Take one more in; at a bound the one idle longest goes."""
        own = self._of[connection.client]
        if len(own) >= self.limits.tcp_per_client:
            self._counters["tcp_client_full"] += 1
            next(iter(own)).drop()
        elif len(self._open) >= self.limits.tcp_connections:
            self._counters["tcp_full"] += 1
            next(iter(self._open)).drop()
        self._open[connection] = own[connection] = None

    def touch(self, connection: "Connection") -> None:
        """Note that a connection is in use."""
        self._open.move_to_end(connection)
        self._of[connection.client].move_to_end(connection)

    def remove(self, connection: "Connection") -> None:
        """Let go of one that is closed."""
        if self._open.pop(connection, _ABSENT) is _ABSENT:
            return
        own = self._of[connection.client]
        del own[connection]
        if not own:
            del self._of[connection.client]

    def drop_all(self) -> None:
        """Close all."""
        for connection in list(self._open):
            connection.drop()


_ABSENT: Final = object()


class Connection(asyncio.Protocol):
    """One client's connection."""

    client: bytes
    "Packed address."

    def __init__(self, listener: TcpListener) -> None:
        """Wait for the connection that `listener` accepts."""
        self._listener = listener
        self._received = bytearray()
        self._waiting = 0
        self._admission = STRANGER
        self._is_slowed = False
        self._transport: asyncio.Transport | None = None
        self._accepted: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if the client is one of ours."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = self._accepted = transport
        peer = transport.get_extra_info("peername")
        if peer is None:
            transport.abort()
            return
        self._admit(addresses.read(peer[0]).packed, transport)

    def _admit(self, client: bytes, transport: asyncio.Transport) -> None:
        """Begin to serve a client, if it is one of ours."""
        self._admission = self._listener.service.core.access.of(client)
        if self._admission.is_answered:
            self._begin(client, transport)
        else:
            self._listener.counters["not_allowed"] += 1
            transport.abort()

    def _begin(self, client: bytes, transport: asyncio.Transport) -> None:
        self.client = client
        transport.set_write_buffer_limits(MAX_UNFETCHED)
        self._listener.connections.add(self)
        self._rest()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        self._received += data
        self._work()

    def eof_received(self) -> bool:
        """Keep a half-closed connection while answers are due on it."""
        self._ended = True
        return self._waiting > 0

    def pause_writing(self) -> None:
        """Close on a client that does not fetch its answers."""
        self._listener.counters["tcp_unfetched"] += 1
        self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go."""
        if self._idle is not None:
            self._idle.cancel()
        self._transport = None
        self._listener.connections.remove(self)
        if self._accepted is not None:
            # asyncio's transport holds a method of its own: a cycle, and a worker collects none
            # that is older than a moment.
            setattr(self._accepted, "_read_ready_cb", None)  # noqa: B010 it is no public name
            self._accepted = None

    def drop(self) -> None:
        """Close at once."""
        self._listener.connections.remove(self)
        if self._transport is not None:
            self._transport.abort()
            self._transport = None  # nothing more is written, whoever is at it further up

    def _work(self) -> None:
        """Answer the queries that are whole."""
        while self._waiting < MAX_WAITING and len(self._received) >= 2 and self._transport:
            end = 2 + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end or self._is_too_fast():
                break
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._answer(message)
        if self._transport is None:
            return
        if self._waiting >= MAX_WAITING or self._is_slowed:
            self._transport.pause_reading()
        elif not self._ended:
            self._transport.resume_reading()

    def _is_too_fast(self) -> bool:
        """Count a query; beyond its client's rate it waits, and so does all behind it."""
        if self._is_slowed:
            return True
        listener = self._listener
        if not listener.service.core.is_slowed(
            self.client, self._admission, redirected=listener.redirected
        ):
            return False
        self._is_slowed = True
        asyncio.get_running_loop().call_later(SLOWED, self._go_on)
        return True

    def _go_on(self) -> None:
        self._is_slowed = False
        self._work()

    def _answer(self, message: bytes) -> None:
        """Answer one query, now or later."""
        listener = self._listener
        listener.connections.touch(self)
        self._rest()
        pending = PendingQuery(
            self.client,
            is_recorded=self._admission.is_recorded,
            is_redirected=listener.redirected,
            is_proven=True,
            message_id=message[:2],
            reply=self._reply,
        )
        self._waiting += 1
        service = listener.service
        body = service.query(message[2:], pending, service.now(), udp=False)
        if body == DROP:
            self.drop()  # whatever speaks there, it is not DNS and will not become so
        elif body is not None:
            self._waiting -= 1
            self._write(pending.message_id + body)

    def _reply(self, pending: PendingQuery, body: bytes) -> None:
        self._waiting -= 1
        if self._transport is None:
            return
        self._write(pending.message_id + body)
        self._work()
        if self._ended and not self._waiting and self._transport is not None:
            self._transport.close()

    def _write(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.write(_LENGTH.pack(len(message)) + message)

    def _rest(self) -> None:
        """Start the idle time anew."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(
            self._listener.connections.limits.tcp_idle, self._leave
        )

    def _leave(self) -> None:
        """Close after the idle time, unless answers are due."""
        if self._waiting:
            self._rest()
        elif self._transport is not None:
            self._transport.close()
