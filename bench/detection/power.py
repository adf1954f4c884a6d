"""Power: how many mail domains each sender gets before its verdict, beside rules of thumb."""

from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from statistics import mean
from typing import Final

from bench.detection import site
from bench.detection.senders import SENDERS, Sender
from bench.table import Table
from dnswatch.codes import Type
from dnswatch.lab.campus.defences.acts import SeenLookup
from dnswatch.lab.campus.defences.finders import Count
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection import indicators
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.indicators import Indicator
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic
from dnswatch.model.detection.verdict import Knob, Plan, State
from dnswatch.model.week import Week

WARM_UP: Final = 56
"""Days of honest traffic before a sender begins: 14 of learning, 42 of judging."""
RUNS: Final = 60
"""Senders of each kind, each on a client of its own."""
_MOST: Final = 400
"""Domains after which a sender counts as not found."""


@dataclass(frozen=True, slots=True)
class Found:
    """When one sender was found: by the detector, and by a rule of 30 MX questions in 5 minutes."""

    domains: int | None
    seconds: float
    rule_domains: int | None


@lru_cache(maxsize=4)
def warmed_up(used: tuple[Indicator, ...] = indicators.DEFAULT) -> Detector:
    """Return a detector that knows an honest site; copy it before you use it."""
    detector = site.detector(Plan(indicators=used))
    people = site.people(Random(1))
    traffic = site.traffic(people, site.MONDAY, site.MONDAY + WARM_UP * site.DAY, seed=1)
    for _ in site.watched(detector, traffic):
        pass
    return detector


def run(sender: Sender, detector: Detector, number: int) -> Found:
    """Let one sender act until it is found, or hopeless."""
    chance = Random(1000 + number)
    who = site.people(Random(1))[number * 7 % site.CLIENTS].address
    begin = site.MONDAY + WARM_UP * site.DAY + chance.uniform(8, 18) * 3600
    rule = Rule()
    found, seconds, ruled = None, 0.0, None
    for domains, batch in enumerate(sender.act(who, begin, chance), 1):
        for lookup in batch:
            if ruled is None and rule.see(lookup):
                ruled = domains
            if found is None:
                detector.see(lookup)
                if detector.verdict(who, lookup.at).state == State.INFECTED:
                    found, seconds = domains, lookup.at - begin
        has_rested = found is not None and (ruled is not None or domains > found + 60)
        if domains >= _MOST or has_rested:
            return Found(found, seconds, ruled)
    raise AssertionError("a sender never ends")


