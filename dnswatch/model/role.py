"""Role: what a client is for; it decides whom a client is compared with."""

from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from dnswatch.addresses import normal
from dnswatch.settings import Roles


class Role(StrEnum):
    """What a client is for."""

    CLIENT = "client"
    "A person's machine, or one nobody has declared."
    MAIL_SERVER = "mail-server"
    "Sends mail for others: mail-related lookups are its work."
    RESOLVER = "resolver"
    "Asks for clients that we do not see."
    SERVER = "server"
    "Any other server."


_DECLARED: Final = (
    (Role.MAIL_SERVER, "mail_servers"),
    (Role.RESOLVER, "resolvers"),
    (Role.SERVER, "servers"),
)


def role_of(address: bytes, roles: Roles) -> Role:
    """Look up the role declared for a packed address; the longest prefix wins."""
    parsed = normal(ip_address(address))
    declared = [
        (subnet.network.prefixlen, role)
        for role, section in _DECLARED
        for subnet in getattr(roles, section)
        if parsed in subnet.network
    ]
    return max(declared, key=lambda found: found[0])[1] if declared else Role.CLIENT
