"""The directory: who is who at the site, from all that says so.

A **name** comes from the hosts files, else from a lease, else from the reverse zone.  A **machine**
(its MAC address) comes from a lease, since the DHCP server heard the machine itself; else from the
kernel's neighbour table, which may show the router or repeater in between; else from a DUID, which
may hold the address of the machine's other interface.  An address without a name has the name of
another address of its machine.

A MAC address with many addresses is a **relay**: a gateway, repeater or host of containers that
answers for other machines (proxy ARP, RFC 1027; proxy ND, RFC 4389).  Its addresses are no one
machine, so they stay clients of their own.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from dnswatch.names.hosts import HostsFiles
from dnswatch.names.leases import LeaseFiles
from dnswatch.names.neighbours import Neighbours
from dnswatch.settings import Names

MAX_IPV4: Final = 4
"""IPv4 addresses of one machine: it has one, a server may have a few."""

MAX_IPV6: Final = 32
"""IPv6 addresses of one machine: temporary ones live a week, a new one comes daily (RFC 8981)."""


Source = Literal["hosts", "leases", "neighbours", "pointers"]

Found = dict[bytes, tuple[str, Source]]
"""Packed address, to its name or its machine, and where that was read."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has an address."""

    name: str | None
    "Host name in lower case."
    machine: str | None
    "MAC address, the same for all addresses of the machine."
    source: Source
    "Where the name was read; without a name, where the machine was."


class Directory:
    """Reads all sources that the settings name."""

    def __init__(self, names: Names) -> None:
        """Read when asked."""
        self._hosts = HostsFiles(names.hosts)
        self._leases = LeaseFiles(names.leases)
        self._neighbours = Neighbours() if names.neighbours else None
        self.relays = 0
        "MAC addresses that stood for too many addresses, at the last refresh."
        self.broken = 0
        "Lines and entries of the files that could not be read, at the last refresh."

    def refresh(
        self, now: float, pointers: Mapping[bytes, str] = MappingProxyType({})
    ) -> dict[bytes, Identity]:
        """Read what changed; return who has each packed address.

        Reads files and asks the kernel: not for a thread that must not wait, nor for one with a
        running event loop.  `pointers` are the names that reverse zones gave.
        """
        hosts, leases = self._hosts.read(), self._leases.read()
        self.broken = hosts.broken + leases.broken
        active = leases.active(now).items()
        names = _first(
            ("hosts", hosts.addresses),
            ("leases", {address: lease.name for address, lease in active}),
            ("pointers", pointers),
        )
        machines = _first(
            ("leases", {address: lease.hardware for address, lease in active}),
            ("neighbours", self._neighbours.read() if self._neighbours else {}),
            ("leases", {address: lease.duid for address, lease in active}),
        )
        relays = _relays(machines)
        self.relays = len(relays)
        return _join(names, {a: one for a, one in machines.items() if one[0] not in relays})


def _first(*readings: tuple[Source, Mapping[bytes, str | None]]) -> Found:
    """Keep for each address what the first of the sources says, in the order of the sources."""
    found: Found = {}
    for source, values in readings:
        for address, value in values.items():
            if value:
                found.setdefault(address, (value, source))
    return found


def _relays(machines: Found) -> set[str]:
    count = Counter((mac, len(address)) for address, (mac, _) in machines.items())
    bounds = {4: MAX_IPV4, 16: MAX_IPV6}
    return {mac for (mac, length), addresses in count.items() if addresses > bounds[length]}


def _join(names: Found, machines: Found) -> dict[bytes, Identity]:
    lent: dict[str, tuple[str, Source]] = {}
    for address, named in names.items():
        if address in machines:
            lent.setdefault(machines[address][0], named)
    people = {}
    for address, (mac, read) in machines.items():
        name, source = names.get(address) or lent.get(mac) or (None, read)
        people[address] = Identity(name, mac, source)
    for address, (name, source) in names.items():
        people.setdefault(address, Identity(name, None, source))
    return people
