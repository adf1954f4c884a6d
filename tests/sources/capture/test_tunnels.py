"""Tunnels: the packet within is found, and what is none is left alone."""

import struct

import pytest

from dnswatch.sources.capture.tunnels import inner
from tests.sources.packets import ethernet, udp

INNER = udp(b"inner")
FRAME = ethernet(INNER)


def _udp(port: int, head: bytes, body: bytes = FRAME, *, back: bool = False) -> bytes:
    ports = (port, 55555) if back else (55555, port)
    return struct.pack("!HHHH", *ports, 8 + len(head + body), 0) + head + body


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        (4, INNER), (41, INNER),
        (47, b"\0\0\x08\0" + INNER), (47, b"\x30\0\x08\0" + bytes(8) + INNER),
        (47, b"\0\0\x65\x58" + FRAME), (47, b"\x10\0\x88\xbe" + bytes(12) + FRAME),
        (47, b"\0\0\x88\xbe" + FRAME), (47, b"\x10\0\x22\xeb" + bytes(16) + FRAME),
        (17, _udp(4789, b"\x08" + bytes(7))), (17, _udp(4790, b"\x0c\0\0\3" + bytes(4))),
        (17, _udp(4790, b"\x0c\0\0\1" + bytes(4), INNER, back=True)),
        (17, _udp(6081, b"\1\0\x65\x58" + bytes(8))),
        (17, _udp(6081, b"\0\0\x08\0" + bytes(4), INNER)),
    ],
)  # fmt: skip
def test_the_packet_within_is_found(protocol: int, payload: bytes) -> None:
    """Wherever the tunnel lies in the block."""
    data = b"before" + payload
    assert data[inner(protocol, data, 6, len(data)) :] == INNER


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        (6, bytes(40)), (47, b"\0\0\x88\x0b" + bytes(20)), (17, _udp(4789, b"", b"")),
        (17, _udp(4790, b"\0\0\0\4" + bytes(4))), (17, _udp(6081, b"\0\0\x12\x34" + bytes(4))),
    ],
)  # fmt: skip
def test_what_holds_no_packet_is_left_alone(protocol: int, payload: bytes) -> None:
    """PPTP, stumps and protocols that are not known."""
    assert inner(protocol, payload, 0, len(payload)) == -1
