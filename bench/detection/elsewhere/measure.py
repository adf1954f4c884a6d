"""Measure: honest sites and worms of the second generator, each as a table."""

from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache, partial
from random import Random
from statistics import mean
from typing import Final

from bench.detection.elsewhere import edge, servers, town
from bench.detection.elsewhere.results import Numbers, Results
from bench.detection.elsewhere.town import BEGIN, Habits
from bench.detection.elsewhere.worms import WORMS, Worm
from bench.detection.power import duration
from bench.table import Table
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.servers import Surge
from dnswatch.model.detection.sitewide import Warned
from dnswatch.model.detection.verdict import Change, Plan, State
from dnswatch.model.quantile import gamma_quantile
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import to_text

LEARNED: Final = 14
JUDGED: Final = 60
_DAY: Final = 86400.0
_MOST: Final = 20.0 * _DAY
"""Seconds after which a worm counts as not found."""


def detector(plan: Plan | None = None) -> Detector:
    """Begin to learn the second site."""
    return Detector(
        plan or Plan(),
        BEGIN,
        registrable=registrable,
        write=to_text,
        clock=str,
        role_of=lambda who: Role.MAIL_SERVER if who == servers.SERVER else Role.CLIENT,
    )


def fed(
    judge: Detector, those: list[town.Person], lookups: Iterator[MailLookup], habits: Habits
) -> Iterator[object]:
    """Play lookups, tell each day who is there, and yield what the detector says."""
    told = -1
    for lookup in lookups:
        if (today := int((lookup.at - BEGIN) // _DAY)) > told:
            told = today
            for person in those:
                judge.meet(town.address(person.number, lookup.at, habits), lookup.at)
        yield from judge.see(lookup)


def measure_elsewhere() -> list[Table]:
    """Watch honest people, a mail server and worms of the second site."""
    results = Results()
    quick = [_edges(results), _surges(results), _worms(results)]
    return [_honest(results), *quick]


def _honest(results: Results, sites: int = 2) -> Table:
    rows = []
    for habits in town.SITES:
        seeds = range(sites if habits.people <= 1000 else 1)
        told = [
            results.of(f"{habits.name}, site {seed}", partial(honest, habits, seed))
            for seed in seeds
        ]
        months = len(told) * JUDGED / 30
        infected, suspect, warned = (int(sum(one[n] or 0 for one in told)) for n in range(3))
        rows.append(
            (
                habits.name,
                f"{infected / months:.1f} ({_interval(infected, months)})",
                f"{suspect / months:.1f}",
                f"{warned} in {len(told) * JUDGED} days",
            )
        )
    head = ("honest site", "infected in 30 days, 95 %", "suspect in 30 days", "warnings")
    note = (
        f"{LEARNED} days learned, {JUDGED} judged; promised are at most 0.8 infected and 80 "
        "suspects in 30 days, and a warning of the whole site in 150."
    )
    return Table("False alarms elsewhere", head, tuple(rows), (note,))


def honest(habits: Habits, seed: int) -> Numbers:
    """Count verdicts of infected and suspect, and warnings, at an honest site."""
    those = town.people(habits, Random(seed))
    judge, infected, suspect, warned = detector(), 0, 0, 0
    stream = town.traffic(those, LEARNED + JUDGED, habits, seed)
    for news in fed(judge, those, stream, habits):
        match news:
            case Change(before=before, verdict=verdict) if before.state != verdict.state:
                infected += verdict.state == State.INFECTED
                suspect += verdict.state == State.SUSPECT
            case Warned():
                warned += 1
    return [infected, suspect, warned]


def _edges(results: Results) -> Table:
    measured = {
        "exactly at its bounds, which are given": partial(edge.at_bounds, 400),
        "and always follows, as half of its role does, the others never": partial(
            edge.at_bounds, 400, edge.followers(0.0, 1.0)
        ),
        "and always follows, though all of its role do every other time": partial(
            edge.at_bounds, 400, edge.followers(0.5)
        ),
        edge.AGAIN.name: partial(edge.watched, edge.AGAIN, detector()),
    }
    rows = []
    for name, measure in measured.items():
        days, alarms = (one or 0.0 for one in results.of(name, measure))
        rows.append((name, f"{days / max(alarms, 1.0):,.0f}", f"{days:,.0f}", f"{alarms:.0f}"))
    head = ("honest clients", "days until it is reached, mean", "days watched", "times")
    note = f"A statistic of {edge.LIMIT:.0f} days; so many days are promised, less a day or two."
    return Table("Clients at the edge of what they may", head, tuple(rows), (note,))


def _surges(results: Results, months: int = 12) -> Table:
    rows = []
    cases = (
        ("steady", False, False),
        ("weekly newsletter, at times an hour late", True, False),
        ("mailing at the end of the month", False, True),
    )
    for name, is_late, has_month_end in cases:
        told, *_ = results.of(
            name, partial(surges, months, is_late=is_late, has_month_end=has_month_end)
        )
        rows.append((name, f"{(told or 0) / months:.1f}"))
    head = ("declared mail server", "surges a month")
    return Table("False surges elsewhere", head, tuple(rows), (f"{months} months each.",))


def surges(months: int, *, is_late: bool, has_month_end: bool) -> Numbers:
    """Count false surges of a declared mail server."""
    judge, told = detector(), 0
    for lookup in servers.mail(
        30 * months, Random(5), is_late=is_late, has_month_end=has_month_end
    ):
        told += sum(isinstance(one, Surge) for one in judge.see(lookup))
    return [told]


@lru_cache(1)
def _learned() -> Detector:
    """Return a detector that learned the second site for 28 days."""
    habits = town.SITES[1]
    those, judge = town.people(habits, Random(7)), detector()
    for _ in fed(judge, those, town.traffic(those, 28, habits, 7), habits):
        pass
    return judge


def _worms(results: Results, count: int = 10) -> Table:
    rows = []
    for worm in WORMS:
        found = [
            results.of(f"{worm.name}, worm {seed}", partial(hunt, worm, seed))
            for seed in range(count)
        ]
        times = [seconds for _, seconds in found if seconds is not None]
        mails = [number or 0 for number, seconds in found if seconds is not None]
        rows.append(
            (
                worm.name,
                f"{len(times)} of {count}",
                *((f"{mean(mails):.1f}", duration(mean(times))) if times else ("", "")),
            )
        )
    head = ("worm", "infected", "mails, mean", "time, mean")
    note = f"At a site of 1,000 that was learned for 28 days; watched for {_MOST / _DAY:.0f} days."
    return Table("Worms elsewhere", head, tuple(rows), (note,))


def hunt(worm: Worm, seed: int) -> Numbers:
    """Let a worm act; return its mails, and the seconds until it was infected, None for never."""
    judge = deepcopy(_learned())
    who = town.address(seed * 97 % 1000, BEGIN, town.SITES[1])
    begin = BEGIN + 28 * _DAY + Random(seed).uniform(7, 20) * 3600
    for number, batch in enumerate(worm.act(who, begin, seed), 1):
        for lookup in batch:
            judge.see(lookup)
        at = batch[-1].at
        if judge.verdict(who, at, is_told=True).state == State.INFECTED:
            return [number, at - begin]
        if at - begin > min(_MOST, worm.pause * 5000):
            break
    return [number, None]


def _interval(count: int, months: float) -> str:
    """Write the 95 % interval of a Poisson rate."""
    low = gamma_quantile(0.025, count, 1.0) if count else 0.0
    return f"{low / months:.1f} to {gamma_quantile(0.975, count + 1.0, 1.0) / months:.1f}"
