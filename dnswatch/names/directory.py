"""The directory: who is who at the site, from all that says so.

A **name** comes from the hosts files, else from a lease, else from the reverse zone.  A **machine**
(its MAC address) comes from a lease, since the DHCP server heard the machine itself; else from the
kernel's neighbour table, which may show the router or repeater in between; else from a DUID, which
may hold the address of the machine's other interface.  An address without a name has the name of
another address of its machine.

A MAC address with many addresses is a **relay**: a gateway, repeater or host of containers that
answers for other machines (proxy ARP, RFC 1027; proxy ND, RFC 4389).  Its addresses are no one
machine, so they stay clients of their own.  Temporary IPv6 addresses (RFC 8981) come and go one
after the other, however many.  So a MAC address is a relay where more than `AT_ONCE` of its IPv6
addresses are there at the same time, each from its first lookup to its last, and then for `STICKY`.
To tell takes time: whoever has more than `AT_ONCE` within its first `PROBATION` is taken for a
relay until then, and so is who has more than `MAX_IPV6` and was not heard from most of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
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


AT_ONCE: Final = 8
"""IPv6 addresses that one machine asks from at the same time: a stable, a local and a temporary
one, each twice while it is being replaced, and some to spare."""

PROBATION: Final = 3600.0
"""Seconds after which it is known who comes back to an address; people pause for minutes."""

STICKY: Final = 7 * 86400.0
"""Seconds that a relay is taken for one after it looked so: on holidays few stand behind it."""

Span = tuple[float, float]
"""When an address was first and last heard from, Unix seconds."""

Source = Literal["hosts", "leases", "neighbours", "pointers"]

Found = dict[bytes, tuple[str, Source]]
"""Packed address, to its name or its machine, and where that was read."""


@dataclass(frozen=True, slots=True)
class AddressHolder:
    """Who has an address."""

    name: str | None
    "Host name in lower case."
    machine: str | None
    "MAC address, the same for all addresses of the machine."
    source: Source
    "Where the name was read; without a name, where the machine was."


class Directory:
    """Reads all sources that the settings name."""

    def __init__(
        self, names: Names, heard: Callable[[bytes], Span | None] = lambda _: None
    ) -> None:
        """Read when asked; `heard` says when a packed address was heard from, if it was."""
        self._heard = heard
        self._since: dict[str, float] = {}
        "When each MAC address was seen first, Unix seconds."
        self._relay_until: dict[str, float] = {}
        self._hosts = HostsFiles(names.hosts)
        self._leases = LeaseFiles(names.leases)
        self._neighbours = Neighbours() if names.neighbours else None
        self.relays = 0
        "MAC addresses that stood for too many addresses, at the last refresh."
        self.broken = 0
        "Lines and entries of the files that could not be read, at the last refresh."

    def refresh(
        self, now: float, pointers: Mapping[bytes, str] = MappingProxyType({})
    ) -> dict[bytes, AddressHolder]:
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
        relays = self._relays(machines, now)
        self.relays = len(relays)
        people = _join(names, {a: one for a, one in machines.items() if one[0] not in relays})
        for address, (mac, source) in machines.items():
            if mac in relays:  # it may have been taken for a machine before
                people.setdefault(address, AddressHolder(None, None, source))
        return people

    def _relays(self, machines: Found, now: float) -> set[str]:
        found: defaultdict[tuple[str, int], list[bytes]] = defaultdict(list)
        for address, (mac, _) in machines.items():
            found[mac, len(address)].append(address)
            self._since.setdefault(mac, now)
        self._relay_until = {mac: at for mac, at in self._relay_until.items() if now < at}
        relays = {mac for mac, _ in found if mac in self._relay_until}
        for (mac, length), addresses in found.items():
            if len(addresses) > MAX_IPV4 if length == 4 else self._are_many(mac, addresses, now):
                relays.add(mac)
        return relays

    def _are_many(self, mac: str, addresses: list[bytes], now: float) -> bool:
        """Say whether IPv6 addresses are more than one machine has, as far as can be told."""
        if len(addresses) <= AT_ONCE:
            return False
        spans = [span for address in addresses if (span := self._heard(address))]
        if _most_at_once(spans) > AT_ONCE:
            self._relay_until[mac] = now + STICKY
            return True
        is_heard = 2 * len(spans) >= len(addresses)
        return now < self._since[mac] + PROBATION if is_heard else len(addresses) > MAX_IPV6


def _first(*readings: tuple[Source, Mapping[bytes, str | None]]) -> Found:
    """Keep for each address what the first of the sources says, in the order of the sources."""
    found: Found = {}
    for source, values in readings:
        for address, value in values.items():
            if value:
                found.setdefault(address, (value, source))
    return found


def _most_at_once(spans: Iterable[Span]) -> int:
    """Count how many spans have a moment in common, at most; their ends do not belong to them."""
    turns = sorted(
        (at, turn) for first, last in spans if first < last for at, turn in ((first, 1), (last, -1))
    )
    return max(accumulate((turn for _, turn in turns), initial=0))


def _join(names: Found, machines: Found) -> dict[bytes, AddressHolder]:
    lent: dict[str, tuple[str, Source]] = {}
    for address, named in names.items():
        if address in machines:
            lent.setdefault(machines[address][0], named)
    people = {}
    for address, (mac, read) in machines.items():
        name, source = names.get(address) or lent.get(mac) or (None, read)
        people[address] = AddressHolder(name, mac, source)
    for address, (name, source) in names.items():
        people.setdefault(address, AddressHolder(name, None, source))
    return people
