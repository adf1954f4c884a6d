"""An upstream over UDP: a pool of sockets with random source ports, renewed over time.

RFC 5452: a response is taken only from the server's address, at the port the query left from, with
its ID and its question; source ports and IDs come from the kernel's random generator.  What does
not match is counted and otherwise ignored: the true response may still come.  Questions of one
turn of the loop share a port, each with an ID of its own: a guess must hit both all the same.
"""

import asyncio
import errno
import os
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable
from typing import Final

from dnswatch.proxy.datagrams import (
    HEADER_WORDS,
    LENGTH_WORD,
    NAME_BYTES,
    SLOT_BYTES,
    SLOTS,
    Batch,
    Outbox,
)
from dnswatch.proxy.upstream.health import Health
from dnswatch.proxy.upstream.transport import Asking, Upstream
from dnswatch.settings import Server
from dnswatch.wire import query, response

MAX_ASKED: Final = 2000
"""Questions that leave from one port before it is given up: an attacker who learns it gains little,
and what is never answered cannot pile up."""

MAX_AGE: Final = 60.0
"""Seconds that a port is used."""

LINGER: Final = 5.0
"""Seconds that a port given up still listens for late responses."""

_PORTS: Final = range(1024, 65536)
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
"""Linux's numbers, which Python has no names for: ICMP errors reach an unconnected socket."""
_BIND_TRIES: Final = 20


class UdpUpstream:
    """One server over UDP, and over `fallback` where a response is truncated."""

    def __init__(
        self,
        server: Server,
        *,
        fallback: Upstream,
        sockets: int,
        size: int,
        room: Batch,
        now: Callable[[], float],
        counters: Counter[str],
    ) -> None:
        """Ask `server` from `sockets` ports at a time, offering `size` bytes by EDNS."""
        self.url = str(server)
        self.health = Health()
        self.now = now
        self.counters = counters
        self.room = room
        self._server = server
        self._fallback = fallback
        self._size = size
        self._ports: list[_Port | None] = [None] * sockets
        self._port: _Port | None = None
        self._outbox = Outbox(to=_socket_name(server))
        self._ids = _Ids()
        self.retired: set[_Port] = set()
        "Ports given up that still listen for late responses."
        self._closed = False

    def ask(self, asking: Asking) -> None:
        """Send a question; those of one turn of the loop leave together, from a random port."""
        if not self._outbox.count or self._outbox.count == SLOTS:
            self._outbox.flush()
            port = self._choose_port()
            if port is None:
                asking.failure(self)
                return
            self._port, self._outbox.socket = port, port.socket
        assert self._port is not None
        message = query.for_upstream(asking.query, self._size, asking.edns)
        ident = self._port.expect(self._ids.draw(), asking)
        self._outbox.put(ident + message)

    def _choose_port(self) -> "_Port | None":
        """Choose a port at random, and a fresh one in place of one that is worn."""
        if self._closed:
            return None
        index = int.from_bytes(self._ids.draw(), "big") % len(self._ports)
        port = self._ports[index]
        if port is None or port.worn(self.now()):
            if port is not None:
                port.retire()
            try:
                port = self._ports[index] = _Port(self, self._server)
            except OSError:
                self.counters["upstream_no_socket"] += 1
                port = self._ports[index] = None
        return port

    def close(self) -> None:
        """Close all ports."""
        self._closed = True
        for port in (*self._ports, *self.retired):
            if port is not None:
                port.close()
        self._ports = [None] * len(self._ports)
        self._fallback.close()

    def take(self, asking: Asking, message: bytes, sent_at: float) -> None:
        """Hand on a response that fits its question; one that is cut is asked for over TCP."""
        if message[2] & 2 and not asking.done:
            self._fallback.ask(_OverTcp(asking, self))
        else:
            asking.response(self, message, sent_at)


class _OverTcp:
    """A question asked anew over TCP, in the same form: what comes counts for the same server."""

    def __init__(self, asking: Asking, upstream: UdpUpstream) -> None:
        self._asking = asking
        self._upstream = upstream
        self.query = asking.query
        self.edns = asking.edns

    @property
    def done(self) -> bool:
        return self._asking.done

    def response(self, _: Upstream, message: bytes, sent_at: float) -> None:
        self._asking.response(self._upstream, message, sent_at)

    def failure(self, _: Upstream) -> None:
        self._asking.failure(self._upstream)


