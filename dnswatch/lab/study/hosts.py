"""Hosts: which addresses are the site's, and which group each belongs to.

The paper compares three groups: infected hosts, normal ones, and mail servers.  A host is put into
its group by the first of these that names it:

1. a groups file (TOML or CSV, `groupsfile`);
2. the truth of a simulated campus;
3. the roles of the site's configuration;
4. the paper's heuristic, which finds infected hosts among the normal ones (`outbreak`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from dnswatch.model.role import Role, role_of
from dnswatch.settings import Roles
from dnswatch.settings.units import Network

if TYPE_CHECKING:
    import pyarrow as pa

    from dnswatch.lab.study.loading import Tables, Truth


class Group(StrEnum):
    """What hosts are compared as."""

    INFECTED = "infected"
    NORMAL = "normal"
    MAIL_SERVERS = "mail-servers"
    OTHER = "other"
    "Resolvers and other servers: they count for the site only."


GROUPS: Final = tuple(Group)
"""A group by its number, which is smaller to carry through a sort."""

_OF_ROLE: Final = {
    Role.CLIENT: Group.NORMAL,
    Role.MAIL_SERVER: Group.MAIL_SERVERS,
    Role.RESOLVER: Group.OTHER,
    Role.SERVER: Group.OTHER,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """Groups as somebody wrote them down; a network stands for the site's hosts in it."""

    groups: Mapping[Network, Group] = field(default_factory=dict)
    where: str = ""
    "The file, for the report; none where there is none."

    @property
    def names_infected(self) -> bool:
        """Whether it settles who is infected, so that nobody need guess."""
        return Group.INFECTED in self.groups.values()


@dataclass(frozen=True, slots=True)
class Census:
    """The site's hosts by group, and how that is known."""

    groups: Mapping[str, Group]
    "Address to group."
    knows_infected: bool
    "Somebody said who is infected."
    source: str
    "Where the groups come from, for the report."

    def of(self, group: Group) -> list[str]:
        """List the addresses of a group."""
        return sorted(address for address, found in self.groups.items() if found is group)

    def with_infected(self, addresses: Iterable[str]) -> "Census":
        """Move normal hosts to the infected, as the heuristic found them."""
        moved = {
            address: Group.INFECTED
            for address in addresses
            if self.groups.get(address) is Group.NORMAL
        }
        return Census({**self.groups, **moved}, True, f"{self.source}; infected: by the heuristic")

    def table(self) -> "pa.Table":
        """Hand the hosts to an engine: address, owner (the number of the group)."""
        import pyarrow as pa

        owners = [GROUPS.index(group) for group in self.groups.values()]
        columns = pa.array(self.groups, pa.string()), pa.array(owners, pa.int64())
        return pa.table(columns, ["address", "owner"])


def census(
    tables: "Tables", networks: Iterable[Network], roles: Roles, declared: Declared
) -> Census:
    """Find the site's hosts in a trace, and put each into its group."""
    truth = tables.truth
    found = set(truth.roles) if truth else set(_inside(_addresses(tables), tuple(networks)))
    found |= {str(net.network_address) for net in declared.groups if net.num_addresses == 1}
    choose = _chooser(truth, roles, declared)
    sources = [declared.where, "the campus' truth" if truth else ""]
    return Census(
        {address: choose(address) for address in sorted(found)},
        declared.names_infected or truth is not None,
        ", ".join(filter(None, sources)) or "the configured roles",
    )


def _addresses(tables: "Tables") -> "Iterable[str]":
    """Name all addresses that do something in the trace."""
    from ibis import _

    columns = [
        tables.lookups.select(address=_.client),
        tables.flows.select(address=_.source),
        tables.flows.select(address=_.destination),
    ]
    each = columns[0].union(*columns[1:]).filter(_.address.notnull()).distinct()
    return (row["address"] for row in tables.engine.rows(each))


def _inside(addresses: Iterable[str], networks: tuple[Network, ...]) -> Iterable[str]:
    for address in addresses:
        parsed = ip_address(address)
        if any(parsed in network for network in networks):
            yield address


def _chooser(truth: "Truth | None", roles: Roles, declared: Declared) -> Callable[[str], Group]:
    exact = {n.network_address: g for n, g in declared.groups.items() if n.num_addresses == 1}
    wide = sorted(
        (
            (network, group)
            for network, group in declared.groups.items()
            if network.num_addresses > 1
        ),
        key=lambda item: -item[0].prefixlen,
    )

    def choose(address: str) -> Group:
        parsed = ip_address(address)
        if parsed in exact:
            return exact[parsed]
        for network, group in wide:
            if parsed in network:
                return group
        if truth and address in truth.infections:
            return Group.INFECTED
        if truth and address in truth.roles:
            return _OF_ROLE.get(truth.roles[address], Group.OTHER)  # type: ignore[call-overload,no-any-return]
        return _OF_ROLE[role_of(parsed.packed, roles)]

    return choose
