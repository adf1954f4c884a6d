"""The one form in which addresses are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch import addresses


@pytest.mark.parametrize(
    ("text", "normal", "destination"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1", "fe80::1"),
        ("::ffff:192.0.2.7%1", "192.0.2.7", "192.0.2.7"),
        ("2002:c000:207:1::5", "2002:c000:207:1::5", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "64:ff9b::c000:207", "192.0.2.7"),
        ("64:ff9b:1::192.0.2.7", "64:ff9b:1::c000:207", "192.0.2.7"),
        ("::192.0.2.7", "::c000:207", "192.0.2.7"),
        ("::ffff:0:192.0.2.7", "::ffff:0:c000:207", "192.0.2.7"),
        ("::", "::", "::"),
        ("::1", "::1", "::1"),
        ("2001:db8::7", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_forms_of_an_address(text: str, normal: str, destination: str) -> None:
    """Who somebody is, and where a packet to him arrives, do not depend on how he is written."""
    read = addresses.read(text)
    assert str(read) == normal
    assert str(addresses.destination(read)) == destination
    assert str(addresses.literal(f"[IPv6:{text}]" if ":" in text else f"[{text}]")) == normal


@given(st.binary(min_size=4, max_size=4))
def test_a_mapped_address_is_the_ipv4_one(packed: bytes) -> None:
    """However it comes: as text, or as the sixteen bytes of a socket."""
    assert addresses.packed(bytes(10) + b"\xff\xff" + packed) == addresses.packed(packed) == packed


@pytest.mark.parametrize("text", ["", "x", "127.1", "0x7f.0.0.1", "[192.0.2.7]", "192.0.2.7 "])
def test_what_is_no_address(text: str) -> None:
    """Only the usual forms are read: what others take for an address besides is none."""
    with pytest.raises(ValueError, match="does not appear to be"):
        addresses.read(text)
