"""Hosts: which addresses are the site's, and which group each belongs to.

The paper compares three groups: infected hosts, normal ones, and mail servers.  A host is put into
its group by the first of these that names it:

1. a groups file (TOML or CSV, `read_groups`);
2. the truth of a simulated campus;
3. the roles of the site's configuration;
4. the paper's heuristic, which finds infected hosts among the normal ones (`outbreak`).
"""

import csv
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dnswatch.errors import SettingsError
from dnswatch.model.role import Role, role_of
from dnswatch.settings import Network, Roles

if TYPE_CHECKING:
    import pyarrow as pa

    from dnswatch.lab.study.loading import LoadedTruth, Tables


class HostGroup(StrEnum):
    """What hosts are compared as."""

    INFECTED = "infected"
    NORMAL = "normal"
    MAIL_SERVERS = "mail-servers"
    OTHER = "other"
    "Resolvers and other servers: they count for the site only."


GROUPS: Final = tuple(HostGroup)
"""A group by its number, which is smaller to carry through a sort."""

_OF_ROLE: Final = {
    Role.CLIENT: HostGroup.NORMAL,
    Role.MAIL_SERVER: HostGroup.MAIL_SERVERS,
    Role.RESOLVER: HostGroup.OTHER,
    Role.SERVER: HostGroup.OTHER,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """Groups as somebody wrote them down; a network stands for the site's hosts in it."""

    groups: Mapping[Network, HostGroup] = field(default_factory=dict)
    where: str = ""
    "The file, for the report; none where there is none."

    @property
    def names_infected(self) -> bool:
        """Whether it settles who is infected, so that nobody need guess."""
        return HostGroup.INFECTED in self.groups.values()


@dataclass(frozen=True, slots=True)
class Census:
    """The site's hosts by group, and how that is known."""

    groups: Mapping[str, HostGroup]
    "Address to group."
    knows_infected: bool
    "Somebody said who is infected."
    source: str
    "Where the groups come from, for the report."

    def of(self, group: HostGroup) -> list[str]:
        """List the addresses of a group."""
        return sorted(address for address, found in self.groups.items() if found is group)

    def with_infected(self, addresses: Iterable[str]) -> "Census":
        """Move normal hosts to the infected, as the heuristic found them."""
        moved = {
            address: HostGroup.INFECTED
            for address in addresses
            if self.groups.get(address) is HostGroup.NORMAL
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


def _chooser(
    truth: "LoadedTruth | None", roles: Roles, declared: Declared
) -> Callable[[str], HostGroup]:
    exact = {n.network_address: g for n, g in declared.groups.items() if n.num_addresses == 1}
    wide = sorted(
        (
            (network, group)
            for network, group in declared.groups.items()
            if network.num_addresses > 1
        ),
        key=lambda item: -item[0].prefixlen,
    )

    def choose(address: str) -> HostGroup:
        parsed = ip_address(address)
        if parsed in exact:
            return exact[parsed]
        for network, group in wide:
            if parsed in network:
                return group
        if truth and address in truth.infections:
            return HostGroup.INFECTED
        if truth and address in truth.roles:
            return _OF_ROLE.get(truth.roles[address], HostGroup.OTHER)  # type: ignore[call-overload,no-any-return]
        return _OF_ROLE[role_of(parsed.packed, roles)]

    return choose


_GROUPS: Final = ", ".join(group.value for group in HostGroup)


def read_groups(path: Path, trace: str) -> Declared:
    """Read the groups of one trace.  Raises `SettingsError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"cannot read '{path}': {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"'{path}' is no text in UTF-8") from None
    rows = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_toml(text, path)
    groups: dict[Network, HostGroup] = {}
    for where, address, group, meant in rows:
        if meant in ("", trace):
            network = _network(address, where)
            if groups.setdefault(network, group) is not group:
                raise SettingsError(f"{where}: '{address}' stands in two groups")
    return Declared(groups, str(path))


Row = tuple[str, str, HostGroup, str]
"""Where it stands, an address, its group, and the trace that it is meant for."""


def _from_toml(text: str, path: Path) -> Iterator[Row]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"'{path}' is no TOML: {error}") from None
    for key, value in tables.items():
        if isinstance(value, dict):
            for inner, addresses in value.items():
                yield from _listed(addresses, inner, f"'{path}', {key}.{inner}", key)
        else:
            yield from _listed(value, key, f"'{path}', {key}", "")


def _listed(addresses: Any, key: str, where: str, trace: str) -> Iterator[Row]:
    if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
        raise SettingsError(f'{where}: expected a list of addresses like ["192.0.2.7"]')
    for address in addresses:
        yield where, address, _group(key, where), trace


def _from_csv(text: str, path: Path) -> Iterator[Row]:
    reader = csv.DictReader(text.splitlines())
    if not {"address", "group"} <= set(reader.fieldnames or ()):
        raise SettingsError(f"'{path}': expected the columns address and group in its first line")
    for row in reader:
        where = f"'{path}', line {reader.line_num}"
        group = _group((row["group"] or "").strip(), where)
        yield where, (row["address"] or "").strip(), group, (row.get("trace") or "").strip()


def _group(text: str, where: str) -> HostGroup:
    try:
        return HostGroup(text)
    except ValueError:
        raise SettingsError(f"{where}: there is no group '{text}', only {_GROUPS}") from None


def _network(text: str, where: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise SettingsError(f"{where}: '{text}' is neither an address nor a network") from None
