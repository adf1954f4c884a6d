"""A connection that is kept: many questions at a time, answers in any order, and how it ends.

A server may end a connection whenever it likes (RFC 7766 section 6.2.4, RFC 9113 section 6.8):
after some time, after some answers, some after one.  What it left open is asked anew on the next
one, until nobody waits for it any more, or two have ended under it without a single answer.
"""

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from dnswatch.proxy.upstream.transport import Listener
from dnswatch.resolver.ask import Ask
from dnswatch.settings import Server

CONNECT_TIMEOUT: Final = 3.0
"""Seconds for TCP and TLS handshakes together."""

IDLE: Final = 20.0
"""Seconds without a question after which we close (RFC 7766 section 6.2.3)."""

SILENCE: Final = 5.0
"""Seconds without a byte while questions wait, after which a connection is given up: a firewall on
the way may have forgotten it, and TCP itself would take a quarter of an hour to notice."""

MAX_WAITING: Final = 2000
"""Questions under way on one connection; more are failures."""

MAX_FRUITLESS: Final = 2
"""Connections that end without an answer before a question that waited on them is a failure: the
first may just have been idle for too long."""


class Pending(NamedTuple):
    """One question with what became of it so far."""

    ask: Ask
    answered: int
    "What its upstream had answered when it was asked, or last asked anew."
    fruitless: int = 0
    "Connections that have ended under it since then, without an answer to anything."
    sent_at: float = 0.0
    "Unix seconds."


