"""Tunnels: the packet within is found, and what is none is left alone."""

import io
import struct
from random import Random

import pytest

from dnswatch.sources.capture import pcap
from dnswatch.sources.capture.chunk import Chunk
from dnswatch.sources.capture.dissection import Dissector
from dnswatch.sources.capture.tunnels import PORTS, inner
from tests.sources.links import OTHER_TUNNELS, TUNNELS, VXLAN_HEAD, Wrap, teredo
from tests.sources.packets import NOON, Timed, back, ethernet, query, response, udp
from tests.sources.packets import pcap as written


def chunk(frames: list[Timed]) -> Chunk:
    """Write frames of Ethernet as a chunk."""
    [only] = pcap.chunks(io.BytesIO(written(frames)))
    return only


INNER = udp(b"inner")
FRAME = ethernet(INNER)


def _udp(port: int, head: bytes, body: bytes = FRAME, *, back: bool = False) -> bytes:
    ports = (port, 55555) if back else (55555, port)
    return struct.pack("!HHHH", *ports, 8 + len(head + body), 0) + head + body


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        (4, INNER),
        (41, INNER),
        (47, b"\0\0\x08\0" + INNER),
        (47, b"\x30\0\x08\0" + bytes(8) + INNER),
        (47, b"\0\0\x65\x58" + FRAME),
        (47, b"\x10\0\x88\xbe" + bytes(12) + FRAME),
        (47, b"\0\0\x88\xbe" + FRAME),
        (47, b"\x10\0\x22\xeb" + bytes(16) + FRAME),
        (17, _udp(4789, b"\x08" + bytes(7))),
        (17, _udp(4790, b"\x0c\0\0\3" + bytes(4))),
        (17, _udp(4790, b"\x0c\0\0\1" + bytes(4), INNER, back=True)),
        (17, _udp(6081, b"\1\0\x65\x58" + bytes(8))),
        (17, _udp(6081, b"\0\0\x08\0" + bytes(4), INNER)),
    ],
)
def test_the_packet_within_is_found(protocol: int, payload: bytes) -> None:
    """Wherever the tunnel lies in the block."""
    data = b"before" + payload
    assert data[inner(protocol, data, 6, len(data)) :] == INNER


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        (47, b"\0\0\x88\x0b" + bytes(20)),
        (17, _udp(9999, VXLAN_HEAD, bytes(30))),
        (17, _udp(4790, b"\0\0\0\4" + bytes(4))),
        (17, _udp(6081, b"\0\0\x12\x34" + bytes(4))),
    ],
)
def test_what_holds_no_packet_is_left_alone(protocol: int, payload: bytes) -> None:
    """Stumps, and protocols that are not known."""
    assert inner(protocol, payload, 0, len(payload)) < 0


def test_a_port_is_only_a_hint() -> None:
    """Whatever else is sent to a tunnel's port is a flow of its own, and costs no other."""
    chance = Random(7)
    for port in sorted(PORTS):
        for size in range(60):
            payload = chance.randbytes(size)
            packet = ethernet(udp(payload, sport=50_000, dport=int.from_bytes(port, "big")))
            dissector = Dissector()
            dissector.frames(chunk([(NOON, packet)]))
            assert dissector.census["cut"] == 0
            assert len(dissector.flows.parts()) + len(dissector.scraps) == 1


@pytest.mark.parametrize("wrap", [*TUNNELS.values(), *OTHER_TUNNELS.values()])
def test_a_lookup_in_a_tunnel_is_a_lookup(wrap: Wrap) -> None:
    """And the tunnel itself is no flow."""
    dissector = Dissector()
    dissector.frames(chunk([(NOON, wrap(udp(query()))), (NOON + 1, wrap(back(response())))]))
    assert len(dissector.matcher.lookups) == 1
    assert dissector.flows.parts() == []


@pytest.mark.parametrize(
    "head", [b"", bytes(8), b"\0\1\0\0" + bytes(9), b"\0\1\2\3" + bytes(14) + bytes(8)]
)
def test_teredo_is_followed(head: bytes) -> None:
    """Behind its authentication and its origin, if it has any."""
    ends = "2001:0:1::1", "2001:db8::53"
    frames = [teredo(udp(query(), *ends), head), teredo(back(response(), *ends), head)]
    dissector = Dissector()
    dissector.frames(chunk([(NOON + n, frame) for n, frame in enumerate(frames)]))
    assert len(dissector.matcher.lookups) == 1
