"""Captures that nobody here wrote, and some made by dpkt: tshark counts the same in them."""

import struct
from collections import Counter
from pathlib import Path

import pytest

from dnswatch.sources.census import UNREAD
from dnswatch.sources.crew import Crew
from dnswatch.sources.stream import Stream
from tests.sources.judge import judged, need_tshark, protocols
from tests.sources.links import LINKS, OTHER_TUNNELS, TUNNELS, UNKNOWN_TO_TSHARK
from tests.sources.packets import (
    CLIENT,
    NOON,
    SERVER,
    back,
    conversation,
    ethernet,
    fragments,
    interfaces,
    pcap,
    pcapng,
    query,
    response,
    tcp,
    udp,
)

SHARED = Path(__file__).parents[3] / "shared" / "captures"
MEASURES = ("frames", "queries", "mx", "responses", "smtp", "clients")


def counted(*captures: Path) -> Counter[str]:
    """Count with dnswatch."""
    census: Counter[str] = Counter()
    clients: set[bytes | None] = set()
    for reading in Stream([str(one) for one in captures], Crew(1)).readings():
        census.update(reading.census)
        clients.update(seen.client for seen in reading.lookups)
    census["clients"] = len(clients)
    return census


@pytest.mark.parametrize(
    "name",
    [
        "arkime_synthetic",
        "dns-edns-ecs",
        "dns53",
        "loc-29-trunc",
        "max-compression-depth",
        "zeek-smtp",
    ],
)
def test_tshark_counts_the_same_in_captures_of_others(name: str) -> None:
    """Frames, queries, MX questions, responses, clients, SMTP connections are as tshark's."""
    need_tshark()
    capture = SHARED / f"{name}.pcap"
    if not capture.exists():
        pytest.skip("../shared/captures is not beside the checkout")
    found, expected = counted(capture), judged(capture)
    assert {measure: found[measure] for measure in MEASURES} == {
        measure: expected[measure] for measure in MEASURES
    }


def _messages(source: str = CLIENT, server: str = SERVER) -> list[bytes]:
    mx = response("example.org", exchanges=["mail.example.org"], ident=8)
    return [
        udp(query(), source, server),
        back(response(), source, server),
        udp(query("example.org", "MX", 8), source, server),
        back(mx, source, server),
        tcp(source, "192.0.2.25" if "." in source else "2001:db8::25", (42000, 25), "S", 5),
    ]


def _over_tcp() -> list[bytes]:
    ask, answer = query(), response()
    asked, answered = (len(m).to_bytes(2, "big") + m for m in (ask, answer))
    return [
        tcp(CLIENT, SERVER, (43000, 53), "S", 9),
        tcp(SERVER, CLIENT, (53, 43000), "SA", 19),
        tcp(CLIENT, SERVER, (43000, 53), "PA", 10, asked[:20]),
        tcp(CLIENT, SERVER, (43000, 53), "PA", 30, asked[20:]),
        tcp(SERVER, CLIENT, (53, 43000), "PA", 20, answered),
    ]


def _timed(frames: list[bytes]) -> list[tuple[float, bytes]]:
    return [(NOON + n / 10, frame) for n, frame in enumerate(frames)]


def _cooked(packet: bytes) -> bytes:
    return bytes(14) + b"\x08\x00" + packet


_LONG = response(gives=[f"192.0.2.{n}" for n in range(1, 90)])
_GENERATED = {
    "plain": pcap(_timed(list(map(ethernet, _messages())))),
    "vlan": pcap(_timed([ethernet(one, [0x8100]) for one in _messages()])),
    "qinq": pcap(_timed([ethernet(one, [0x88A8, 0x8100]) for one in _messages()])),
    "ipv6": pcap(_timed(list(map(ethernet, _messages("2001:db8::1", "2001:db8::53"))))),
    "raw": pcap(_timed(_messages()), link=101),
    "cooked": pcap(_timed(list(map(_cooked, _messages()))), link=113),
    "cooked2": pcap(_timed([b"\x08\x00" + bytes(18) + one for one in _messages()]), link=276),
    "null": pcap(_timed([b"\x02\0\0\0" + one for one in _messages()]), link=0),
    "pcapng": pcapng(_timed(list(map(ethernet, _messages())))),
    "tcp": pcap(_timed(list(map(ethernet, _over_tcp())))),
    "fragments": pcap(
        _timed([ethernet(one) for one in [udp(query()), *fragments(back(_LONG), 512)]])
    ),
    "visit": pcap(conversation()),
}


@pytest.mark.parametrize("kind", _GENERATED)
def test_tshark_counts_the_same_in_every_shape(kind: str, tmp_path: Path) -> None:
    """Whatever the link layer, VLAN tags, IP version, fragments or TCP, nothing is overlooked."""
    need_tshark()
    capture = tmp_path / "capture"
    capture.write_bytes(_GENERATED[kind])
    found, expected = counted(capture), judged(capture)
    assert {measure: found[measure] for measure in MEASURES} == {
        measure: expected[measure] for measure in MEASURES
    }
    assert found["queries"] >= 1