class KeptUpstream(ABC):
    """One server that is asked over one connection at a time."""

    def __init__(
        self,
        server: Server,
        *,
        tls: ssl.SSLContext | None,
        listener: Listener,
        now: Callable[[], float],
        counters: dict[str, int],
    ) -> None:
        """Connect on the first question."""
        self.url = str(server)
        self.listener = listener
        self.now = now
        self.counters = counters
        self.server = server
        self._tls = tls
        self._connection: KeptConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.answered = 0
        "Questions answered so far."
        self._queue: list[Pending] = []
        self._left: set[KeptConnection] = set()
        "Connections that take no more questions, but may still answer some."

    @abstractmethod
    def protocol(self) -> "KeptConnection":
        """Make a connection that is to be opened."""

    def ask(self, ask: Ask) -> None:
        """Send a question, over a connection that is open or is opened for it."""
        self._ask(Pending(ask, self.answered))

    def close(self) -> None:
        """Close the connections; nobody is told."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None  # it may never have begun
        for connection in (self._connection, *self._left):
            if connection is not None:
                connection.close()

    def _ask(self, pending: Pending) -> None:
        if self._connection is not None and self._connection.is_stuck(self.now()):
            self._connection.give_up()
        if self._connection is not None and self._connection.open:
            self._connection.send(pending)
        elif len(self._queue) >= MAX_WAITING:
            self.listener.failed(pending.ask)
        else:
            self._queue.append(pending)
            if self._connecting is None:
                self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        """Open a connection and send what waits for it."""
        connection = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, connection = await asyncio.get_running_loop().create_connection(
                    self.protocol,
                    self.server.host,
                    self.server.port,
                    ssl=self._tls,
                    server_hostname=self.server.name if self._tls else None,
                )
        except ssl.SSLCertVerificationError:
            self.counters["upstream_bad_certificate"] += 1
        except OSError:  # TimeoutError is one
            pass
        finally:
            self._connecting = None
        waiting, self._queue = self._queue, []
        if connection is None:
            for pending in waiting:
                self.listener.failed(pending.ask)
        elif connection.open:
            self._connection = connection
            for pending in waiting:
                if not pending.ask.is_done:
                    self._ask(pending)
        else:
            self.again(waiting)

    def left(self, connection: "KeptConnection") -> None:
        """Take it that a connection takes no more questions; there may be another one by now."""
        if self._connection is connection:
            self._connection = None
        self._left.add(connection)

    def lost(self, connection: "KeptConnection") -> None:
        """Take it that a connection has ended."""
        self.left(connection)
        self._left.discard(connection)

    def again(self, waiting: Iterable[Pending]) -> None:
        """Ask anew what a connection left open."""
        for ask, answered, fruitless, _ in waiting:
            if ask.is_done:
                continue
            is_fruitless = self.answered == answered
            if is_fruitless and fruitless + 1 >= MAX_FRUITLESS:
                self.listener.failed(ask)
            else:
                self._ask(Pending(ask, self.answered, fruitless + 1 if is_fruitless else 0))


class KeptConnection(asyncio.Protocol, ABC):
    """One connection with the questions under way on it."""

    def __init__(self, upstream: KeptUpstream) -> None:
        """Wait to be opened."""
        self.upstream = upstream
        self.waiting: dict[int, Pending] = {}
        "What was sent, by the number that its answer comes under."
        self.transport: asyncio.Transport | None = None
        self._has_left = False
        self._quiet_since = 0.0
        self._unsent = bytearray()
        self._idle: asyncio.TimerHandle | None = None

    @abstractmethod
    def write(self, ask: Ask) -> int:
        """Write a question by `put`; returns the number that its answer comes under."""

    @property
    def open(self) -> bool:
        """Questions can be sent."""
        return self.transport is not None and not self.transport.is_closing() and not self._has_left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the idle time."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._rest()

    def send(self, pending: Pending) -> None:
        """Send a question; what nobody waits for any more makes room for it."""
        if len(self.waiting) >= MAX_WAITING:
            self.waiting = {n: one for n, one in self.waiting.items() if not one.ask.is_done}
            if len(self.waiting) >= MAX_WAITING:
                self.upstream.listener.failed(pending.ask)
                return
        now = self.upstream.now()
        if not self.waiting:
            self._quiet_since = now
        number = self.write(pending.ask)
        self.waiting[number] = pending._replace(sent_at=now)
        self._rest()

    def put(self, data: bytes) -> None:
        """Write bytes, those of one turn of the loop together.

        A server that closes after the first of several questions would answer the second piece by a
        reset, and the first answer would be lost unread.
        """
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent += data

    def _flush(self) -> None:
        unsent, self._unsent = bytes(self._unsent), bytearray()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(unsent)

    def is_stuck(self, now: float) -> bool:
        """Tell whether questions wait here on a server that says nothing any more."""
        return bool(self.waiting) and now - self._quiet_since > SILENCE

    def give_up(self) -> None:
        """Close at once; what waits is asked again."""
        if self.transport is not None:
            self.transport.abort()
        self.leave()

    def heard(self) -> None:
        """Note that the server said something."""
        self._quiet_since = self.upstream.now()

    def answered(self, number: int, message: bytes) -> None:
        """Hand on the answer to what waits under `number`."""
        pending = self.waiting.pop(number)
        self.upstream.answered += 1
        now = self.upstream.now()
        self.upstream.listener.heard(pending.ask, message, pending.sent_at, now)
        self._end_if_done()

    def failed(self, number: int, counter: str) -> None:
        """Take it that what waits under `number` gets no answer, and count why."""
        self.upstream.counters[counter] += 1
        self.upstream.listener.failed(self.waiting.pop(number).ask)
        self._end_if_done()

    def leave(self, unanswered: Iterable[int] = ()) -> None:
        """Take no more questions; the rest may still be answered, `unanswered` goes elsewhere."""
        self._has_left = True
        self.upstream.left(self)
        self._elsewhere(list(unanswered))
        self._end_if_done()

    def connection_lost(self, exc: Exception | None) -> None:
        """Have everything that waits asked elsewhere."""
        if self._idle is not None:
            self._idle.cancel()
        self.upstream.lost(self)
        self._elsewhere(list(self.waiting))
        self.transport = None  # which knows us: where collecting is rare, a cycle stays

    def close(self) -> None:
        """Close at once; nobody is told."""
        self.waiting.clear()
        if self.transport is not None:
            self.transport.abort()

    def _elsewhere(self, numbers: list[int]) -> None:
        self.upstream.again([self.waiting.pop(number) for number in numbers])

    def _end_if_done(self) -> None:
        if self._has_left and not self.waiting:
            self._end()

    def _rest(self) -> None:
        """Start the idle time anew."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE, self._end)

    def _end(self) -> None:
        if self.transport is not None:
            self.transport.close()
