"""Link layers: IP is found behind each, and nothing where there is none."""

import struct

import pytest

from dnswatch.sources.capture.link import FINDERS, ethernet, unknown
from tests.sources.packets import ethernet as framed
from tests.sources.packets import udp

PACKET = udp(b"payload")
PACKET6 = udp(b"payload", "2001:db8::1", "2001:db8::2")
MACS = bytes(12)


@pytest.mark.parametrize(
    ("link", "head"),
    [
        (0, b"\x02\0\0\0"), (0, b"\0\0\0\x02"), (108, b"\0\0\0\x18"),
        (1, MACS + b"\x08\0"), (1, MACS + b"\x81\0\0\5\x08\0"),
        (1, MACS + b"\x88\xa8\0\5\x81\0\0\6\x08\0"),
        (1, MACS + b"\x88\x47\0\1\x00\x40\0\1\x01\x40"),
        (1, MACS + b"\x88\x64\x11\0\0\1\0\x1e\0\x21"),
        (9, b"\xff\x03\0\x21"), (9, b"\0\x21"), (101, b""), (12, b""), (228, b""),
        (113, bytes(14) + b"\x08\0"), (113, bytes(14) + b"\x81\0\0\5\x08\0"),
        (276, b"\x08\0" + bytes(18)),
    ],
)  # fmt: skip
def test_ip_is_found_behind_each_link_layer(link: int, head: bytes) -> None:
    """The packet begins right behind the header, wherever in the block the frame lies."""
    before = b"\x08\0\x45"
    data = before + head + PACKET
    assert FINDERS[link](data, len(before), len(data)) == len(before) + len(head)


def test_ipv6_is_found() -> None:
    """The type of Ethernet says so, and a raw packet itself."""
    frame = framed(PACKET6, [0x8100])
    assert ethernet(frame, 0, len(frame)) == 18
    assert FINDERS[101](PACKET6, 0, len(PACKET6)) == 0


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (1, MACS + b"\x08\x06" + bytes(28)), (1, b""), (1, MACS + b"\x81\0\0\5" * 3),
        (1, MACS + struct.pack("!H", 60) + bytes(60)), (1, MACS + b"\x88\x47\0\0\0\x40"),
        (0, b"\x07\0\0\0"), (9, b"\xff\x03\xc0\x21"), (101, b"\x60"[:0]), (101, b"\x11"),
        (113, bytes(14) + b"\x08\x06"), (276, b"\x08\x06" + bytes(18)),
    ],
)  # fmt: skip
def test_where_there_is_no_ip_nothing_is_found(link: int, frame: bytes) -> None:
    """ARP, spanning tree, PPP's own talk and stumps are no IP."""
    assert FINDERS[link](frame, 0, len(frame)) == -1 if len(frame) > 3 or link == 101 else True


def test_a_link_type_that_is_not_known_has_no_ip() -> None:
    """Such frames are counted, not guessed at."""
    assert unknown(PACKET, 0, len(PACKET)) == -1
