"""An upstream over UDP: a socket for each handful of questions, at a port nobody can find.

RFC 5452: a response is taken only from the server's address and port, at the port the question
left from, with its ID and its question; ports and IDs come from the kernel's random generator.
Questions that are under way together share a socket, at most `SHARED` within `FRESH` seconds, each
with an ID of its own: a guess must hit both all the same.  One at a time they have a socket each,
which closes with the answer.  A shared one stays open until its time is over, though all have been
answered: under load a socket for each question or two was a fifth of what a question cost.  With
nothing under way there is nothing for a guess to hit; only the upstream sees the port, and a search
by what the kernel lets slip (SAD DNS: some 1,000 ports a second) has tried ten when it is gone.

What comes to the right port and fits no question there is somebody's guess, a near miss.  Then no
datagram to that port is believed any more, and its questions are asked over TCP, where nobody can
guess; after `NEAR_MISSES` of them what was cached since they began is forgotten too.
"""

import asyncio
import errno
import os
import socket
from collections import Counter
from collections.abc import Callable
from typing import Final

from dnswatch.proxy.datagrams import (
    FLAGS_WORD,
    HEADER_WORDS,
    LENGTH_WORD,
    SLOT_BYTES,
    TRUNCATED,
    DatagramBatch,
    Outbox,
)
from dnswatch.proxy.turns import TURNS
from dnswatch.proxy.upstream import ports
from dnswatch.proxy.upstream.transport import Listener, Transport
from dnswatch.resolver.ask import LATE, Ask
from dnswatch.settings import Server
from dnswatch.settings import Upstream as Configured
from dnswatch.wire import query, response

SHARED: Final = 32
"""Questions that leave from a port: what a near miss costs, and enough to make the system calls of
a socket cheap."""

FRESH: Final = 0.01
"""Seconds for which questions leave from a port: enough for `SHARED` of them at 3,000 a second."""

CROWDED: Final = 500
"""Questions at a port when as many ports are open as may be."""

NEAR_MISSES: Final = 20
"""As many make an attack.  Each had one chance in 65,536: that one of so many hit is 1 in 3,300."""

SPELL: Final = 60.0
"""Seconds without a near miss after which they are counted anew."""

_SWEEP: Final = 1.0
"""Seconds between two looks for ports that are of no use any more."""

_NAME_AT: Final = query.HEADER - 2
"""Where the question begins in a message without its ID."""


