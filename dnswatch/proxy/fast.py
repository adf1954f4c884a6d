"""The per-packet path over UDP: an answer at once, or on to `service`.

The one file that trades beauty for speed.  A cached answer costs two dict look-ups, one addition
and three copies of a few bytes, between two system calls that a batch of datagrams shares (`bench`,
table "cached answers", holds the numbers), and once a second its TTLs are counted down.

Access, marks, reading the query: all of that is looked at when a client or a query first appears,
on the slow side; whoever must not pass by quickly has no entry in `rows` or `packets`.
"""

import socket
from ipaddress import ip_address

from dnswatch.proxy.datagrams import (
    HEADER_WORDS,
    LENGTH_WORD,
    NAME_BYTES,
    SLOT_BYTES,
    DatagramBatch,
    Outbox,
)
from dnswatch.proxy.service import Service
from dnswatch.proxy.turns import TURNS
from dnswatch.resolver.pending import PendingQuery

_IN_NAME = {socket.AF_INET: (4, 8, 16), socket.AF_INET6: (8, 24, 28)}
"""Where the packed address begins and ends in a sockaddr, and how long the sockaddr is."""


class UdpListener:
    """One listening socket."""

    def __init__(self, sock: socket.socket, service: Service, *, redirected: bool) -> None:
        """Serve `sock`, which is bound; what comes in there is marked where it was redirected."""
        self.redirected = redirected
        self._socket = sock
        self._service = service
        self._access = service.core.access
        self._rows = service.core.observed.rows[redirected]
        self._begin, self._end, self._name_length = _IN_NAME[sock.family]
        anywhere = ip_address(sock.getsockname()[0]).is_unspecified
        if anywhere:
            _ask_for_destination(sock)
        # A link-local IPv6 address means nothing without its interface; IPv4 needs none.
        self._forgets_interfaces = anywhere and sock.family == socket.AF_INET
        self.room = DatagramBatch(control=anywhere)
        self.outbox = Outbox(control=anywhere)
        self.outbox.socket = sock

    async def start(self) -> None:
        """Begin to answer."""
        TURNS.add(self._socket.fileno(), self._readable)

    def stop(self) -> None:
        """Take no more queries; what waits may still be answered."""
        TURNS.remove(self._socket.fileno())

    def receive(self) -> int:
        """Take in what waits, and return how many datagrams that are."""
        try:
            count = self.room.receive(self._socket.fileno())
        except OSError:
            return 0  # what the kernel says of an answer that could not be delivered
        if self._forgets_interfaces:
            self.room.forget_interfaces()
        return count

    def source(self, slot: int) -> bytes:
        """Return the packed address that a slot's datagram came from."""
        name = slot * NAME_BYTES
        return bytes(self.room.names[name + self._begin : name + self._end])

    def reply_address(self, slot: int) -> tuple[bytes, bytes]:
        """Return where an answer goes: the sockaddr, and control data with the sender."""
        name = slot * NAME_BYTES
        return bytes(self.room.names[name : name + self._name_length]), self.room.control(slot)

    def _readable(self) -> int:
        """Answer a batch of queries: runs of answers go out together, over their queries."""
        count = self.receive()
        room, packets = self.room, self._service.core.packets
        fd, now = self._socket.fileno(), self._service.now()
        rows, answers = self._rows, packets.answers
        view, out_lengths = room.view, room.out_lengths
        lengths = room.lengths[LENGTH_WORD::HEADER_WORDS].tolist()
        names = bytes(room.names)
        begin, end = self._begin, self._end
        at = run = 0
        for slot in range(count):
            body = view[at + 2 : at + lengths[slot]].tobytes()
            client = names[begin:end]
            ready = answers.get(body)
            row = rows.get(client)
            if (
                ready is not None
                and row is not None
                and (now < ready.good_until or packets.renew(body, ready, now))
            ):
                row[ready.kind] += 1
                answer = ready.answer
            else:
                answer = self.slowly(slot, body, client) or b""
            if answer:
                view[at + 2 : at + 2 + len(answer)] = answer
                out_lengths[slot * 2 + 1] = len(answer) + 2
            else:
                if slot > run:
                    self._send(fd, run, slot - run)
                run = slot + 1
            at += SLOT_BYTES
            begin += NAME_BYTES
            end += NAME_BYTES
        if count > run:
            self._send(fd, run, count - run)
        return count

    def _send(self, fd: int, first: int, count: int) -> None:
        failed = self.room.send(fd, first, count)
        if failed:
            self._service.core.observed.counters["answers_unsent"] += failed

    def slowly(self, slot: int, body: bytes, client: bytes) -> bytes | None:
        """Answer a query whose client or bytes are new within this second."""
        service, admission = self._service, self._access.of(client)
        answer = service.screen(body, client, admission, redirected=self.redirected)
        if answer is not None:
            return answer
        at = slot * SLOT_BYTES
        pending = PendingQuery(
            client,
            admission.is_recorded,
            self.redirected,
            admission.is_unforgeable,
            bytes(self.room.data[at : at + 2]),
            self._reply,
            self.reply_address(slot),
        )
        return service.query(body, pending, udp=True)

    def _reply(self, pending: PendingQuery, body: bytes) -> None:
        self.outbox.put(pending.message_id + body, pending.reply_address)


def _ask_for_destination(sock: socket.socket) -> None:
    """Have the kernel tell where each datagram was sent to, for a socket that is bound to all."""
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


_IP_PKTINFO = 8
