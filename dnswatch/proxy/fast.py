"""The per-packet path over UDP: an answer at once, or on to `service`.

The one file that trades beauty for speed.  A cached answer that was asked for within this second
costs two dict look-ups, one addition and three copies of a few bytes, between two system calls that
a batch of datagrams shares (`bench`, table "cached answers", holds the numbers).

Access, marks, reading the query, the age of TTLs: all of that is looked at when a client or a query
first appears within a second, on the slow side; whoever must not pass by quickly has no entry in
`rows` or `ready`.
"""

import asyncio
import socket
from ipaddress import ip_address

from dnswatch.codes import Ede, Option, Rcode
from dnswatch.errors import WireError
from dnswatch.model.observation import Fate
from dnswatch.proxy.datagrams import (
    HEADER_WORDS,
    LENGTH_WORD,
    NAME_BYTES,
    SLOT_BYTES,
    Batch,
    Outbox,
)
from dnswatch.proxy.lookup import Waiter
from dnswatch.proxy.reports import Reports, turned_away
from dnswatch.proxy.service import Service
from dnswatch.resolver.access import Admission, Admissions
from dnswatch.resolver.rates import Fairness, Rates
from dnswatch.wire import build, query

_IN_NAME = {socket.AF_INET: (4, 8, 16), socket.AF_INET6: (8, 24, 28)}
"""Where the packed address begins and ends in a sockaddr, and how long the sockaddr is."""

_COOKIE = Option.COOKIE.to_bytes(2, "big") + b"\0\x18"
"""What a DNS cookie begins with that may be one of ours: 24 bytes long."""

_PROHIBITED = build.ede(Ede.PROHIBITED, "this resolver is not for your network")


class UdpListener:
    """One listening socket."""

    def __init__(
        self, sock: socket.socket, service: Service, admissions: Admissions, rates: Rates,
        reports: Reports, *, redirected: bool,
    ) -> None:  # fmt: skip
        """Serve `sock`, which is bound; what comes in there is marked where it was redirected."""
        self.redirected = redirected
        self.admissions = admissions
        self._socket = sock
        self._service = service
        self._rates = rates
        self._reports = reports
        self._now = reports.now
        self._rows = reports.rows[redirected]
        self._begin, self._end, self._name_length = _IN_NAME[sock.family]
        anywhere = ip_address(sock.getsockname()[0]).is_unspecified
        if anywhere:
            _ask_for_destination(sock)
        # A link-local IPv6 address means nothing without its interface; IPv4 needs none.
        self._forgets_interfaces = anywhere and sock.family == socket.AF_INET
        self.room = Batch(control=anywhere)
        self.outbox = Outbox(control=anywhere)
        self.outbox.socket = sock

    async def start(self) -> None:
        """Begin to answer."""
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def stop(self) -> None:
        """Take no more queries; what waits may still be answered."""
        asyncio.get_running_loop().remove_reader(self._socket)

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

    def way(self, slot: int) -> tuple[bytes, bytes]:
        """Return the way back: the sockaddr, and from where."""
        name = slot * NAME_BYTES
        return bytes(self.room.names[name : name + self._name_length]), self.room.control(slot)

    def _readable(self) -> None:
        """Answer a batch of queries: runs of answers go out together, over their queries."""
        room = self.room
        fd = self._socket.fileno()
        count = self.receive()
        rows, ready = self._rows, self._service.ready.now
        view, data, lengths, out_lengths = room.view, room.data, room.lengths, room.out_lengths
        names = bytes(room.names)
        begin, end = self._begin, self._end
        at = run = 0
        for slot in range(count):
            exact = view[at + 2 : at + lengths[slot * HEADER_WORDS + LENGTH_WORD]].tobytes()
            client = names[begin:end]
            try:
                tail, kind = ready[exact]
                rows[client][kind] += 1
            except KeyError:
                answer = self.slowly(slot, exact, client)
                if not answer:
                    if slot > run:
                        self._send(fd, run, slot - run)
                    run = slot + 1
                    at += SLOT_BYTES
                    begin += NAME_BYTES
                    end += NAME_BYTES
                    continue
                tail = answer
            data[at + 2 : at + 2 + len(tail)] = tail
            out_lengths[slot * 2 + 1] = len(tail) + 2
            at += SLOT_BYTES
            begin += NAME_BYTES
            end += NAME_BYTES
        if count > run:
            self._send(fd, run, count - run)

    def _send(self, fd: int, first: int, count: int) -> None:
        failed = self.room.send(fd, first, count)
        if failed:
            self._reports.counters["answers_unsent"] += failed

    def slowly(self, slot: int, exact: bytes, client: bytes) -> bytes | None:
        """Answer a query whose client or bytes are new within this second."""
        admission = self.admissions.of(client)
        if not admission.is_answered:
            return self._turn_away(exact)
        recorded = admission.is_recorded
        again = self._service.ready.again(exact, self._now())
        if again is not None:
            self._reports.count(client, again[1], recorded, self.redirected)
            return again[0]
        fairness = self._rates.judge(client, is_server=admission.is_server)
        if fairness is not Fairness.ANSWER and not self._is_proven(exact, client, admission):
            return self._limit(exact, client, fairness, recorded)
        at = slot * SLOT_BYTES
        ident, way = bytes(self.room.data[at : at + 2]), self.way(slot)
        proven = admission.is_unforgeable
        waiter = Waiter(ident, client, self._reply, way, recorded, self.redirected, proven)
        return self._service.answer(exact, waiter, udp=True)

    def _is_proven(self, exact: bytes, client: bytes, admission: Admission) -> bool:
        """Say whether a query beyond its client's rate has a cookie, and so a rate of its own."""
        if _COOKIE not in exact:
            return False
        try:
            asked = query.read(b"\0\0" + exact)
        except WireError:
            return False
        if asked is None or not self._service.cookies.check(asked.cookie, client, self._now())[0]:
            return False
        fairness = self._rates.judge(client, is_server=admission.is_server, proven=True)
        return fairness is Fairness.ANSWER

    def _limit(
        self, exact: bytes, client: bytes, fairness: Fairness, recorded: bool
    ) -> bytes | None:
        """Answer a query beyond its client's rate: come by TCP, or nothing."""
        self._reports.count(client, turned_away(Fate.LIMITED), recorded, self.redirected)
        if fairness is Fairness.SILENCE:
            self._reports.counters["rate_dropped"] += 1
            return None
        self._reports.counters["rate_truncated"] += 1
        return build.come_by_tcp(b"\0\0" + exact, query.MIN_UDP)

    def _turn_away(self, exact: bytes) -> bytes | None:
        """Answer a client outside the configured networks: nothing, or REFUSED."""
        self._reports.counters["not_allowed"] += 1
        if not self.admissions.refuse_others:
            return None
        try:
            asked = query.read(b"\0\0" + exact)
        except WireError:
            return None
        if asked is None:
            return None
        return build.error_tail(asked, Rcode.REFUSED, query.MIN_UDP, _PROHIBITED)

    def _reply(self, waiter: Waiter, tail: bytes) -> None:
        self.outbox.put(waiter.ident + tail, waiter.way)


def _ask_for_destination(sock: socket.socket) -> None:
    """Have the kernel tell where each datagram was sent to, for a socket that is bound to all."""
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


_IP_PKTINFO = 8
