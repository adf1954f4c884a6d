"""Honest: how often an honest site, hard negatives and all, is taken for an infected one."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from bench.detection import site
from bench.detection.power import Rule
from bench.table import Table
from dnswatch.codes import Type
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.servers import Surge
from dnswatch.model.detection.sitewide import Warned
from dnswatch.model.detection.verdict import Change, Knob, State
from dnswatch.model.role import Role

DAYS: Final = 120
"""Days judged at each site, after those of learning."""
SITES: Final = 4
_LEARNING: Final = 14
_THREE: Final = 3.0
"""No event in n days means, at 95 %, a mean time of more than n / 3 days."""


@dataclass(slots=True)
class Tally:
    """What went wrong at the honest sites."""

    infected: int = 0
    suspect: int = 0
    warned: int = 0
    surges: int = 0
    many: int = 0
    "Client-days with more than 30 MX questions in 5 minutes."
    one: int = 0
    "Client-days with an MX question."
    rules: dict[bytes, Rule] = field(default_factory=dict)
    days: set[tuple[str, bytes, int]] = field(default_factory=set)


def measure_honest(sites: int = SITES, days: int = DAYS) -> list[Table]:
    """Watch honest sites, and count what is said of their clients."""
    tally = Tally()
    for seed in range(sites):
        _watch(site.detector(), seed + 100, days, tally)
    watched = sites * days * site.CLIENTS
    limit = Knob().limit(site.CLIENTS)
    rows = (
        ("infected", *_rates(tally.infected, watched, sites * days), f"{limit:,.0f}"),
        ("suspect", *_rates(tally.suspect, watched, sites * days), f"{limit / 100:,.0f}"),
        ("rule: 30 MX in 5 minutes", *_rates(tally.many, watched, sites * days), ""),
        ("rule: one MX", *_rates(tally.one, watched, sites * days), ""),
    )
    head = (
        "verdict",
        "times",
        "in 30 days",
        "mean client-days between",
        "at least, by the theorem",
    )
    note = (
        f"{sites} sites of {site.CLIENTS:,} clients, {days} days each after the learning period; "
        f"{tally.warned} warnings of the whole site (tolerated: one in "
        f"{Knob().site_limit():.0f} days), {tally.surges} surges of declared servers.  The rules "
        "of thumb count a client once a day; declared servers are left out for them too."
    )
    return [Table("False alarms of honest sites, hard negatives present", head, rows, (note,))]


def _rates(count: int, watched: int, days: int) -> tuple[str, str, str]:
    between = f"{watched / count:,.0f}" if count else f"more than {watched / _THREE:,.0f} (95 %)"
    return str(count), f"{30 * count / days:.2f}", between


def _watch(detector: Detector, seed: int, days: int, tally: Tally) -> None:
    people = site.people(Random(seed))
    until = site.MONDAY + (_LEARNING + days) * site.DAY
    for lookup, told in site.watched(detector, site.traffic(people, site.MONDAY, until, seed)):
        for news in told:
            match news:
                case Change(before=before, verdict=verdict) if before.state != verdict.state:
                    tally.infected += verdict.state == State.INFECTED
                    tally.suspect += verdict.state == State.SUSPECT
                case Warned():
                    tally.warned += 1
                case Surge():
                    tally.surges += 1
        if lookup.at < detector.learned_at or site.role_of(lookup.client) != Role.CLIENT:
            continue
        _rule("one", lookup.client, lookup.at, lookup.qtype == Type.MX, tally)
        rule = tally.rules.setdefault(lookup.client, Rule())
        _rule("many", lookup.client, lookup.at, rule.see(lookup), tally)
    tally.rules.clear()
    tally.days.clear()


def _rule(name: str, client: bytes, at: float, fires: bool, tally: Tally) -> None:
    day = (name, client, int(at // site.DAY))
    if fires and day not in tally.days:
        tally.days.add(day)
        setattr(tally, name, getattr(tally, name) + 1)