class UdpUpstream:
    """One server over UDP, and over `fallback` where a response is cut or may be forged."""

    def __init__(
        self,
        server: Server,
        *,
        fallback: Transport,
        listener: Listener,
        settings: Configured,
        room: DatagramBatch,
        now: Callable[[], float],
        counters: Counter[str],
        attacked: Callable[[str, float], None],
    ) -> None:
        """Ask `server` as `settings` say; all sockets share `room` for what they receive.

        `attacked` is told whose answers are being forged, and since when (Unix seconds).
        """
        self.url = str(server)
        self.listener = listener
        self.now = now
        self.counters = counters
        self.room = room
        self.mixed_case = settings.mixed_case
        self._address = _address(server)
        self._fallback = fallback
        self._sockets = settings.sockets
        self._life = settings.deadline + LATE
        self._attacked = attacked
        self._chance = ports.Chance()
        self._open: dict[int, _Port] = {}
        "By file descriptor, in order of age."
        self._outbox = Outbox(connected=True)
        self._port: _Port | None = None
        "Where questions leave from now, those in the outbox too."
        self._room_left = 0
        "How many more may do so,"
        self._fresh_until = 0.0
        "and until when, Unix seconds."
        self._near_misses, self._since, self._last = 0, 0.0, 0.0
        self._closed = self._sweeps = False

    def ask(self, ask: Ask) -> None:
        """Send a question from a random port; those of one turn of the loop leave together."""
        port, now = self._port, self.now()
        if port is None or not self._room_left or now >= self._fresh_until:
            port = self._next_port(now)
            if port is None:
                self.listener.failed(ask)
                return
        self._room_left -= 1
        message, asked = ask.message, ask.asked
        if self.mixed_case:
            asked = _mixed(asked)
            message = message[:_NAME_AT] + asked + message[_NAME_AT + len(asked) :]
        self._outbox.put(port.expect(self._chance.draw(), ask, asked, now) + message)

    def over_tcp(self, ask: Ask) -> None:
        """Ask again where a response has all the room it needs, and cannot be forged from afar."""
        if not ask.is_done:
            self._fallback.ask(ask)

    def near_miss(self) -> None:
        """Take note that somebody guesses; tell when it is an attack."""
        now = self.now()
        self.counters["upstream_near_misses"] += 1
        if now - self._last > SPELL or not self._near_misses:
            self._near_misses, self._since = 0, now - self._life
        self._last = now
        self._near_misses += 1
        if self._near_misses == NEAR_MISSES:
            self._near_misses = 0
            self._attacked(self.url, self._since)

    def let_go(self, port: "_Port") -> None:
        """Close a port; nobody is told."""
        fd = port.socket.fileno()
        if self._open.pop(fd, None) is not None:
            TURNS.closed(fd)
        if port is self._port:
            self._port, self._room_left = None, 0
        port.socket.close()

    @property
    def open_ports(self) -> int:
        """Count the ports that are open now."""
        return len(self._open)

    def close(self) -> None:
        """Close all ports."""
        self._closed = True
        for port in list(self._open.values()):
            self.let_go(port)
        self._fallback.close()

    def goes_on(self, port: "_Port") -> bool:
        """Tell whether more questions may leave from a port."""
        return port is self._port and self._room_left > 0

    def retire(self, port: "_Port") -> None:
        """Let no more questions leave from a port."""
        if port is self._port:
            self._outbox.flush()
            self._port, self._room_left = None, 0

    def _expire(self, port: "_Port") -> None:
        """End the time in which questions leave from a port; close it if all are answered."""
        self.retire(port)
        if port.is_answered:
            self.let_go(port)

    def _next_port(self, now: float) -> "_Port | None":
        """Let questions leave from another port from now on."""
        self._outbox.flush()
        if self._port is not None and self._port.is_answered:
            self.let_go(self._port)
        port = self._port = self._choose_port()
        if port is not None:
            self._room_left, self._fresh_until = SHARED, now + FRESH
            self._outbox.socket = port.socket
            asyncio.get_running_loop().call_later(FRESH, self._expire, port)
        return port

    def _choose_port(self) -> "_Port | None":
        """Open a port; at the bound, choose one of those that are open."""
        if self._closed:
            return None
        if len(self._open) >= self._sockets:
            self.counters["upstream_ports_shared"] += 1
            shared = list(self._open.values())
            port = shared[int.from_bytes(self._chance.draw(), "big") % len(shared)]
            return None if port.is_full else port
        try:
            port = _Port(self, ports.connected(self._address, self._chance))
        except OSError:
            self.counters["upstream_no_socket"] += 1
            return None
        if not self._sweeps:
            self._sweep()
        self._open[port.socket.fileno()] = port
        TURNS.add(port.socket.fileno(), port.take_in)
        return port

    def _sweep(self) -> None:
        """Close the ports that waited long enough, and those where nobody waits any more."""
        if self._closed:
            return
        oldest = self.now() - self._life
        for port in list(self._open.values()):
            if port.opened_at < oldest or port.is_idle:
                self.let_go(port)
        self._sweeps = True
        asyncio.get_running_loop().call_later(_SWEEP, self._sweep)


