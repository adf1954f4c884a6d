"""Roles are declared by network."""

from ipaddress import ip_address

import pytest

from dnswatch.model.role import Role, role_of
from dnswatch.settings import Roles, Subnet

ROLES = Roles(
    mail_servers=(Subnet("192.0.2.25"), Subnet("2001:db8::25")),
    resolvers=(Subnet("192.0.2.0/28"),),
    servers=(Subnet("192.0.2.0/24"), Subnet("2001:db8::/64")),
)


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("192.0.2.25", Role.MAIL_SERVER),
        ("2001:db8::25", Role.MAIL_SERVER),
        ("192.0.2.3", Role.RESOLVER),
        ("192.0.2.200", Role.SERVER),
        ("2001:db8::1", Role.SERVER),
        ("198.51.100.1", Role.CLIENT),
        ("::1", Role.CLIENT),
    ],
)
def test_the_smallest_network_decides(address: str, role: Role) -> None:
    """A client has the role of the smallest network it is declared in, else it is a client."""
    assert role_of(ip_address(address).packed, ROLES) is role
