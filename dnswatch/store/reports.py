"""Reports: what the commands tell, put together from the queries and the summary.

Rules of this file: one function, one report; it reads one snapshot; nothing is turned into text.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dnswatch.model.role import Role
from dnswatch.model.vantage import VantagePoint
from dnswatch.store import clients, site
from dnswatch.store.sqlite import Database
from dnswatch.store.summary import (
    Account,
    Comparison,
    Grid,
    Machine,
    accounts,
    compare,
    machines,
    others_of,
    ranked,
)

INTERVALS: Final = 24
"""Intervals of a time axis, at most: of 30 days each is longer than the hour of summed counts."""

_LOSSES: Final = {
    "broken",
    "dropped",
    "evicted",
    "forgotten",
    "full",
    "late",
    "lost",
    "malformed",
    "mismatch",
    "unsent",
}
"""Words in the names of counters that tell of what was dropped, evicted or not believed."""

RoleOf = Callable[[str], Role]
Choose = Callable[[list[Machine]], Iterable[Machine]]


@dataclass(frozen=True, slots=True)
class Activity:
    """What one machine did in each interval."""

    lookups: list[int]
    mail: list[int]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The machines by what they did."""

    grid: Grid
    accounts: list[Account]
    activity: list[Activity]
    "Of each account, in the same order."


@dataclass(frozen=True, slots=True)
class Portrait:
    """What one machine, or several together, did, beside the others of its role."""

    grid: Grid
    accounts: list[Account]
    "Of the machines reported on; none where they did nothing in that time."
    others: int
    "How many accounts the comparison is with."
    comparisons: list[Comparison]
    activity: Activity
    "Of all machines reported on."
    activities: list[Activity]
    "Of each account, in the same order."
    kinds: dict[str, list[int]]
    "Mail-related lookups in each interval, by kind."
    last: list[clients.RecordedLookup]
    "The last mail-related lookups, the latest first."


@dataclass(frozen=True, slots=True)
class CacheReport:
    """The site cache: its events and what they cost."""

    grid: Grid
    live: int
    "Entries that have not expired."
    measures: Counter[str]
    over_time: list[Counter[str]]
    "In each interval."
    most_refreshed: list[site.SiteCacheEntry]

    @property
    def superfluous_share(self) -> float | None:
        """Share of the upstream lookups that asked for what was unexpired; None where none was."""
        upstream = self.measures["upstream"]
        return self.measures["superfluous"] / upstream if upstream else None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How dnswatch itself does."""

    extent: site.Extent
    counters: Counter[str]
    upstreams: list[site.UpstreamStatus]
    vantages: list[VantagePoint]
    measures: Counter[str]
    "Of the site, as in its cache's report."

    @property
    def cached_share(self) -> float | None:
        """Share of the lookups that were answered without asking upstream; None where none was."""
        lookups = self.measures["lookup"]
        return 1 - self.measures["upstream"] / lookups if lookups else None

    @property
    def losses(self) -> list[str]:
        """Name the counters that tell of a loss."""
        counted = (name for name, count in self.counters.items() if count)
        return sorted(name for name in counted if _LOSSES & set(name.split("_")))


def ranking(db: Database, since: float, role_of: RoleOf) -> Ranking | None:
    """Rank all machines; None where nothing was recorded in that time."""
    if (bounds := clients.starts(db, since)) is None:
        return None
    grid = Grid.over(*bounds, INTERVALS)
    found = ranked(_accounts(db, since, machines(clients.clients(db), role_of)))
    by_client = clients.activity(db, grid.begin, grid.width)
    return Ranking(grid, found, [_activity(grid, [a.machine], by_client) for a in found])


def portrait(
    db: Database, since: float, role_of: RoleOf, choose: Choose, last: int
) -> Portrait | None:
    """Report on the machines that `choose` picks; None where it picks none.

    `last` is how many mail-related lookups to bring along.
    """
    everybody = machines(clients.clients(db), role_of)
    chosen = set(choose(everybody))
    if not chosen:
        return None
    grid = Grid.over(*(clients.starts(db, since) or (int(since), int(since))), INTERVALS)
    everyone = _accounts(db, since, everybody)
    group = ranked(account for account in everyone if account.machine in chosen)
    others = others_of(group, everyone)
    ids = [number for account in group for number in account.machine.ids]
    kinds = clients.kinds(db, ids, grid.begin, grid.width)
    by_client = clients.activity(db, grid.begin, grid.width)
    return Portrait(
        grid,
        group,
        len(others),
        compare(group, others) if group else [],
        _activity(grid, chosen, by_client),
        [_activity(grid, [account.machine], by_client) for account in group],
        {kind: grid.row(counts) for kind, counts in kinds.items()},
        clients.last_lookups(db, ids, since, last),
    )


def cache(db: Database, since: float, now: float, limit: int) -> CacheReport | None:
    """Report on the site cache with `limit` addresses; None where nothing was recorded."""
    if (bounds := site.starts(db, since)) is None:
        return None
    grid = Grid.over(*bounds, INTERVALS)
    over_time = site.measures_over_time(db, grid.begin, grid.width)
    return CacheReport(
        grid,
        site.live_entries(db, now),
        site.measures(db, since),
        [over_time.get(number, Counter()) for number in range(grid.count)],
        site.most_refreshed(db, limit),
    )


def status(db: Database, since: float) -> StatusReport:
    """Report on dnswatch itself; `since` is for its counters."""
    return StatusReport(
        site.extent(db),
        site.counters(db, since),
        site.upstreams(db),
        site.vantages(db),
        site.measures(db, since),
    )


def _accounts(db: Database, since: float, found: list[Machine]) -> list[Account]:
    return accounts(
        found, clients.totals(db, since), clients.domains(db, since), clients.exchanges(db, since)
    )


def _activity(
    grid: Grid, machines: Iterable[Machine], by_client: dict[int, dict[int, tuple[int, int]]]
) -> Activity:
    found = Activity([0] * grid.count, [0] * grid.count)
    for machine in machines:
        for number in machine.ids:
            for interval, (lookups, mail) in by_client.get(number, {}).items():
                found.lookups[interval] += lookups
                found.mail[interval] += mail
    return found
