"""An upstream over TCP or TLS: one connection, many questions at a time, answers in any order.

RFC 7766 sections 6.2 and 7, RFC 7858.  A connection that the server closed while questions waited
is opened once more for them: it may just have been idle too long.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable
from itertools import count
from typing import Final

from dnswatch.proxy.upstream.health import Health
from dnswatch.proxy.upstream.transport import Asking
from dnswatch.settings import Server
from dnswatch.wire import query, response

CONNECT_TIMEOUT: Final = 3.0
"""Seconds for TCP and TLS handshakes together."""

IDLE: Final = 20.0
"""Seconds without a question after which we close (RFC 7766 section 6.2.3)."""

SILENCE: Final = 5.0
"""Seconds without a byte while questions wait, after which a connection is given up: a firewall on
the way may have forgotten it, and TCP itself would take a quarter of an hour to notice."""

MAX_WAITING: Final = 2000
"""Questions under way on one connection; more are failures."""

_LENGTH = struct.Struct("!H")


class StreamUpstream:
    """One server over TCP, or TLS where `tls` is given."""

    def __init__(
        self, server: Server, *, tls: ssl.SSLContext | None, size: int, now: Callable[[], float],
        counters: dict[str, int],
    ) -> None:  # fmt: skip
        """Connect on the first question."""
        self.url = str(server)
        self.health = Health()
        self.now = now
        self.counters = counters
        self._server = server
        self._tls = tls
        self._size = size
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._queue: list[tuple[Asking, bool]] = []

    def ask(self, asking: Asking) -> None:
        """Send a question, over a connection that is open or is opened for it."""
        self._ask(asking, again=False)

    def close(self) -> None:
        """Close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()

    def _ask(self, asking: Asking, *, again: bool) -> None:
        if self._connection is not None and self._connection.is_stuck(self.now()):
            self._connection.give_up()
        if self._connection is not None and self._connection.open:
            self._connection.send(asking, again)
        elif len(self._queue) >= MAX_WAITING:
            asking.failure(self)
        else:
            self._queue.append((asking, again))
            if self._connecting is None:
                self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        """Open a connection and send what waits for it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, self._connection = await loop.create_connection(
                    lambda: _Connection(self), self._server.host, self._server.port,
                    ssl=self._tls, server_hostname=self._server.name if self._tls else None,
                )  # fmt: skip
        except ssl.SSLCertVerificationError:
            self.counters["upstream_bad_certificate"] += 1
            self._give_up()
        except OSError:  # TimeoutError is one
            self._give_up()
        finally:
            self._connecting = None
        waiting, self._queue = self._queue, []
        for asking, again in waiting:
            self._ask(asking, again=again)

    def _give_up(self) -> None:
        waiting, self._queue = self._queue, []
        for asking, _ in waiting:
            asking.failure(self)

    def lost(self, connection: "_Connection", waiting: list[tuple[Asking, bool]]) -> None:
        """Ask once more what a closed connection left open; there may be another one by now."""
        if self._connection is connection:
            self._connection = None
        for asking, again in waiting:
            if asking.done:
                continue
            if again:
                asking.failure(self)
            else:
                self._ask(asking, again=True)

    def message(self, asking: Asking) -> bytes:
        """Write the question, all but its ID."""
        return query.for_upstream(asking.query, self._size, asking.edns)


class _Connection(asyncio.Protocol):
    """One connection with the questions under way on it."""

    def __init__(self, upstream: StreamUpstream) -> None:
        self._upstream = upstream
        self._waiting: dict[bytes, tuple[Asking, float, bool]] = {}
        self._received = bytearray()
        self._quiet_since = 0.0
        self._ids = count()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Questions can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest()

    def send(self, asking: Asking, again: bool) -> None:
        """Send a question under an ID that is free here."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting = {k: v for k, v in self._waiting.items() if not v[0].done}
            if len(self._waiting) >= MAX_WAITING:
                asking.failure(self._upstream)
                return
        while (ident := _LENGTH.pack(next(self._ids) & 0xFFFF)) in self._waiting:
            pass
        now = self._upstream.now()
        if not self._waiting:
            self._quiet_since = now
        self._waiting[ident] = (asking, now, again)
        message = self._upstream.message(asking)
        assert self._transport is not None
        self._transport.write(b"%b%b%b" % (_LENGTH.pack(len(message) + 2), ident, message))
        self._rest()

    def is_stuck(self, now: float) -> bool:
        """Tell whether questions wait here on a server that says nothing any more."""
        return bool(self._waiting) and now - self._quiet_since > SILENCE

    def give_up(self) -> None:
        """Close at once; what waits is asked again."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._quiet_since = self._upstream.now()
        self._received += data
        while len(self._received) >= 2:
            end = 2 + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._take(message)

    def _take(self, message: bytes) -> None:
        found = self._waiting.get(message[:2])
        if found is None:
            self._upstream.counters["mismatch"] += 1
            return
        asking, sent_at, _ = found
        if not response.answers(message, asking.query.asked):
            self._upstream.counters["mismatch"] += 1
            return
        del self._waiting[message[:2]]
        asking.response(self._upstream, message, sent_at)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
        waiting, self._waiting = self._waiting, {}
        self._upstream.lost(self, [(asking, again) for asking, _, again in waiting.values()])

    def close(self) -> None:
        """Close at once; nobody is told."""
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abort()

    def _rest(self) -> None:
        """Start the idle time anew."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE, self._leave)

    def _leave(self) -> None:
        if self._transport is not None:
            self._transport.close()
