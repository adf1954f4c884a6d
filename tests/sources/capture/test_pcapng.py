"""pcapng files: sections and interfaces, simple packets, damage."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.sources.capture.dissection import dissect
from dnswatch.sources.capture.pcapng import BlockWalk, chunks
from dnswatch.sources.capture.pieces import decode
from tests.sources.packets import Frame, conversation, listed, pcapng


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Write a block."""
    body += bytes(-len(body) % 4)
    total = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + total + body + total


def section(order: str = "<") -> bytes:
    """Write a section header."""
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = 1, options: bytes = b"", order: str = "<") -> bytes:
    """Write an interface description."""
    return block(1, struct.pack(f"{order}HHI", link, 0, 65535) + options, order)


def packet(data: bytes, ticks: int = 0, number: int = 0, order: str = "<") -> bytes:
    """Write an enhanced packet."""
    head = struct.pack(f"{order}IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), 99)
    return block(6, head + data, order)


def read(data: bytes, size: int = 1 << 20) -> list[tuple[Frame, bytes]]:
    """Return the frames of a file, with what is in them."""
    return [
        (frame, chunk.data[frame[2] : frame[3]])
        for chunk in chunks(io.BytesIO(data), size=size)
        for frame in listed(BlockWalk(chunk))
    ]


def contents(data: bytes, size: int = 1 << 20) -> list[bytes]:
    """Return what is in the frames of a file."""
    return [content for _, content in read(data, size)]


MANY = section() + interface() + b"".join(packet(bytes([n]) * (20 + n), n) for n in range(30))


@given(size=st.integers(1, 3000))
def test_a_file_is_the_same_however_it_is_cut(size: int) -> None:
    """Chunks of any size hold the same frames in the same order."""
    assert contents(MANY, size) == [bytes([n]) * (20 + n) for n in range(30)]


def test_what_dpkt_wrote_is_read() -> None:
    """Times and frames of a visit are those that were written."""
    visit = conversation()
    found = read(pcapng(visit))
    assert [content for _, content in found] == [frame for _, frame in visit]
    assert [frame[0] for frame, _ in found] == pytest.approx([at for at, _ in visit], abs=1e-5)


@pytest.mark.parametrize("order", "<>")
def test_each_interface_has_its_link_type_and_its_clock(order: str) -> None:
    """Ticks are of the interface's own resolution, and begin at its own offset."""
    nanoseconds = struct.pack(f"{order}HHB3x", 9, 1, 9)
    halves = struct.pack(f"{order}HHB3xHHq", 9, 1, 0x81, 14, 8, 1000)
    file = section(order) + interface(1, nanoseconds, order) + interface(101, halves, order)
    file += packet(b"a", 2_500_000_000, 0, order) + packet(b"b", 5, 1, order)
    found = [(at, link, content) for (at, link, *_), content in read(file)]
    assert found == [(2.5, 1, b"a"), (1002.5, 101, b"b")]


def test_simple_and_old_packets_are_read() -> None:
    """A simple packet has no time; an old one has its interface's number in two bytes."""
    simple = block(3, struct.pack("<I", 3) + b"abc")
    old = block(2, struct.pack("<HHIIII", 0, 7, 0, 1_000_000, 2, 2) + b"de")
    found = [
        (at, link, content)
        for (at, link, *_), content in read(section() + interface() + simple + old)
    ]
    assert found == [(0.0, 1, b"abc"), (1.0, 1, b"de")]


def test_a_second_section_has_interfaces_of_its_own() -> None:
    """Files that were joined one behind the other are read, in either order of bytes."""
    file = section() + interface(1) + packet(b"a") + section(">") + interface(101, order=">")
    file += packet(b"b", order=">")
    assert [(link, content) for (_, link, *_), content in read(file)] == [(1, b"a"), (101, b"b")]


def test_a_packet_of_an_unknown_interface_is_still_counted() -> None:
    """It is a frame of which nothing more is known."""
    [((at, link, *_), _)] = read(section() + interface() + packet(b"a", number=5))
    assert (at, link) == (0.0, -1)


@pytest.mark.parametrize("place", [4, -4])
def test_damage_in_the_middle_is_skipped_and_counted(place: int) -> None:
    """A block whose two lengths differ is lost, and those behind it are read."""
    blocks = [packet(bytes([n]) * 21, n) for n in range(10)]
    place %= len(blocks[4])
    blocks[4] = blocks[4][:place] + b"\x10" + blocks[4][place + 1 :]
    file = section() + interface() + b"".join(blocks)
    assert contents(file) == [bytes([n]) * 21 for n in range(10) if n != 4]
    told = list(chunks(io.BytesIO(file)))
    assert (sum(c.damaged for c in told), sum(c.damaged_bytes for c in told)) == (1, len(blocks[4]))


def test_an_end_that_is_cut_off_is_said() -> None:
    """A last block that is not whole is no damage, but it is told."""
    *_, last = chunks(io.BytesIO(MANY[:-3]))
    assert last.is_cut_off
    assert len(contents(MANY[:-3])) == 29


def test_a_simple_block_may_hold_nothing() -> None:
    """Not even the length of its frame: it is cut off, and nothing else."""
    data = section() + interface() + block(3, b"")
    assert contents(data) == [b""]
    [chunk] = chunks(io.BytesIO(data))
    assert decode(dissect(chunk)).census["cut"] == 1
