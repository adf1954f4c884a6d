"""Link layers: IP is found behind each, and what there is instead is named."""

import struct

import pytest

from dnswatch.sources.capture.link import FINDERS, ethernet, find, named
from tests.sources.links import LINKS, MACS, UNKNOWN_TO_TSHARK, Wrap, radio
from tests.sources.packets import ethernet as framed
from tests.sources.packets import udp

PACKET = udp(b"payload")
PACKET6 = udp(b"payload", "2001:db8::1", "2001:db8::2")


@pytest.mark.parametrize(("link", "wrap"), [*LINKS.values(), *UNKNOWN_TO_TSHARK.values()])
def test_ip_is_found_behind_each_link_layer(link: int, wrap: Wrap) -> None:
    """The packet begins where it does, wherever in the block the frame lies."""
    frame = wrap(PACKET)
    place = find(link)(b"before" + frame, 6, 6 + len(frame))
    assert place == 6 + frame.index(PACKET)


def test_ipv6_is_found() -> None:
    """The type of Ethernet says so, and a raw packet itself."""
    frame = framed(PACKET6, [0x8100])
    assert ethernet(frame, 0, len(frame)) == 18
    assert FINDERS[101](PACKET6, 0, len(PACKET6)) == 0


@pytest.mark.parametrize(
    ("link", "frame", "name"),
    [
        (1, MACS + b"\x08\x06" + bytes(28), ""),
        (1, MACS + struct.pack("!H", 38) + b"BB\x03", ""),
        (1, MACS + b"\x81\0\0\5\x81\0\0\5\x08\x06" + bytes(28), ""),
        (9, b"\xff\x03\xc0\x21", ""),
        (105, radio(PACKET, b"\x80\0"), ""),
        (1, MACS + b"\x12\x34" + bytes(28), "EtherType 0x1234"),
        (1, MACS + struct.pack("!H", 60) + bytes(60), "LLC service access points 0x0000"),
        (1, MACS + b"\x88\x47\0\0\0\x40" + bytes(8), "EtherType 0x8847"),
        (105, radio(PACKET, b"\x08\x41"), "802.11, encrypted"),
        (0, b"\x07\0\0\0", "address family 7"),
        (9, b"\x40\x11", "PPP protocol 0x4011"),
        (101, b"\x11", "address family 0"),
        (147, PACKET, "link type 147"),
        (-1, PACKET, "an interface that is not described"),
        (258, struct.pack("<III", 12, 1, 258) + PACKET, "link type 258"),
        (192, struct.pack("<HHI", 0, 8, 999) + PACKET, "link type 999"),
    ],
)
def test_what_is_no_ip_is_named(link: int, frame: bytes, name: str) -> None:
    """By its number, but for what is known to hold none: ARP, spanning tree, PPP's own talk."""
    assert named(find(link)(frame, 0, len(frame))) == name


@pytest.mark.parametrize("link", FINDERS)
def test_a_stump_is_no_place(link: int) -> None:
    """A frame that is cut off within its headers is said to be, or has no IP within it."""
    wraps = [wrap for number, wrap in LINKS.values() if number == link] or [framed]
    for wrap in wraps:
        frame = wrap(PACKET)
        for length in range(frame.index(PACKET)):
            try:
                place = find(link)(frame[:length], 0, length)
            except (IndexError, struct.error):
                continue
            assert place < 0 or place >= length
