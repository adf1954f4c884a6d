"""Crowd: senders that are too slow to be found one by one, found by the tests of the whole site."""

from collections.abc import Sequence
from copy import deepcopy
from heapq import merge
from math import exp, sqrt
from random import Random
from typing import Final

from bench.detection import lookups, site
from bench.detection.power import WARM_UP, warmed_up
from bench.table import Table
from dnswatch.model.detection.sitewide import Member, Warned, scattered
from dnswatch.model.detection.verdict import Knob, State

DAYS: Final = 7
CROWDS: Final = ((0, 0.0), (20, 0.5), (6, 2.0), (50, 0.2), (100, 0.2))
"""Infected clients, and domains a day of each."""
_BAR: Final = (20, 0.5)
_NULLS: Final = 400
"""Honest sites by which higher criticism is calibrated."""


def measure_crowds(runs: int = 30) -> list[Table]:
    """Find crowds of slow senders within a week."""
    limit = Knob().site_limit() / DAYS
    critical, level = _calibrated(limit)
    rows = []
    for infected, rate in CROWDS:
        outcomes = [_run(infected, rate, seed) for seed in range(runs)]
        warned = sum(one[0] for one in outcomes) / runs
        alone = sum(one[1] for one in outcomes) / runs
        compared = [_compare(infected, rate, Random(seed)) for seed in range(runs)]
        e_value = sum(one[0] >= limit for one in compared) / runs
        criticism = sum(one[1] >= critical for one in compared) / runs
        is_bar = (infected, rate) == _BAR
        name = f"{infected} clients, {rate:g} a day each" if infected else "none"
        rows.append(
            (
                name,
                f"{warned:.0%}",
                "70 %" if is_bar else "",
                ("yes" if warned >= 0.7 else "**no**") if is_bar else "",
                f"{alone:.1f}",
                f"{e_value:.0%}",
                f"{criticism:.0%}",
            )
        )
    head = (
        "infected",
        "site warned in 7 days",
        "bar",
        "met",
        "clients found alone",
        "e-value, bare",
        "higher criticism, bare",
    )
    note = (
        f"{runs} runs each.  The last two columns compare the tests on bare counts of one week "
        f"({site.CLIENTS:,} clients, history of 28 days), each at the level of {level:.1%} that "
        "the site's limit amounts to; higher criticism is calibrated by simulation, the e-value by "
        "nothing."
    )
    return [Table("Slow senders, by the tests of the whole site", head, tuple(rows), (note,))]


def _run(infected: int, rate: float, seed: int) -> tuple[bool, int]:
    """Play a week: whether the site was warned, and how many senders got a verdict of their own."""
    detector, people, chance = deepcopy(warmed_up()), site.people(Random(1)), Random(seed)
    since = site.MONDAY + WARM_UP * site.DAY
    until = since + DAYS * site.DAY
    streams = [site.traffic(people, since, until, seed + 500)]
    senders = {person.address for person in chance.sample(people, infected)}
    for who in sorted(senders):
        batches = (
            lookups.delivery(at, who, f"target{chance.getrandbits(40)}.net")
            for at in list(site.moments(rate, since, until, chance))
        )
        streams.append(iter([lookup for batch in batches for lookup in batch]))
    news = []
    for lookup in merge(*streams, key=lambda one: one.at):
        news += detector.see(lookup)
    news += detector.advance(until)
    found = sum(detector.verdict(who, until).state == State.INFECTED for who in senders)
    return any(isinstance(one, Warned) for one in news), found


def _compare(infected: int, rate: float, chance: Random) -> tuple[float, float]:
    """Draw bare counts of a week; return the e-value and the higher criticism."""
    scale = site.SHAPE / site.RATE
    members = []
    for number in range(site.CLIENTS):
        own = chance.gammavariate(site.SHAPE, 1 / scale)
        history = _poisson(own * 28, chance)
        extra = rate * DAYS if number < infected else 0.0
        count = _poisson(own * DAYS + extra, chance)
        bursts = (0,) * (DAYS - 1) + (count,)
        members.append(Member(lookups.client(number), site.SHAPE + history, scale + 28, bursts))
    # The whole week as one day of seven: one window only, as higher criticism has.
    value, _ = scattered(members, (float(DAYS),), 0)
    return value, higher_criticism([_chance_of(one, chance) for one in members])


def higher_criticism(chances: Sequence[float]) -> float:
    """Donoho and Jin's statistic of p-values (2004)."""
    n = len(chances)
    deviations = (
        sqrt(n) * (rank / n - p) / sqrt(p * (1 - p))
        for rank, p in enumerate(sorted(chances), 1)
        if 1 / n < p < 1 and rank <= n / 2
    )
    return float(max(deviations))


def _chance_of(member: Member, chance: Random) -> float:
    """Randomised p-value of a gamma-Poisson count."""
    share = DAYS / (member.days + DAYS)
    mass = float((1 - share) ** member.shape)
    below = 0.0
    count = sum(member.bursts)
    for n in range(count):
        below += mass
        mass *= (member.shape + n) / (n + 1) * share
    return min(1.0, max(1e-12, 1 - below - chance.random() * mass))


def _calibrated(limit: float) -> tuple[float, float]:
    """Critical value of higher criticism at the level that an e-value's limit promises."""
    chance = Random(9)
    level = 1 / limit
    nulls = sorted(
        higher_criticism([max(1e-12, chance.random()) for _ in range(site.CLIENTS)])
        for _ in range(_NULLS)
    )
    return nulls[int(len(nulls) * (1 - level))], level


def _poisson(mean: float, chance: Random) -> int:
    count, left = 0, chance.random()
    floor = exp(-mean)
    while left > floor:
        left *= chance.random()
        count += 1
    return count
