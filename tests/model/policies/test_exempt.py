"""Whom and what no policy may touch."""

from ipaddress import ip_address

import pytest

from dnswatch.model.policies.exempt import Exempt
from dnswatch.settings import read
from dnswatch.wire.name import from_text

EXEMPT = Exempt(
    read(
        """
policies.exempt = ["corp.example", "partner.example"]
quarantine.addresses = ["192.0.2.250"]
[roles]
mail_servers = ["192.0.2.25"]
resolvers = ["192.0.2.53"]
servers = ["2001:db8:1::/64"]
""",
        "test",
    )
)


@pytest.mark.parametrize(
    ("address", "is_exempt"),
    [
        ("192.0.2.25", True),
        ("192.0.2.53", True),
        ("2001:db8:1::7", True),
        ("192.0.2.250", True),
        ("192.0.2.26", False),
        ("2001:db8:2::7", False),
    ],
)
def test_servers_and_the_bay_are_exempt(address: str, is_exempt: bool) -> None:
    """Every declared server and the holding bay itself; nobody else."""
    assert EXEMPT.client(ip_address(address).packed) is is_exempt


@pytest.mark.parametrize(
    ("name", "is_exempt"),
    [
        ("corp.example", True),
        ("mail.eu.corp.example", True),
        ("partner.example", True),
        ("example", False),
        ("notcorp.example", False),
        ("corp.example.org", False),
        (".", False),
    ],
)
def test_named_domains_are_exempt_with_all_below_them(name: str, is_exempt: bool) -> None:
    """A domain and its subdomains, by whole labels."""
    assert EXEMPT.domain(from_text(name)) is is_exempt


def test_nothing_is_exempt_where_nothing_is_declared() -> None:
    """Without settings every name is like any other."""
    assert not Exempt(read("", "test")).domain(from_text("corp.example"))