class _Ids:
    """Message IDs from the kernel's random generator, drawn in bulk."""

    def __init__(self) -> None:
        self._drawn: list[bytes] = []

    def draw(self) -> bytes:
        """Return the next two random bytes."""
        if not self._drawn:
            noise = os.urandom(2048)
            self._drawn = [noise[at : at + 2] for at in range(0, len(noise), 2)]
        return self._drawn.pop()


class _Port:
    """One socket at a random port, with the questions that left from it."""

    def __init__(self, upstream: UdpUpstream, server: Server) -> None:
        address = server.address
        assert address is not None
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        self._upstream = upstream
        self._from = _socket_name(server)[: _COMPARED[family]]
        self._waiting: dict[bytes, tuple[Asking, float]] = {}
        self._asked = 0
        self.socket = _random_port(family)
        "The socket itself."
        self._loop = asyncio.get_running_loop()
        self._opened_at = upstream.now()
        self._loop.add_reader(self.socket, self._readable)

    def worn(self, now: float) -> bool:
        """Tell whether it is time for another port."""
        return self._asked >= MAX_ASKED or now - self._opened_at > MAX_AGE

    def expect(self, ident: bytes, asking: Asking) -> bytes:
        """Note that a question leaves from here, under `ident` or another ID that is free."""
        while ident in self._waiting:
            ident = os.urandom(2)
        self._asked += 1
        self._waiting[ident] = (asking, self._upstream.now())
        return ident

    def retire(self) -> None:
        """Close once late responses have had their time."""
        self._upstream.retired.add(self)
        self._loop.call_later(LINGER, self.close)

    def close(self) -> None:
        """Close now; nobody is told."""
        if self.socket.fileno() >= 0:
            self._loop.remove_reader(self.socket)
            self.socket.close()
        self._upstream.retired.discard(self)
        self._waiting.clear()

    def _readable(self) -> None:
        """Take in responses."""
        room = self._upstream.room
        try:
            count = room.receive(self.socket.fileno())
        except OSError:
            count = 0
        if not count:
            self._take_errors()
        for slot in range(count):
            length = room.lengths[slot * HEADER_WORDS + LENGTH_WORD]
            start = slot * SLOT_BYTES
            message = room.view[start : start + length].tobytes()
            name = slot * NAME_BYTES
            self._take(message, room.names[name : name + len(self._from)])

    def _take(self, message: bytes, source: bytearray) -> None:
        """Compare a datagram with what was asked, and hand it on."""
        found = self._waiting.get(message[:2])
        if found is None or source != self._from:
            self._upstream.counters["mismatch"] += 1
            return
        asking, sent_at = found
        if not response.answers(message, asking.query.asked):
            self._upstream.counters["mismatch"] += 1
            return
        del self._waiting[message[:2]]
        self._upstream.take(asking, message, sent_at)

    def _take_errors(self) -> None:
        """Learn from ICMP that the server refuses, and for which questions."""
        try:
            while True:
                sent, _, _, _ = self.socket.recvmsg(512, 256, socket.MSG_ERRQUEUE)
                found = self._waiting.pop(sent[:2], None)
                if found is not None:
                    found[0].failure(self._upstream)
        except OSError:
            return  # the queue is empty, or the socket was closed by what a failure led to


def _random_port(family: int) -> socket.socket:
    """Open a socket at a random port that is free."""
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    chance = random.SystemRandom()
    try:
        for tries in range(_BIND_TRIES):
            try:
                sock.bind(("", chance.choice(_PORTS) if tries < _BIND_TRIES - 1 else 0))
                break
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
        if family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    except OSError:
        sock.close()
        raise
    return sock


def _socket_name(server: Server) -> bytes:
    """Write the sockaddr of a server, as system calls take it."""
    address = server.address
    assert address is not None
    port = struct.pack("!H", server.port)
    if address.version == 4:
        return struct.pack("=H", socket.AF_INET) + port + address.packed + bytes(8)
    scope = socket.if_nametoindex(address.scope_id) if address.scope_id else 0
    head = struct.pack("=H", socket.AF_INET6) + port + bytes(4)
    return head + address.packed + struct.pack("=I", scope)


_COMPARED: Final = {socket.AF_INET: 8, socket.AF_INET6: 24}
"""Bytes of a sockaddr that a response must come from: family, port, flow, address."""
