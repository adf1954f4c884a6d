"""Dissection: a chunk by itself gives messages, flows, and what only its neighbours can close."""

import io

import pytest

from dnswatch.sources.capture import pcap
from dnswatch.sources.capture.dissection import dissect
from dnswatch.sources.capture.flows import Part
from dnswatch.sources.capture.pieces import Dissected, decode
from dnswatch.sources.moments import LATEST, LEAP
from tests.sources.packets import (
    CLIENT,
    NOON,
    SERVER,
    Timed,
    conversation,
    ethernet,
    fragments,
    query,
    response,
    tcp,
    udp,
)
from tests.sources.packets import pcap as written


def found(frames: list[Timed], link: int = 1, snaplen: int = 65535) -> Dissected:
    """Take frames apart."""
    [chunk] = pcap.chunks(io.BytesIO(written(frames, link, snaplen)))
    return decode(dissect(chunk))


def flows(told: Dissected) -> list[Part]:
    """Return the flows of a chunk."""
    return [Part(*row) for row in told.flows]


def test_a_visit_is_a_lookup_and_a_flow() -> None:
    """The query is matched within the chunk; the flow is a part until all is read."""
    told = found(conversation())
    assert told.census == {"frames": 9, "queries": 1, "responses": 1, "answered": 1}
    assert len(told.lookups) == 1
    assert [(part.packets, part.sent) for part in flows(told)] == [(7, 5)]
    assert told.last == NOON + 0.8


def test_what_the_chunk_leaves_open_is_handed_on() -> None:
    """Queries and responses alone, segments of DNS over TCP, fragments."""
    frames = [
        udp(query(ident=1)),
        udp(response(ident=2), SERVER, CLIENT, 53, 40000),
        tcp(CLIENT, SERVER, (40001, 53), "PA", 5, b"\0\x1d" + query()),
        fragments(udp(bytes(900), dport=9999), 400)[1],
    ]
    told = found([(NOON, ethernet(frame)) for frame in frames])
    assert [len(told.queries), len(told.responses), len(told.segments), len(told.scraps)] == [1] * 4
    assert told.segments[0].payload == b"\0\x1d" + query()
    assert told.scraps[0].offset == 400


def test_the_short_way_and_the_long_one_say_the_same() -> None:
    """A VLAN tag, or IP options, change nothing of what is found."""
    plain = found(conversation())
    tagged = found([(at, frame[:12] + b"\x81\0\0\5" + frame[12:]) for at, frame in conversation()])
    optional = found([(at, _with_options(frame)) for at, frame in conversation()])
    assert tagged == plain
    assert optional.lookups == plain.lookups == tagged.lookups


@pytest.mark.parametrize("cut", [0, 1, 8, 27, 30, 60])
def test_ipv6_has_its_short_way_too(cut: int) -> None:
    """DNS, TCP, and frames cut off anywhere."""
    here, there = "2001:db8::7", "2001:db8::35"
    packets = [
        udp(query(), here, there),
        udp(response(), there, here, 53, 40000),
        tcp(here, there, (40001, 25), "S"),
    ]
    frames = [(NOON, ethernet(packet)) for packet in packets]
    frames = [(at, frame[: len(frame) - cut]) for at, frame in frames]
    tagged = [(at, frame[:12] + b"\x81\0\0\5" + frame[12:]) for at, frame in frames]
    told = found(frames)
    assert told == found(tagged)
    assert cut or (len(told.lookups), len(told.flows)) == (1, 1)


def test_frames_that_are_cut_off_are_counted() -> None:
    """Within the headers nothing can be said of them."""
    told = found([(NOON, frame[:30]) for _, frame in conversation()])
    assert (told.census["cut"], told.flows) == (9, [])


def test_other_frames_are_counted() -> None:
    """ARP, and a link layer that is not known."""
    assert found([(NOON, bytes(12) + b"\x08\x06" + bytes(28))]).census["not_ip"] == 1
    census = found(conversation(), link=147).census
    assert (census["unread"], census["unread: link type 147"]) == (9, 9)


def test_lengths_that_cannot_be_make_no_payload_below_nothing() -> None:
    """A TCP header said to be longer than its packet, an IP packet shorter than its header."""
    long = bytearray(tcp(CLIENT, SERVER, (1, 2), "S"))
    long[32] = 0xF0
    short = bytearray(udp(b"", dport=9))
    short[2:4], short[9] = b"\0\x08", 99
    told = found([(NOON, ethernet(bytes(long))), (NOON, ethernet(bytes(short)))])
    assert [part.sent for part in flows(told)] == [0, 0]


def test_a_fragment_shorter_than_its_header_holds_nothing() -> None:
    """The packet's length ends before its payload begins."""
    [first, *_] = fragments(udp(bytes(900), dport=9999), 400)
    short = first[:2] + b"\0\x08" + first[4:]
    [scrap] = found([(NOON, ethernet(short))]).scraps
    assert scrap.part == b""


@pytest.mark.parametrize("astray", [NOON + 2 * LEAP, LATEST + 9])
def test_a_time_that_cannot_be_is_damage(astray: float) -> None:
    """It carries nothing away: what follows has its own place."""
    frames = conversation()
    frames[3] = astray, frames[3][1]
    told = found(frames)
    assert told.census["damaged"] == 1
    assert told.last == frames[-1][0]


def test_tunnels_within_tunnels_end() -> None:
    """A packet that wraps itself a thousand times costs a few steps."""
    packet = udp(query())
    for _ in range(1000):
        packet = (
            b"\x45\0"
            + (20 + len(packet)).to_bytes(2, "big")
            + bytes(5)
            + b"\4"
            + bytes(10)
            + packet
        )
    told = found([(NOON, ethernet(packet))])
    assert told.census["frames"] == 1
    assert [part.protocol for part in flows(told)] == [4]


def _with_options(frame: bytes) -> bytes:
    length = int.from_bytes(frame[16:18], "big") + 4
    head = frame[:14] + b"\x46" + frame[15:16] + length.to_bytes(2, "big") + frame[18:34]
    return head + bytes(4) + frame[34:]