def test_tshark_finds_dns_behind_the_same_links_and_tunnels(tmp_path: Path) -> None:
    """Each link layer and each tunnel that tshark knows."""
    need_tshark()
    wraps = {**LINKS, **{name: (1, wrap) for name, wrap in TUNNELS.items()}}
    shapes = [
        (name, link, NOON + n, wrap(message))
        for n, (name, (link, wrap)) in enumerate(wraps.items())
        for message in (
            udp(query("example.org", "MX", n)),
            back(response("example.org", exchanges=["mx.example.org"], ident=n)),
        )
    ]
    capture = tmp_path / "capture"
    capture.write_bytes(interfaces((link, (at, frame)) for _, link, at, frame in shapes))
    seen = [frame.split(":")[-1] == "dns" for frame in protocols(capture)]
    assert [name for (name, *_), is_dns in zip(shapes, seen, strict=True) if not is_dns] == []
    census = counted(capture)
    found = (census["queries"], census["mx"], census["responses"], census["answered"])
    assert found == (len(wraps),) * 4
    assert (census["unread"], census["not_ip"], census["flows"]) == (0, 0, 0)


def test_what_tshark_does_not_know_is_found_as_well(tmp_path: Path) -> None:
    """Ethernet over MPLS, VXLAN on any port, and what else says nothing of what it holds."""
    wraps = {**UNKNOWN_TO_TSHARK, **{name: (1, wrap) for name, wrap in OTHER_TUNNELS.items()}}
    frames = [
        (link, (NOON + n, wrap(message)))
        for n, (link, wrap) in enumerate(wraps.values())
        for message in (udp(query(ident=n)), back(response(ident=n)))
    ]
    capture = tmp_path / "capture"
    capture.write_bytes(interfaces(frames))
    assert counted(capture)["answered"] == len(wraps)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Its number, and how much of it there was."""
    capture = tmp_path / "capture"
    capture.write_bytes(
        interfaces(
            [
                (147, (NOON, bytes(40))),
                (1, (NOON, bytes(12) + b"\x12\x34" + bytes(40))),
                (147, (NOON, bytes(40))),
            ]
        )
    )
    census = counted(capture)
    assert {name: count for name, count in census.items() if name.startswith(UNREAD)} == {
        f"{UNREAD}link type 147": 2,
        f"{UNREAD}EtherType 0x1234": 1,
    }
    assert (census["unread"], census["not_ip"]) == (3, 0)


def _simple(*frames: bytes) -> bytes:
    """Write frames as simple packet blocks of pcapng, which tell no time."""
    blocks = [interfaces([(1, (NOON, frame)) for frame in frames[:1]])[:48]]
    for frame in frames:
        padded = frame + bytes(-len(frame) % 4)
        size = struct.pack("<I", 16 + len(padded))
        blocks.append(struct.pack("<I", 3) + size + struct.pack("<I", len(frame)) + padded + size)
    return b"".join(blocks)


def test_a_capture_without_times_is_of_none(tmp_path: Path) -> None:
    """Its messages are counted, but nothing is put into 1970."""
    capture = tmp_path / "capture"
    capture.write_bytes(_simple(ethernet(udp(query())), ethernet(back(response()))))
    census = counted(capture)
    assert (census["queries"], census["responses"], census["untimed"]) == (1, 1, 2)
    assert census["clients"] == 0


def test_a_frame_without_a_time_is_of_that_of_its_neighbours(tmp_path: Path) -> None:
    """Of those before it, or where it is the first of those behind."""
    capture = tmp_path / "capture"
    first = _simple(ethernet(udp(query())))
    capture.write_bytes(first + interfaces([(1, (NOON, ethernet(back(response()))))])[48:])
    [seen] = [
        one for reading in Stream([str(capture)], Crew(1)).readings() for one in reading.lookups
    ]
    assert (seen.at, bool(seen.addresses)) == (NOON, True)


@pytest.mark.parametrize("size", [4, 20, 23])
def test_a_file_that_ends_within_its_header_is_cut_off(tmp_path: Path, size: int) -> None:
    """It holds nothing, and that is said of it."""
    capture = tmp_path / "capture"
    capture.write_bytes(pcap(conversation())[:size])
    census = counted(capture)
    assert (census["frames"], census["cut_off"]) == (0, 1)


def test_the_time_of_a_frame_that_leaps_ahead_is_held_against_the_next(tmp_path: Path) -> None:
    """What is of another year than both its neighbours is damage; what others follow is a gap."""
    frame = ethernet(udp(query()))
    year = 366 * 86_400.0
    for moments, damaged in (([0, 2 * year, 1], 1), ([0, 2 * year, 2 * year + 1], 0)):
        capture = tmp_path / "capture"
        capture.write_bytes(pcap([(NOON + moment, frame) for moment in moments]))
        census = counted(capture)
        assert (census["damaged"], census["queries"]) == (damaged, 3 - damaged)
