"""Packets: a capture of the campus, as the network between its hosts and the world would show it.

Each lookup is a query and its response over UDP; each connection for mail a TCP handshake with the
beginning of SMTP, or a SYN that is refused; other connections of worms one with the beginning of
HTTP.  What people do on the web is in the lookups only.  Link layer, checksums and lengths are
right, so that tshark and Zeek read it without complaint.

A lookup that the site redirected is shown as it was sent: to a foreign server, without recursion.
What really happened stands beside FILE, in the folder FILE.truth (`truth`).
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from zlib import crc32

import dnslib
import dpkt

from dnswatch.errors import SourceError
from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.defences.acts import SeenContact
from dnswatch.lab.campus.output.dataset import write_truth
from dnswatch.lab.campus.run.resolver import place_of
from dnswatch.lab.campus.world import FOREIGN, HTTP
from dnswatch.model.observation import Observation

_LATENCY: Final = 0.02
"""Seconds from a query to its response, and from one side of a connection to the other."""
_DNS: Final = 53
_TYPES: Final = {1: dnslib.A, 15: dnslib.MX, 28: dnslib.AAAA}
_WINDOW: Final = 65535
_SMTP_TALK: Final = ((False, b"220 mail ESMTP\r\n"), (True, b"EHLO client\r\n"))
_HTTP_TALK: Final = ((True, b"GET / HTTP/1.0\r\n\r\n"), (False, b"HTTP/1.0 200 OK\r\n\r\n"))
"""What client (true) and server say when a connection stands."""


class Capture:
    """Writes a capture while a campus runs."""

    def __init__(self, campus: Campus, file: Path) -> None:
        """Begin a capture in `file`; it replaces what stands there."""
        self._campus = campus
        self._truth = file.with_name(f"{file.name}.truth")
        self._servers = campus.site.resolvers
        try:
            self._file = file.open("wb")
        except OSError as error:
            raise SourceError(
                f"cannot write '{file}': {error.strerror}; name another file"
            ) from None
        self._writer = dpkt.pcap.Writer(self._file)
        self._waiting: list[tuple[float, int, bytes]] = []
        self._count = count()

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._campus.truth.keeps_mails = True
        self._campus.resolver.hear = self._observe
        self._campus.post.hear_passing = self._observe
        self._campus.post.hear = self._connect
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the capture, and write the truth."""
        self._pass(inf)
        self._file.close()
        write_truth(self._campus, self._truth)

    def _observe(self, seen: Observation) -> None:
        assert seen.client is not None, "a campus leaves nobody out"
        self._pass(seen.at - _LATENCY)
        server = seen.server or FOREIGN
        if seen.server is None and not seen.redirected:
            server = self._servers[place_of(seen.client, len(self._servers))]
        query, response = messages(seen)
        port = 1024 + crc32(repr(seen.at).encode()) % 60000
        self.write(seen.at - _LATENCY, _udp(seen.client, port, server, _DNS, query))
        self.write(seen.at, _udp(server, _DNS, seen.client, port, response))

    def _connect(self, contact: SeenContact, is_made: bool) -> None:
        self._pass(contact.at - _LATENCY)
        for number, frame in enumerate(connection(contact, is_made)):
            self.write(contact.at + number * _LATENCY, frame)

    def write(self, at: float, frame: bytes) -> None:
        """Write a frame in its place in time."""
        heappush(self._waiting, (at, next(self._count), frame))

    def _pass(self, until: float) -> None:
        """Write the frames before a moment, after which none will come: in order of time."""
        while self._waiting and self._waiting[0][0] < until:
            at, _, frame = heappop(self._waiting)
            self._writer.writepkt(frame, ts=round(at, 6))  # dpkt would write 1,000,000 µs


