"""Messages to begin with, and ways to spoil them."""

import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import dns.edns
import dns.message
import dns.rrset

CAPTURES: Final = Path(__file__).parents[3] / "shared" / "captures"
"""Packets of others; where they are absent the tests do with messages of their own."""


def queries() -> list[bytes]:
    """Give queries of every shape that clients send."""
    plain = dns.message.make_query("www.example.org", "A")
    options: list[dns.edns.Option] = [
        dns.edns.ECSOption("192.0.2.0", 24),
        dns.edns.CookieOption(b"12345678", b""),
        dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"\xca\xfe"),
    ]
    rich = dns.message.make_query("Mail.Example", "MX", want_dnssec=True, options=options)
    long = dns.message.make_query(".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61]), "TXT")
    return [message.to_wire() for message in (plain, rich, long)]


def responses() -> list[bytes]:
    """Give responses with every kind of record that is looked into."""
    return [
        _response("www.example.org", "A", "CNAME a.example.", ["a.example. 60 A 192.0.2.1"]),
        _response("example.org", "MX", "MX 10 mx.example.org.", ["mx.example.org. 9 A 192.0.2.1"]),
        _response("example.org", "AAAA", "", [], ["org. 60 SOA ns. admin. 1 2 3 4 5"]),
        _response("big.example", "TXT", f'TXT "{"x" * 250}" "{"y" * 250}"', []),
    ]


def captured() -> list[bytes]:
    """Give the DNS messages of the captures, queries and responses alike."""
    return [wire for path in sorted(CAPTURES.glob("*.pcap")) for wire in _datagrams(path)]


def spoilt(message: bytes, chance: Random) -> bytes:
    """Spoil a message in one to four places."""
    wire = bytearray(message)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(wire) + 1)
        match chance.randrange(7):
            case 0:
                wire[place : place + 1] = chance.randbytes(1)
            case 1:
                del wire[place : place + chance.randint(1, 20)]
            case 2:
                wire[place:place] = chance.randbytes(chance.randint(1, 20))
            case 3:
                wire[place : place + 2] = struct.pack("!H", 0xC000 | chance.randrange(0x4000))
            case 4:
                wire[place : place + 2] = chance.choice((b"\0\0", b"\xff\xff", b"\0\1", b"\x80\0"))
            case 5:
                wire[place:place] = wire[chance.randrange(len(wire) + 1) :]
            case 6 if len(wire) >= 12:
                at = chance.choice((4, 6, 8, 10))
                wire[at : at + 2] = struct.pack("!H", chance.choice((0, 1, 2, 255, 65535)))
    return bytes(wire[:65535])


def _response(
    name: str, kind: str, answer: str, more: list[str], authority: list[str] | None = None
) -> bytes:
    response = dns.message.make_response(
        dns.message.make_query(name, kind, use_edns=0), recursion_available=True
    )
    if answer:
        rtype, rdata = answer.split(" ", 1)
        response.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", rtype, rdata))
    for section, texts in ((response.answer, more), (response.authority, authority or [])):
        for text in texts:
            owner, ttl, rtype, rdata = text.split(" ", 3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata))
    return response.to_wire()


def _datagrams(path: Path) -> Iterator[bytes]:
    """Read the UDP payloads to and from port 53 out of a capture of Ethernet frames over IPv4."""
    data = path.read_bytes()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    at = 24
    while at + 16 <= len(data):
        (length,) = struct.unpack_from(f"{order}I", data, at + 8)
        frame, at = data[at + 16 : at + 16 + length], at + 16 + length
        packet = frame[14:]
        if frame[12:14] != b"\x08\0" or len(packet) < 28 or packet[9] != 17:
            continue
        datagram = packet[(packet[0] & 15) * 4 :]
        if 53 in struct.unpack_from("!HH", datagram):
            yield datagram[8:]
