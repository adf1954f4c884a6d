"""IP packets: headers of both versions, options and extension headers, fragments, stumps."""

import pytest

from dnswatch.sources.capture.ip import UDP, Fragment, packet
from tests.sources.packets import CLIENT, SERVER, fragments, udp

PACKET = udp(b"payload")
PACKET6 = udp(b"payload", "2001:db8::1", "2001:db8::2")
ENDS6 = PACKET6[8:40]


def test_ipv4_is_read_wherever_it_lies() -> None:
    """Protocol, addresses, and where the payload begins and ends."""
    data = b"xyz" + PACKET + b"padding of a short frame"
    found = packet(data, 3, len(data))
    assert found is not None
    assert (found.protocol, found.fragment) == (UDP, None)
    assert found.addresses == bytes(map(int, f"{CLIENT}.{SERVER}".split(".")))
    assert found.payload == (23, 3 + len(PACKET), len(PACKET))


def test_options_are_passed_over() -> None:
    """The header says how long it is."""
    data = b"\x46" + PACKET[1:20] + bytes(4) + PACKET[20:]
    found = packet(data, 0, len(data))
    assert found is not None
    assert found.payload[0] == 24


def test_a_length_of_zero_goes_to_the_end() -> None:
    """The kernel writes it where the card is to cut the packet (segmentation offload)."""
    data = PACKET[:2] + b"\0\0" + PACKET[4:]
    found = packet(data, 0, len(data))
    assert found is not None
    assert found.payload == (20, len(data), len(data))


def test_extension_headers_are_passed_over() -> None:
    """Hop by hop, routing, destination options and authentication, in any order."""
    hop, destination = bytes((60, 1)) + bytes(14), bytes((51, 0)) + bytes(6)
    authentication = bytes((UDP, 4)) + bytes(22)
    body = hop + destination + authentication + PACKET6[40:]
    data = PACKET6[:4] + len(body).to_bytes(2, "big") + b"\0\x40" + ENDS6 + body
    found = packet(data, 0, len(data))
    assert found is not None
    assert (found.protocol, found.addresses) == (UDP, ENDS6)
    assert found.payload == (40 + len(body) - len(PACKET6) + 40, len(data), len(data))


def test_fragments_of_both_versions_are_told() -> None:
    """A fragment says of which packet it is, where it lies in it, and whether it is the last."""
    first, last = fragments(udp(bytes(600)), 400)
    for data, offset, is_last in ((first, 0, False), (last, 400, True)):
        found = packet(data, 0, len(data))
        assert found is not None
        assert found.fragment == Fragment(data[12:20] + b"\x11" + data[4:6], offset, is_last)
    head = bytes((UDP, 0, 0, 8, 1, 2, 3, 4))
    data = PACKET6[:4] + b"\0\x10\x2c\x40" + ENDS6 + head + bytes(8)
    found = packet(data, 0, len(data))
    assert found is not None
    assert found.fragment == Fragment(ENDS6 + b"\x11\1\2\3\4", 8, True)


def test_a_fragment_that_is_whole_is_none() -> None:
    """An atomic fragment (RFC 6946) is a packet like others."""
    data = PACKET6[:4] + b"\0\x10\x2c\x40" + ENDS6 + bytes((UDP, 0, 0, 0, 1, 2, 3, 4)) + bytes(8)
    found = packet(data, 0, len(data))
    assert found is not None
    assert (found.fragment, found.payload[0]) == (None, 48)


@pytest.mark.parametrize("data", [PACKET, PACKET6], ids=["4", "6"])
def test_a_header_that_is_cut_off_is_said(data: bytes) -> None:
    """What follows the frame in the block is never read as if it belonged to it."""
    size = 20 if data is PACKET else 40
    with pytest.raises(IndexError):
        packet(data, 0, size - 1)


def test_what_is_no_ip_is_none() -> None:
    """The version tells."""
    assert packet(b"\x50" + bytes(50), 0, 51) is None
