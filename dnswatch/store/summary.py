"""What a report says: clients joined to machines, ranked, and compared with others of their role.

Pure: values of `clients` in, values out.

A *machine* (see `dnswatch.model.machines`) is one client to a reader, as it is to the detector.

Measures of a machine are those of an account (see `dnswatch.model.changes`), and besides: `mail`
(all mail-related lookups), `mail-domains` and `exchanges` (distinct ones), `failures` (lookups
whose rcode was not NOERROR).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

from dnswatch.model.machines import Machines
from dnswatch.model.role import Role
from dnswatch.store.clients import Client, known


@dataclass(frozen=True, slots=True)
class Machine:
    """The clients that are one machine."""

    clients: tuple[Client, ...]
    "The one seen last first."
    role: Role

    @property
    def ids(self) -> tuple[int, ...]:
        """The clients' numbers in the store."""
        return tuple(client.id for client in self.clients)

    @property
    def keys(self) -> tuple[str, ...]:
        """The clients' addresses or pseudonyms."""
        return tuple(client.key for client in self.clients)

    @property
    def name(self) -> str | None:
        """Its name; None where no source names it."""
        return next((client.name for client in self.clients if client.name), None)

    @property
    def first_seen(self) -> float:
        """Unix seconds."""
        return min(client.first_seen for client in self.clients)

    @property
    def last_seen(self) -> float:
        """Unix seconds."""
        return max(client.last_seen for client in self.clients)


@dataclass(frozen=True, slots=True)
class Account:
    """What one machine did in the time of the report."""

    machine: Machine
    measures: Counter[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of the clients reported on, beside the others of their role."""

    measure: str
    count: int
    "Of all clients reported on."
    each: float
    "Median of the clients reported on: the count itself where there is only one."
    others: float | None
    "Median of the other clients of the role; None where there are none."


@dataclass(frozen=True, slots=True)
class Grid:
    """The intervals of a report's time axis."""

    begin: int
    "Start of the first interval, Unix seconds."
    width: int
    "Of each interval, seconds."
    count: int

    @property
    def end(self) -> int:
        """End of the last interval, Unix seconds."""
        return self.begin + self.width * self.count

    @classmethod
    def over(cls, first: int, last: int, count: int) -> Self:
        """Divide the time from one start to another into at most `count` whole-minute intervals."""
        minutes = (last - first) // 60 + 1
        width = -(-minutes // count) * 60
        return cls(first, width, (last - first) // width + 1)

    def row(self, values: Mapping[int, int]) -> list[int]:
        """Write down one value for each interval."""
        return [values.get(number, 0) for number in range(self.count)]


def machines(clients: Iterable[Client], role_of: Callable[[str], Role]) -> list[Machine]:
    """Join clients to machines; `role_of` knows the role declared for a client's key."""
    clients = sorted(clients, key=lambda client: client.last_seen, reverse=True)
    joined = Machines(map(known, clients))
    groups: dict[str, list[Client]] = defaultdict(list)
    for client in clients:
        groups[joined.key(client.key)].append(client)
    return [_machine(group, role_of) for group in groups.values()]


def accounts(
    machines: Iterable[Machine],
    totals: Mapping[int, Counter[str]],
    domains: Mapping[int, set[str]],
    exchanges: Mapping[int, set[str]],
) -> list[Account]:
    """Sum up what each machine did; one that did nothing in that time has no account."""
    found = []
    for machine in machines:
        measures: Counter[str] = Counter()
        for number in machine.ids:
            measures.update(totals.get(number, {}))
        if not measures:
            continue
        measures["mail"] = _sum(measures, "mail:")
        measures["failures"] = _sum(measures, "rcode:") - measures["rcode:NOERROR"]
        for name, sets in (("mail-domains", domains), ("exchanges", exchanges)):
            measures[name] = len(set().union(*(sets.get(number, set()) for number in machine.ids)))
        found.append(Account(machine, measures))
    return found


def ranked(accounts: Iterable[Account]) -> list[Account]:
    """Order by mail-related lookups, then by lookups."""
    return sorted(
        accounts,
        key=lambda account: (
            -account.measures["mail"],
            -account.measures["lookup"],
            account.machine.keys,
        ),
    )


def others_of(group: Iterable[Account], everyone: Iterable[Account]) -> list[Account]:
    """Pick the other accounts whose machines have a role that the group's have."""
    group = list(group)
    roles = {account.machine.role for account in group}
    inside = {account.machine for account in group}
    return [a for a in everyone if a.machine.role in roles and a.machine not in inside]


def compare(group: list[Account], others: list[Account]) -> list[Comparison]:
    """Lay each measure of a group beside the others', in the order in which a report tells them."""
    total: Counter[str] = Counter()
    for account in group:
        total.update(account.measures)
    return [
        Comparison(
            measure,
            total[measure],
            float(median(account.measures[measure] for account in group)),
            float(median(a.measures[measure] for a in others)) if others else None,
        )
        for measure in _order(total)
    ]


def _order(total: Counter[str]) -> list[str]:
    def most(prefix: str) -> list[str]:
        found = [measure for measure in total if measure.startswith(prefix)]
        return sorted(found, key=lambda measure: (-total[measure], measure))

    rcodes = [measure for measure in most("rcode:") if measure != "rcode:NOERROR"]
    sent = [measure for measure in _SENT if total[measure]]
    return ["lookup", *most("type:"), *_MAIL, *sent, *_ANSWERS, "failures", *rcodes]


_MAIL: Final = (
    "mail",
    "mail:mx",
    "mail:exchange",
    "mail:implicit-mx",
    "mail:guess",
    "mail-domains",
    "exchanges",
)
_SENT: Final = ("smtp", "submission")
"""Connections that carry mail: only recordings show any."""
_ANSWERS: Final = (
    "new",
    "refresh",
    "hit",
    "cached",
    "stale",
    "failed",
    "redirected",
    "challenged",
    "limited",
)


def _machine(group: list[Client], role_of: Callable[[str], Role]) -> Machine:
    roles = [role_of(client.key) for client in group]
    return Machine(tuple(group), next((role for role in roles if role != Role.CLIENT), Role.CLIENT))


def _sum(measures: Counter[str], prefix: str) -> int:
    return sum(count for measure, count in measures.items() if measure.startswith(prefix))
