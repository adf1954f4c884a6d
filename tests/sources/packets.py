"""Packets, made by dpkt and dnslib, which have no line in common with what reads them."""

import io
import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

import dpkt
from dnslib import MX, QTYPE, RR, A, DNSHeader, DNSQuestion, DNSRecord

from dnswatch.sources.capture.frames import FrameWalk

CLIENT, SERVER, WEB = "10.0.0.1", "10.0.0.53", "192.0.2.80"
NOON = 1_060_084_800.0
"""2003-08-05 12:00:00 UTC."""

Timed = tuple[float, bytes]


def query(name: str = "www.example.org", qtype: str = "A", ident: int = 7) -> bytes:
    """Write a query."""
    question = DNSQuestion(name, getattr(QTYPE, qtype))
    return bytes(DNSRecord(DNSHeader(id=ident, rd=1), q=question).pack())


def response(
    name: str = "www.example.org",
    gives: Sequence[str] = (WEB,),
    *,
    exchanges: Sequence[str] = (),
    ident: int = 7,
    ttl: int = 300,
    rcode: int = 0,
) -> bytes:
    """Write a response; with exchanges it is one to a question for MX."""
    qtype = QTYPE.MX if exchanges else QTYPE.A
    record = DNSRecord(
        DNSHeader(id=ident, qr=1, rd=1, ra=1, rcode=rcode), q=DNSQuestion(name, qtype)
    )
    for address in gives if not exchanges else ():
        record.add_answer(RR(name, QTYPE.A, rdata=A(address), ttl=ttl))
    for exchange in exchanges:
        record.add_answer(RR(name, QTYPE.MX, rdata=MX(exchange, 10), ttl=ttl))
    return bytes(record.pack())


def ip(source: str, destination: str, upper: dpkt.Packet, protocol: int) -> bytes:
    """Wrap in IPv4 or IPv6."""
    ends = {"src": ip_address(source).packed, "dst": ip_address(destination).packed}
    if ":" in source:
        packet = dpkt.ip6.IP6(nxt=protocol, hlim=64, plen=len(upper), data=upper, **ends)
        packet.extension_hdrs = {}
    else:
        packet = dpkt.ip.IP(p=protocol, data=upper, len=20 + len(upper), **ends)
    return bytes(packet)


def udp(
    payload: bytes,
    source: str = CLIENT,
    destination: str = SERVER,
    sport: int = 40000,
    dport: int = 53,
) -> bytes:
    """Make an IP packet with UDP."""
    upper = dpkt.udp.UDP(sport=sport, dport=dport, ulen=8 + len(payload), data=payload)
    return ip(source, destination, upper, 17)


def back(payload: bytes, client: str = CLIENT, server: str = SERVER, port: int = 40000) -> bytes:
    """Make an IP packet with UDP from the server's port 53."""
    return udp(payload, server, client, 53, port)


def tcp(
    source: str,
    destination: str,
    ports: tuple[int, int],
    flags: str,
    seq: int = 0,
    payload: bytes = b"",
) -> bytes:
    """Make an IP packet with TCP; `flags` are letters of FSRPA."""
    bits = sum(1 << "FSRPA".index(letter) for letter in flags)
    upper = dpkt.tcp.TCP(sport=ports[0], dport=ports[1], flags=bits, seq=seq, data=payload)
    return ip(source, destination, upper, 6)


def ethernet(packet: bytes, tags: Sequence[int] = ()) -> bytes:
    """Wrap in Ethernet, with VLAN tags of these types."""
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    head = bytes(12)
    for tag in tags:
        head += struct.pack("!HH", tag, 5)
    return head + struct.pack("!H", kind) + packet


def fragments(packet: bytes, size: int) -> list[bytes]:
    """Cut an IPv4 packet into fragments."""
    return [_fragment(packet, at, size) for at in range(0, len(packet) - 20, size)]


def _fragment(packet: bytes, at: int, size: int) -> bytes:
    body = packet[20:][at : at + size]
    more = at + size < len(packet) - 20
    head = bytearray(packet[:20])
    struct.pack_into("!H", head, 2, 20 + len(body))
    struct.pack_into("!HH", head, 4, 77, (0x2000 if more else 0) | at // 8)
    return bytes(head) + body


Frame = tuple[float, int, int, int]
"""When it was captured, its link type, and where it begins and ends in the chunk."""


def listed(frames: FrameWalk) -> list[Frame]:
    """List the frames of a chunk."""
    found = []
    while frames.next():
        found.append((frames.at, frames.link, frames.begin, frames.end))
    return found


def pcap(frames: Iterable[Timed], link: int = 1, snaplen: int = 65535) -> bytes:
    """Write a pcap file."""
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, linktype=link, snaplen=snaplen)
    for at, frame in frames:
        writer.writepkt(frame, at)
    return file.getvalue()


def pcapng(frames: Iterable[Timed], link: int = 1) -> bytes:
    """Write a pcapng file."""
    file = io.BytesIO()
    interface = dpkt.pcapng.InterfaceDescriptionBlockLE(linktype=link)
    writer = dpkt.pcapng.Writer(file, idb=interface)
    for at, frame in frames:
        writer.writepkt(frame, at)
    return file.getvalue()


def interfaces(frames: Iterable[tuple[int, Timed]]) -> bytes:
    """Write a pcapng file by hand, with an interface for each frame's link type."""
    blocks = [struct.pack("<IIIHHq", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1) + struct.pack("<I", 28)]
    for number, (link, (at, frame)) in enumerate(frames):
        blocks.append(struct.pack("<IIHHII", 1, 20, link, 0, 0, 20))
        padded, ticks = frame + bytes(-len(frame) % 4), round(at * 1_000_000)
        size = 32 + len(padded)
        head = (6, size, number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        blocks.append(struct.pack("<IIIIIII", *head) + padded + struct.pack("<I", size))
    return b"".join(blocks)


def conversation(at: float = NOON) -> list[Timed]:
    """Make a lookup and the visit of the web server that follows it."""
    there, here = (41000, 80), (80, 41000)
    packets = [
        udp(query()),
        back(response()),
        tcp(CLIENT, WEB, there, "S", 100),
        tcp(WEB, CLIENT, here, "SA", 500),
        tcp(CLIENT, WEB, there, "A", 101),
        tcp(CLIENT, WEB, there, "PA", 101, b"GET /"),
        tcp(WEB, CLIENT, here, "PA", 501, b"x" * 1000),
        tcp(CLIENT, WEB, there, "FA", 106),
        tcp(WEB, CLIENT, here, "FA", 1501),
    ]
    return [(at + n / 10, ethernet(packet)) for n, packet in enumerate(packets)]
