"""The traffic that is replayed: visits of web servers at a site's edge, each with its lookup.

A visit is a query with its response and a TCP connection: handshake, request, `SEGMENTS` segments
of payload with an acknowledgement for every second one, and the end.  64 visits go on at a time.
One lookup in fifty asks for MX.  In `lookups` only the DNS part is written.
"""

import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SEGMENTS: Final = 6
"""Segments of payload that the server sends."""
PAYLOAD: Final = 1000
"""Bytes of payload in each."""

BEGIN: Final = 1_060_041_600.0
"""2003-08-05 00:00:00 UTC: the day on which the paper's first trace begins."""
RATE: Final = 100.0
"""Visits a second."""
ABREAST: Final = 64
CLIENTS: Final = 1000
NAMES: Final = 20_000

_ETHERNET: Final = bytes(12) + b"\x08\x00"
_RESOLVER: Final = b"\x0a\0\0\x35"
_SYN, _SYN_ACK, _ACK, _PUSH, _FIN = 0x02, 0x12, 0x10, 0x18, 0x11


def write(path: Path, size: int, *, lookups: bool = False, seed: int = 1) -> int:
    """Write a capture of at least `size` bytes; return how many packets it holds."""
    chance = random.Random(seed)
    packets = written = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        at = BEGIN
        while written < size:
            visits = [_visit(chance, lookups) for _ in range(ABREAST)]
            frames = [frame for step in zip(*visits, strict=True) for frame in step]
            gap = ABREAST / RATE / len(frames)
            block = bytearray()
            for n, frame in enumerate(frames):
                seconds, part = divmod(round((at + n * gap) * 1e6), 1_000_000)
                block += struct.pack("<IIII", seconds, part, len(frame), len(frame))
                block += frame
            written += file.write(block)
            packets += len(frames)
            at += ABREAST / RATE
    return packets


def _visit(chance: random.Random, lookups: bool) -> Iterator[bytes]:
    client = b"\x0a\1" + chance.randrange(CLIENTS).to_bytes(2, "big")
    number = min(int(chance.expovariate(20 / NAMES)), NAMES - 1)
    server = b"\xc6" + (18 << 16 | number).to_bytes(3, "big")
    port = chance.randrange(1024, 65536)
    yield from _lookup(client, port, chance.randrange(65536), number, server, chance)
    if lookups:
        return
    yield _tcp(client, server, port, 80, _SYN)
    yield _tcp(server, client, 80, port, _SYN_ACK)
    yield _tcp(client, server, port, 80, _ACK)
    yield _tcp(client, server, port, 80, _PUSH, b"GET / HTTP/1.1\r\nHost: www\r\n\r\n".ljust(400))
    for n in range(SEGMENTS):
        yield _tcp(server, client, 80, port, _PUSH, bytes(PAYLOAD))
        if n % 2:
            yield _tcp(client, server, port, 80, _ACK)
    yield _tcp(server, client, 80, port, _FIN)
    yield _tcp(client, server, port, 80, _FIN)
    yield _tcp(server, client, 80, port, _ACK)


def _lookup(
    client: bytes, port: int, ident: int, number: int, server: bytes, chance: random.Random
) -> Iterator[bytes]:
    name = b"".join(bytes([len(label)]) + label for label in (b"www", b"site%d" % number, b"com"))
    is_mx = not chance.randrange(50)
    question = name + (b"\0\0\x0f\0\1" if is_mx else b"\0\0\1\0\1")
    head = ident.to_bytes(2, "big")
    yield _udp(client, _RESOLVER, port, 53, head + b"\1\0\0\1\0\0\0\0\0\0" + question)
    if is_mx:
        records = b"\xc0\x0c\0\x0f\0\1\0\0\1\x2c\0\x07\0\x0a\2mx\xc0\x0c"
        count = 1
    else:
        alias = b"\xc0\x0c\0\5\0\1\0\0\1\x2c\0\6\3cdn\xc0\x10"
        pointer = (0xC000 + 12 + len(question) + 12).to_bytes(2, "big")
        records = alias + pointer + b"\0\1\0\1\0\0\1\x2c\0\4" + server
        count = 2
    body = b"\x81\x80\0\1" + count.to_bytes(2, "big") + b"\0\0\0\0" + question + records
    yield _udp(_RESOLVER, client, 53, port, head + body)


def _udp(source: bytes, destination: bytes, sport: int, dport: int, body: bytes) -> bytes:
    return _ip(source, destination, 17, struct.pack("!HHHH", sport, dport, 8 + len(body), 0) + body)


def _tcp(
    source: bytes, destination: bytes, sport: int, dport: int, flags: int, body: bytes = b""
) -> bytes:
    head = struct.pack("!HHIIBBHHH", sport, dport, 0, 0, 0x50, flags, 65535, 0, 0)
    return _ip(source, destination, 6, head + body)


def _ip(source: bytes, destination: bytes, protocol: int, body: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    return _ETHERNET + head + source + destination + body
