"""Which addresses are known, to tell a refresh from news."""

from dnswatch.resolver import known
from dnswatch.resolver.known import KnownAddresses

A, B = b"\xc0\0\2\1", b"\xc0\0\2\2"


def test_an_answer_is_a_refresh_where_all_of_it_is_known() -> None:
    """One address that is new, or has expired, makes an answer news; no address is no refresh."""
    addresses = KnownAddresses()
    assert not addresses.note([], 0.0)
    assert not addresses.note([(A, 60)], 0.0)
    assert addresses.note([(A, 10)], 59.0)
    assert not addresses.note([(A, 60), (B, 60)], 59.5)
    assert not addresses.note([(B, 60), (b"\xc0\0\2\3", 60), (A, 60)], 60.0)
    assert addresses.note([(A, 60), (B, 60)], 60.0)
    assert not addresses.note([(A, 60)], 1000.0)


def test_known_addresses_are_bounded(monkeypatch: object) -> None:
    """At the bound the address seen longest ago is forgotten."""
    addresses = KnownAddresses()
    many = [(number.to_bytes(4, "big"), 60) for number in range(known.LIMIT + 1)]
    addresses.note(many, 0.0)
    assert not addresses.note(many[:1], 1.0)
    assert addresses.note(many[-1:], 1.0)
