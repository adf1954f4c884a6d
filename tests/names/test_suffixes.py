"""Whose domain a name is."""

import pytest

from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import from_text


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("www.example.com", "example.com"),
        ("mx.lists.example.co.uk", "example.co.uk"),
        ("example.org", "example.org"),
        ("host.someone.github.io", "someone.github.io"),
        ("printer.site.internal", "site.internal"),
        ("mx.victim.example", "victim.example"),
    ],
)
def test_a_name_belongs_to_the_domain_below_its_public_suffix(name: str, domain: str) -> None:
    """Mail hosts of one owner count as one domain."""
    assert registrable(from_text(name)) == from_text(domain)


@pytest.mark.parametrize(
    "name",
    [
        b"\0",
        b"\4beef\6abcdef\0",
        b"\7example\0",
        b"\2co\2uk\0",
        b"\3com\0",
        b"\2\xff\xfe\3com\0",
        b"\3a.b\3com\0",
    ],
)
def test_what_nobody_registered_belongs_to_nobody(name: bytes) -> None:
    """A public suffix, the root, bytes that are no host name, and what ends in no real domain."""
    assert registrable(name) is None