def messages(seen: Observation) -> tuple[bytes, bytes]:
    """Return the query and the response of a lookup."""
    name = dnslib.DNSLabel(dnslib.DNSBuffer(seen.qname).decode_name().label)
    ident = crc32(seen.qname + repr(seen.at).encode()) & 0xFFFF
    question = dnslib.DNSQuestion(name, seen.qtype)
    asked = dnslib.DNSRecord(dnslib.DNSHeader(id=ident, rd=int(seen.recursion)), q=question)
    header = dnslib.DNSHeader(id=ident, qr=1, ra=1, rd=int(seen.recursion), rcode=seen.rcode)
    answer = dnslib.DNSRecord(header, q=question, rr=list(_records(name, seen)))
    return bytes(asked.pack()), bytes(answer.pack())


def connection(contact: SeenContact, is_made: bool) -> Iterator[bytes]:
    """Yield the frames of a connection."""
    client, server = contact.client, contact.address
    port = 1024 + crc32(repr(contact.at).encode()) % 60000
    mine, theirs = 1000, 5000
    yield _tcp(client, port, server, contact.port, mine, 0, dpkt.tcp.TH_SYN)
    if not is_made:
        flags = dpkt.tcp.TH_RST | dpkt.tcp.TH_ACK
        yield _tcp(server, contact.port, client, port, 0, mine + 1, flags)
        return
    both = dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK
    yield _tcp(server, contact.port, client, port, theirs, mine + 1, both)
    mine, theirs = mine + 1, theirs + 1
    ack, push = dpkt.tcp.TH_ACK, dpkt.tcp.TH_PUSH | dpkt.tcp.TH_ACK
    yield _tcp(client, port, server, contact.port, mine, theirs, ack)
    for is_client, said in _HTTP_TALK if contact.port == HTTP else _SMTP_TALK:
        if is_client:
            yield _tcp(client, port, server, contact.port, mine, theirs, push, said)
            mine += len(said)
        else:
            yield _tcp(server, contact.port, client, port, theirs, mine, push, said)
            theirs += len(said)
    end = dpkt.tcp.TH_FIN | dpkt.tcp.TH_ACK
    yield _tcp(client, port, server, contact.port, mine, theirs, end)
    yield _tcp(server, contact.port, client, port, theirs, mine + 1, end)
    yield _tcp(client, port, server, contact.port, mine + 1, theirs + 1, ack)


def _records(name: dnslib.DNSLabel, seen: Observation) -> Iterator[dnslib.RR]:
    for address, ttl in seen.addresses:
        yield dnslib.RR(name, seen.qtype, rdata=_TYPES[seen.qtype](tuple(address)), ttl=ttl)
    for number, exchange in enumerate(seen.exchanges):
        host = dnslib.DNSLabel(dnslib.DNSBuffer(exchange).decode_name().label)
        yield dnslib.RR(name, seen.qtype, rdata=dnslib.MX(host, 10 * (number + 1)), ttl=seen.ttl)


def _udp(source: bytes, sport: int, target: bytes, dport: int, data: bytes) -> bytes:
    udp = dpkt.udp.UDP(sport=sport, dport=dport, data=data, ulen=8 + len(data))
    return _ip(source, target, dpkt.ip.IP_PROTO_UDP, udp)


def _tcp(
    source: bytes,
    sport: int,
    target: bytes,
    dport: int,
    seq: int,
    ack: int,
    flags: int,
    data: bytes = b"",
) -> bytes:
    segment = dpkt.tcp.TCP(
        sport=sport, dport=dport, seq=seq, ack=ack, flags=flags, win=_WINDOW, data=data
    )
    return _ip(source, target, dpkt.ip.IP_PROTO_TCP, segment)


def _ip(source: bytes, target: bytes, protocol: int, data: dpkt.Packet) -> bytes:
    packet = dpkt.ip.IP(src=source, dst=target, p=protocol, data=data)
    packet.len = len(packet)
    frame = dpkt.ethernet.Ethernet(
        src=b"\2\0" + source, dst=b"\2\0" + target, type=dpkt.ethernet.ETH_TYPE_IP, data=packet
    )
    return bytes(frame)
