"""PROXY protocol headers: who asks, by the word of a front."""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import WireError
from dnswatch.wire.proxied import LONGEST, SIGNATURE, read

QUERY: Final = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0\x0f\0\1"
PORTS: Final = struct.pack("!HH", 40000, 53)


def header(command: int, family: int, body: bytes) -> bytes:
    """Write a header."""
    return SIGNATURE + bytes((command, family)) + struct.pack("!H", len(body)) + body


@given(
    st.ip_addresses(v=4) | st.ip_addresses(v=6),
    st.booleans(),
    st.binary(max_size=LONGEST - 16 - 36),
    st.binary(max_size=64),
)
def test_who_asks_is_read_and_what_follows_is_left(
    client: IPv4Address | IPv6Address, is_stream: bool, fields: bytes, rest: bytes
) -> None:
    """A header names the client in normal form; fields are passed over, and the rest is the
    client's."""
    packed = client.packed
    family = (0x10 if len(packed) == 4 else 0x20) | (1 if is_stream else 2)
    sent = header(0x21, family, packed + bytes(len(packed)) + PORTS + fields)
    said = read(sent + rest)
    assert said is not None
    mapped = client.ipv4_mapped if isinstance(client, IPv6Address) else None
    assert said.client == (mapped or client).packed
    assert said.is_stream == is_stream
    assert (sent + rest)[said.end :] == rest


@given(st.integers(0, 200))
def test_a_header_that_is_not_whole_is_waited_for(kept: int) -> None:
    """Over TCP a header may come in any pieces."""
    sent = header(0x21, 0x21, bytes(36) + bytes(150))
    assert read(sent[:kept]) is None
    assert read(sent) is not None


@pytest.mark.parametrize(
    "sent",
    [
        header(0x20, 0x11, bytes(12)),
        header(0x20, 0, b""),
        header(0x21, 0, b"what"),
        header(0x21, 0x31, bytes(216)),
    ],
)
def test_a_front_may_speak_for_itself(sent: bytes) -> None:
    """Checks of health, and connections without an address of a network, are the front's own."""
    said = read(sent + QUERY)
    assert said is not None
    assert (said.client, said.end) == (None, len(sent))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(QUERY, id="none"),
        pytest.param(b"PROXY TCP4 192.0.2.7 192.0.2.53 40000 53\r\n" + QUERY, id="version 1"),
        pytest.param(header(0x11, 0x11, bytes(12)), id="another version"),
        pytest.param(header(0x22, 0x11, bytes(12)), id="another command"),
        pytest.param(header(0x21, 0x11, bytes(11)), id="no room for addresses"),
        pytest.param(header(0x21, 0x21, bytes(12)), id="addresses of another family"),
        pytest.param(header(0x21, 0x11, bytes(LONGEST)), id="too long"),
    ],
)
def test_what_is_no_header_is_refused(sent: bytes) -> None:
    """Nobody is taken for a client by bytes that are no header of version 2."""
    with pytest.raises(WireError):
        read(sent)


def test_an_address_that_is_carried_is_not_believed() -> None:
    """A front's word names an address as it is: 6to4 is not taken for the IPv4 address in it."""
    carried = socket.inet_pton(socket.AF_INET6, "2002:c000:207::1")
    said = read(header(0x21, 0x22, carried + bytes(16) + PORTS))
    assert said is not None
    assert said.client == carried