class Rule:
    """The rule that intrusion detection systems ship, for one client: 30 MX in 5 minutes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._count = Count()

    def see(self, lookup: MailLookup) -> bool:
        """Say whether a lookup breaks the rule."""
        is_mx = lookup.qtype == Type.MX
        asked = SeenLookup(lookup.at, lookup.client, lookup.domain, is_mx, lookup.rcode != 0)
        return self._count.asked(asked)


def runs(
    sender: Sender, used: tuple[Indicator, ...] = indicators.DEFAULT, count: int = RUNS
) -> list[Found]:
    """Let senders of one kind act, one after the other, each at a site of its own."""
    # A copy a sender: none must learn from, or raise the number of clients for, another.
    warm = warmed_up(used)
    return [run(sender, deepcopy(warm), number) for number in range(count)]


def measure_senders(count: int = RUNS) -> list[Table]:
    """Find each kind of sender."""
    rows = [_row(sender, runs(sender, count=count)) for sender in SENDERS]
    head = (
        "sender",
        "domains, mean",
        "90 % of runs",
        "time, mean",
        "bar",
        "met",
        "30 MX in 5 min",
        "one MX",
    )
    limit = Knob().limit(site.CLIENTS)
    note = (
        f"{count} runs each, on clients of a site that was learned for {WARM_UP} days; limit "
        f"{limit:,.0f} days.  The last two columns are fixed rules on the same lookups: domains "
        "until they fire; the one-MX rule fires at the first."
    )
    return [Table("Mail domains before the verdict", head, tuple(rows), (note,))]


def _row(sender: Sender, found: list[Found]) -> tuple[str, ...]:
    domains = [one.domains for one in found if one.domains is not None]
    times = [one.seconds for one in found if one.domains is not None]
    if not domains:
        return (sender.name, "never", "", "", _bar(sender), "", _ruled(found), "1")
    is_met = mean(domains) <= sender.domains and mean(times) <= sender.time
    has_bar = min(sender.domains, sender.time) < float("inf")
    missed = f" ({len(found) - len(domains)} never)" if len(domains) < len(found) else ""
    return (
        sender.name,
        f"{mean(domains):.1f}{missed}",
        str(sorted(domains)[int(0.9 * len(domains))]),
        duration(mean(times)),
        _bar(sender),
        ("yes" if is_met and not missed else "**no**") if has_bar else "",
        _ruled(found),
        "never" if "guesses only" in sender.name else "1",
    )


def _ruled(found: list[Found]) -> str:
    ruled = [one.rule_domains for one in found if one.rule_domains is not None]
    return f"{mean(ruled):.0f}" if ruled else "never"


def _bar(sender: Sender) -> str:
    bars = []
    if sender.domains < float("inf"):
        bars.append(f"{sender.domains:.0f} domains")
    if sender.time < float("inf"):
        bars.append(duration(sender.time))
    return ", ".join(bars)


def duration(seconds: float) -> str:
    """Write a duration in the unit that fits."""
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length or (unit == "h" and seconds >= length):
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


_MARKED: Final = (
    (),
    (indicators.FOLLOWED,),
    (indicators.FOLLOWED, indicators.NO_RECURSION),
    indicators.ALL,
)


def measure_indicators(count: int = RUNS // 2) -> list[Table]:
    """Find senders with and without indicators."""
    chosen = [one for one in SENDERS if one.name.startswith(("fast", "SoBig", "MyDoom", "one an"))]
    rows = []
    for sender in chosen:
        cells = []
        for used in _MARKED:
            domains = [one.domains for one in runs(sender, used, count) if one.domains is not None]
            cells.append(f"{mean(domains):.1f}" if domains else "never")
        rows.append((sender.name, *cells))
    names = [
        " + ".join(indicator.name for indicator in used) or "no indicators" for used in _MARKED
    ]
    note = f"Mail domains before the verdict, mean of {count} runs."
    return [Table("What the indicators are worth", ("sender", *names), tuple(rows), (note,))]


def measure_assumptions(count: int = 4 * RUNS) -> list[Table]:
    """Find senders for given bounds, instead of learned ones, and without indicators."""
    limit = Knob().limit(site.CLIENTS)
    cases = [Bounds(rate, share) for rate in (0.05, 0.2, 1.0) for share in (0.3, 0.5)]
    rows = []
    for sender in SENDERS:
        if "address" in sender.name or "own" in sender.name or "Mytob" in sender.name:
            continue
        chance = Random(5)
        cells = [
            f"{mean(_bare(sender.rate, bounds, limit, chance) for _ in range(count)):.1f}"
            for bounds in cases
        ]
        rows.append((sender.name, *cells))
    head = ("sender", *(f"{bounds.rate:g}/d, {bounds.continuation:g}" for bounds in cases))
    note = (
        "Mail domains before the verdict, mean, without indicators, for an honest client's bounds "
        "(bursts a day, continuation) in place of learned ones."
    )
    return [Table("What the bounds are worth", head, tuple(rows), (note,))]


def _bare(rate: float, bounds: Bounds, limit: float, chance: Random) -> int:
    """Count the domains of a Poisson sender that the bare statistic needs."""
    week, at = Week(), site.MONDAY
    statistic = Statistic.begin(at, bounds)
    for domains in range(1, _MOST):
        statistic.see(b"\0", at, bounds, week)
        if statistic.days(at, bounds, week) >= limit:
            return domains
        at += chance.expovariate(rate) * site.DAY
    return _MOST
