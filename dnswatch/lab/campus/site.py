"""Hosts: all of a site's, with addresses and roles.

Addresses are given in a row: mail servers, DNS servers, then the other declared servers that a site
of this kind has (a web form that checks addresses, a gateway with people behind it), then clients.
A host that behaves like a server and that nobody declared stays among the clients: the last one is
a monitor.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from dnswatch.lab.campus.chance import chance
from dnswatch.lab.campus.errands import Person, Servers, people
from dnswatch.lab.campus.plan import CampusPlan
from dnswatch.model.role import Role
from dnswatch.settings import Settings, read

_FIRST = 10
"""Places in the network that are left free: the bay's is the first of them."""
_OTHER_SERVERS = 2


@dataclass(frozen=True, slots=True)
class SiteHost:
    """One host."""

    address: bytes
    "Packed."
    role: Role
    name: str


class CampusSite:
    """All hosts."""

    def __init__(self, plan: CampusPlan, seed: int) -> None:
        """Found them."""
        base = int(plan.site.network.network.network_address)
        self.bay = _packed(base + 1)
        "Address of the holding bay."
        self.hosts = [
            SiteHost(_packed(base + _FIRST + n), *_what(n, plan)) for n in range(plan.site.hosts)
        ]
        "All hosts, in the order of their addresses."
        self.mail_servers = self._of(Role.MAIL_SERVER)
        self.resolvers = self._of(Role.RESOLVER)
        self.clients = self._of(Role.CLIENT)
        declared = self._of(Role.SERVER)
        self.servers = Servers(
            form=declared[0], gateway=declared[1], monitor=self.clients[-1], incoming=None
        )
        drawn = chance(seed, "people")
        self.people: list[Person] = people(drawn, self.clients[:-1], plan.site.senders)
        self.roles = {host.address: host.role for host in self.hosts}
        "By packed address."

    def settings(self, plan: CampusPlan, learning: float) -> Settings:
        """Return the settings of dnswatch at this site; `learning` is in days."""
        servers = self._of(Role.SERVER)
        return read(
            f"""
            roles.mail_servers = {_texts(self.mail_servers)}
            roles.resolvers = {_texts(self.resolvers)}
            roles.servers = {_texts(servers)}
            detection.learning = "{learning * 24:.0f}h"
            [quarantine]
            i_have_authority = {"true" if plan.bay == "yes" else "false"}
            addresses = ["{ip_address(self.bay)}"]
            """,
            "the campus",
        )

    def _of(self, role: Role) -> tuple[bytes, ...]:
        return tuple(host.address for host in self.hosts if host.role is role)


def _what(number: int, plan: CampusPlan) -> tuple[Role, str]:
    """Say what the host at a place is."""
    for count, role, name in (
        (plan.site.mail_servers, Role.MAIL_SERVER, "mail"),
        (plan.site.dns_servers, Role.RESOLVER, "dns"),
        (_OTHER_SERVERS, Role.SERVER, "server"),
    ):
        if number < count:
            return role, f"{name}{number + 1}"
        number -= count
    return Role.CLIENT, f"pc{number + 1}"


def _packed(number: int) -> bytes:
    return ip_address(number).packed


def _texts(addresses: tuple[bytes, ...]) -> list[str]:
    return [str(ip_address(address)) for address in addresses]
