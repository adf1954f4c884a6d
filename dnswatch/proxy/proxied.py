"""Listeners behind fronts (dnsdist, HAProxy): who asks stands in a PROXY protocol header.

Only a trusted front's word is taken; from all others everything is dropped, since whoever may write
a header may be any client.  Over UDP a header stands before each query, and answers carry none;
over TCP it stands once, at the beginning.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterable

from dnswatch import addresses
from dnswatch.errors import WireError
from dnswatch.proxy.datagrams import HEADER_WORDS, LENGTH_WORD, SLOT_BYTES
from dnswatch.proxy.fast import UdpListener
from dnswatch.proxy.service import Service
from dnswatch.proxy.streams import Connection, Connections, TcpListener
from dnswatch.proxy.turns import TURNS
from dnswatch.resolver.access import Networks
from dnswatch.settings import Subnet
from dnswatch.wire import proxied


class Fronts:
    """Whose headers are believed; what is dropped is counted."""

    def __init__(self, trusted: Iterable[Subnet], counters: Counter[str]) -> None:
        """Trust these."""
        self._counters = counters
        self.trust(trusted)

    def trust(self, trusted: Iterable[Subnet]) -> None:
        """Trust these from now on, and no others."""
        self._trusted = Networks(trusted)

    def believe(self, front: bytes) -> bool:
        """Tell whether a packed address is a front's that is trusted."""
        if addresses.packed(front) in self._trusted:
            return True
        self._counters["proxied_dropped_untrusted"] += 1
        return False

    def read(self, data: bytes | bytearray) -> proxied.Proxied | None:
        """Read a trusted front's header, as `wire.proxied` does; raises `WireError`."""
        try:
            return proxied.read(data)
        except WireError:
            self.broken()
            raise

    def broken(self) -> None:
        """Count what was no header."""
        self._counters["proxied_dropped_broken"] += 1


class ProxiedUdpListener:
    """One UDP socket that fronts send to."""

    def __init__(self, listener: UdpListener, sock: socket.socket, fronts: Fronts) -> None:
        """Serve `sock` by `listener`, whose socket it is, once headers are taken off."""
        self._listener = listener
        self._socket = sock
        self._fronts = fronts

    async def start(self) -> None:
        """Begin to answer."""
        TURNS.add(self._socket.fileno(), self._readable)

    def stop(self) -> None:
        """Take no more queries; what waits may still be answered."""
        self._listener.stop()

    def _readable(self) -> int:
        """Answer a batch of queries; return how many there were."""
        count = self._listener.receive()
        for slot in range(count):
            self._take(slot)
        return count

    def _take(self, slot: int) -> None:
        """Answer one query: without its header it stands where any other would."""
        listener, room, at = self._listener, self._listener.room, slot * SLOT_BYTES
        front = listener.source(slot)
        if not self._fronts.believe(front):
            return
        data = bytes(room.data[at : at + room.lengths[slot * HEADER_WORDS + LENGTH_WORD]])
        try:
            said = self._fronts.read(data)
        except WireError:
            return
        if said is None:  # it is cut off: in a datagram nothing more can come
            self._fronts.broken()
            return
        query = data[said.end :]
        room.data[at : at + len(query)] = query
        answer = listener.slowly(slot, query[2:], said.client or front)
        if answer:
            listener.outbox.put(query[:2] + answer, listener.reply_address(slot))


class ProxiedTcpListener(TcpListener):
    """One TCP socket that fronts connect to."""

    def __init__(
        self, sock: socket.socket, service: Service, connections: Connections, fronts: Fronts
    ) -> None:
        """Serve `sock`, which is bound; `stop` closes it."""
        super().__init__(sock, service, connections, redirected=False)
        self.fronts = fronts

    def _connection(self) -> Connection:
        return _ProxiedConnection(self)


class _ProxiedConnection(Connection):
    """One front's connection, which is the client's once the header has come."""

    def __init__(self, listener: ProxiedTcpListener) -> None:
        super().__init__(listener)
        self._fronts = listener.fronts
        self._is_known = False

    def _admit(self, client: bytes, transport: asyncio.Transport) -> None:
        """Until the header has come the connection is one of the front's, idle time and all."""
        if self._fronts.believe(client):
            self._begin(client, transport)
        else:
            transport.abort()

    def _work(self) -> None:
        if not self._is_known and self._transport is not None:
            self._read_header(self._transport)
        if self._is_known:
            super()._work()

    def _read_header(self, transport: asyncio.Transport) -> None:
        try:
            said = self._fronts.read(self._received)
        except WireError:
            self.drop()
            return
        if said is None:
            return
        self._is_known = True
        del self._received[: said.end]
        self._listener.connections.remove(self)
        super()._admit(said.client or self.client, transport)
