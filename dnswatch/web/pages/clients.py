"""The clients: searched, filtered and sorted; the link carries what was chosen."""

from ipaddress import ip_address

import msgspec

from dnswatch.store import clients, reports
from dnswatch.store.summary import Account
from dnswatch.web.console import Glance
from dnswatch.web.pages.request import ConsoleRequest

SORTS = ("mail", "lookups", "domains", "failures", "seen", "name")
"""By what they may be sorted."""

SPANS = ("1h", "24h", "7d", "all")
"""Times that a page may be about."""

PAGE = 100
"""Clients of a page."""


class ClientRow(msgspec.Struct):
    """One client."""

    who: str
    "Its first address or pseudonym: names its page."
    name: str
    keys: list[str]
    groups: list[str]
    role: str
    verdict: str
    policy: str
    lookups: int
    mail: int
    domains: int
    "Mail domains, distinct."
    failures: int
    seen: float
    activity: list[int]
    "Mail-related lookups in each interval."


class Listing(msgspec.Struct):
    """The clients that fit."""

    rows: list[ClientRow]
    total: int
    "How many fit, on all pages."
    everybody: int
    search: str
    role: str
    group: str
    verdict: str
    sort: str
    span: str
    page: int
    pages: int
    groups: list[str]
    "All groups of the site."
    learning_until: float | None


def read(request: ConsoleRequest) -> Listing:
    """Read the clients that fit what was asked."""
    search, role = request.text("q", longest=200), request.text("role")
    group, verdict = request.text("group"), request.text("verdict")
    sort = request.text("sort", "mail")
    with request.console.glance() as glance:
        since = max(0.0, glance.now - request.span("span", "24h"))
        found = reports.ranking(glance.db, since, glance.whom.role_of)
        everybody = len(clients.clients(glance.db))
        rows = _rows(glance, found) if found else []
        learning = glance.judged.learning_until
    fit = [
        row
        for row in rows
        if (not role or row.role == role)
        and (not group or group in row.groups)
        and (not verdict or row.verdict == verdict)
        and (not search or _fits(row, search.lower()))
    ]
    if sort in _KEYS:
        fit.sort(key=_KEYS[sort])
    pages = max(1, -(-len(fit) // PAGE))
    page = min(pages, request.number("page", 1, 10**6))
    return Listing(
        fit[(page - 1) * PAGE : page * PAGE],
        len(fit),
        everybody,
        search,
        role,
        group,
        verdict,
        sort,
        request.text("span", "24h"),
        page,
        pages,
        sorted(request.console.settings.groups),
        learning,
    )


def groups_of(glance: Glance, keys: list[str]) -> list[str]:
    """Return the groups of the site that a client is in; none of a pseudonym's is told."""
    addresses = [ip_address(key) for key in keys if not key.startswith("~")]
    return [
        name
        for name, subnets in glance.settings.groups.items()
        if any(address in subnet.network for address in addresses for subnet in subnets)
    ]


def _rows(glance: Glance, found: reports.Ranking) -> list[ClientRow]:
    return [
        _row(glance, account, activity.mail)
        for account, activity in zip(found.accounts, found.activity, strict=True)
    ]


def _row(glance: Glance, account: Account, activity: list[int]) -> ClientRow:
    machine, measures = account.machine, account.measures
    keys = list(machine.keys)
    acts = dict.fromkeys(glance.acting[key] for key in keys if key in glance.acting)
    return ClientRow(
        keys[0],
        machine.name or "",
        keys,
        groups_of(glance, keys),
        machine.role.value,
        glance.judged.of(keys, machine.role),
        ", ".join(acts),
        measures["lookup"],
        measures["mail"],
        measures["mail-domains"],
        measures["failures"],
        machine.last_seen,
        activity,
    )


def _fits(row: ClientRow, search: str) -> bool:
    return any(search in text.lower() for text in (row.name, *row.keys, *row.groups))


_KEYS = {
    "lookups": lambda row: -row.lookups,
    "domains": lambda row: -row.domains,
    "failures": lambda row: -row.failures,
    "seen": lambda row: -row.seen,
    "name": lambda row: (row.name or row.who).lower(),
}