class _Port:
    """One socket at a random port, with the questions that left from it."""

    __slots__ = ("_answered", "_is_shared", "_upstream", "_waiting", "opened_at", "socket")

    def __init__(self, upstream: UdpUpstream, sock: socket.socket) -> None:
        self._upstream = upstream
        self._waiting: dict[bytes, tuple[Ask, float, bytes]] = {}
        "ID to question, when it left (Unix seconds), and the question as it was written."
        self._answered: set[bytes] = set()
        self._is_shared = False
        "Questions were under way together."
        self.socket = sock
        self.opened_at = upstream.now()

    @property
    def is_full(self) -> bool:
        """No more questions may leave from here."""
        return len(self._waiting) >= CROWDED

    @property
    def is_answered(self) -> bool:
        """No response is missing."""
        return not self._waiting

    @property
    def is_idle(self) -> bool:
        """Nobody has a use for what may still come."""
        return all(ask.is_done for ask, _, _ in self._waiting.values())

    def expect(self, message_id: bytes, ask: Ask, asked: bytes, now: float) -> bytes:
        """Note that a question leaves from here, under `message_id` or another ID that is free."""
        while message_id in self._waiting or message_id in self._answered:
            message_id = os.urandom(2)
        if self._waiting:
            self._is_shared = True
        self._waiting[message_id] = (ask, now, asked)
        return message_id

    def take_in(self) -> int:
        """Take in responses, and return how many datagrams came.

        The port closes where no response is missing, unless more questions are to leave from it.
        """
        room = self._upstream.room
        try:
            count = room.receive(self.socket.fileno())
        except OSError as error:
            self._fail(error)
            return 0
        for slot in range(count):
            length = room.lengths[slot * HEADER_WORDS + LENGTH_WORD]
            start = slot * SLOT_BYTES
            message = room.view[start : start + length].tobytes()
            flags = room.lengths[slot * HEADER_WORDS + FLAGS_WORD]
            self._take(message, is_cut=flags & TRUNCATED != 0)
        if not self._waiting and not (self._is_shared and self._upstream.goes_on(self)):
            self._upstream.let_go(self)
        return count

    def _take(self, message: bytes, *, is_cut: bool) -> None:
        """Compare a datagram with what was asked, and hand it on."""
        found = self._waiting.get(message[:2])
        if found is None:
            self._upstream.counters["mismatch"] += 1
            if message[:2] not in self._answered:
                self._distrust()
            return
        ask, sent_at, asked = found
        if not response.answers(message, ask.asked):
            self._upstream.counters["mismatch"] += 1
            self._distrust()
            return
        del self._waiting[message[:2]]
        self._answered.add(message[:2])
        if message[2] & 2 or is_cut:
            self._upstream.over_tcp(ask)
        elif self._upstream.mixed_case and not message.startswith(asked, query.HEADER):
            self._upstream.counters["upstream_case_lost"] += 1
            self._upstream.over_tcp(ask)
        else:
            self._upstream.listener.heard(ask, message, sent_at)

    def _distrust(self) -> None:
        """Ask all that waits here over TCP, and believe nothing that comes here any more."""
        waiting, self._waiting = self._waiting, {}
        self._answered.update(waiting)
        self._upstream.retire(self)
        self._upstream.near_miss()
        for ask, _, _ in waiting.values():
            self._upstream.over_tcp(ask)

    def _fail(self, error: OSError) -> None:
        """Learn from ICMP that the server refuses."""
        if error.errno == errno.EBADF:
            return
        waiting, self._waiting = self._waiting, {}
        self._upstream.let_go(self)
        for ask, _, _ in waiting.values():
            self._upstream.listener.failed(ask)


def _mixed(question: bytes) -> bytes:
    """Write a question's name in random case (0x20): as many bits more as it has letters."""
    chance = int.from_bytes(os.urandom(32), "big")
    mixed = bytearray(question)
    for place in range(len(question) - 4):
        if 0x61 <= mixed[place] <= 0x7A and chance >> place & 1:
            mixed[place] -= 0x20
    return bytes(mixed)


def _address(server: Server) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return a server's address as sockets take it."""
    address = server.address
    assert address is not None
    if address.version == 4:
        return str(address), server.port
    scope = socket.if_nametoindex(address.scope_id) if address.scope_id else 0
    return str(address).partition("%")[0], server.port, 0, scope
