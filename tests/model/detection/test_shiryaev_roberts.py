"""The statistic keeps its promise, and can be reckoned by hand."""

from math import exp, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.detection.shiryaev_roberts import (
    COMPONENTS,
    GAP,
    GAPS,
    SESSION,
    Bounds,
    Statistic,
    mean,
    score,
)
from dnswatch.model.week import Week

DAY = 86400.0
AT = 1_767_571_200.0
WEEK = Week()
BOUNDS = Bounds(0.2, 0.4)


def honest(bounds: Bounds, days: float, chance: Random, least: float) -> tuple[float, float]:
    """Watch a client that does all that its bounds allow, until `least` is reached or time is up.

    Return the days that it took, and the statistic then.
    """
    statistic, at, end, last = Statistic.begin(AT, bounds), AT, AT + days * DAY, AT
    while True:
        # A session has ended before the next can begin: what falls into it would continue it.
        at = max(at, last + SESSION + 1) + chance.expovariate(bounds.rate) * DAY
        if at >= end:
            return days, statistic.days(end, bounds, WEEK)
        while True:
            statistic.see(b"\0", at, bounds, WEEK)
            last = at
            if mean(statistic.parts) >= least:
                return (at - AT) / DAY, mean(statistic.parts)
            level = next((n for n, p in enumerate(bounds.shares) if chance.random() < p), None)
            if level is None:
                break
            at += chance.uniform((1.0, *GAPS)[level] + 1, GAPS[level] - 1)


@pytest.mark.whole
@pytest.mark.parametrize(
    "bounds",
    [Bounds(0.2, 0.3), Bounds(0.2, 0.5, 0.3, 0.1), Bounds(1.0, 0.7, 0.03, 0.3), Bounds(0.1, 0.3)],
)
def test_the_statistic_of_an_honest_client_is_at_most_the_time_in_the_mean(bounds: Bounds) -> None:
    """E R(min(T, L)) <= E min(T, L) + x: what the theorem needs, with each level at its bound.

    L has room for a dozen sessions, however often they may begin.
    """
    begin = Statistic.begin(AT, bounds).days(AT, bounds, WEEK)
    chance, runs, limit = Random(7), 4000, 12 / bounds.rate
    ends = [honest(bounds, limit, chance, limit) for _ in range(runs)]
    excess = [days - time for time, days in ends]
    middle = sum(excess) / runs
    spread = (sum((one - middle) ** 2 for one in excess) / runs / runs) ** 0.5
    assert middle <= begin + 3 * spread


@pytest.mark.whole
def test_one_more_burst_within_half_an_hour_keeps_the_promise() -> None:
    """At half the rate, with another burst in 3 of 10 cases: at least 200 days in the mean."""
    bounds, chance, runs, took = Bounds(0.2, 0.3), Random(3), 200, 0.0
    for _ in range(runs):
        statistic, at = Statistic.begin(AT, bounds), AT
        while mean(statistic.parts) < 200 and at < AT + 4000 * DAY:
            again = chance.random() < 0.3
            at += chance.uniform(300, 1800) if again else chance.expovariate(0.1) * DAY
            statistic.see(b"\0", at, bounds, WEEK)
        took += (at - AT) / DAY
    assert took / runs >= 200


@pytest.mark.whole
def test_false_alarms_come_no_sooner_than_promised() -> None:
    """P(T <= L) <= (L + r) / A for clients that do all their bounds allow."""
    limit, days, runs, chance = 100.0, 20.0, 1500, Random(11)
    begin = Statistic.begin(AT, BOUNDS).days(AT, BOUNDS, WEEK)
    early = sum(honest(BOUNDS, days, chance, limit)[0] < days for _ in range(runs))
    promised = (days + begin) / limit
    assert early / runs <= promised + 3 * (promised / runs) ** 0.5


def test_an_understated_continuation_breaks_the_promise() -> None:
    """The test above can fail: the bounds are what the theorem rests on."""
    limit, days, runs, chance = 100.0, 20.0, 400, Random(11)
    early = 0
    for _ in range(runs):
        statistic, at = Statistic.begin(AT, Bounds(0.2, 0.3)), AT
        while at < AT + days * DAY and mean(statistic.parts) < limit:
            is_burst = chance.random() < 0.8
            at += 60 if is_burst else chance.expovariate(0.2) * DAY + GAP
            statistic.see(b"\0", at, Bounds(0.2, 0.3), WEEK)
        early += at < AT + days * DAY
    assert early / runs > 0.5


def test_a_burst_is_reckoned_as_written() -> None:
    """Begin, burst, continuation, end and rest, by hand."""
    bounds = Bounds(0.2, 0.4, 0.1, 0.05)
    statistic = Statistic.begin(AT, bounds)
    parts = [1 / ((one.speed - 1) * 0.2) for one in COMPONENTS]
    assert statistic.parts == pytest.approx(parts)
    statistic.see(b"\0", AT, bounds, WEEK)
    parts = [part * one.speed for part, one in zip(parts, COMPONENTS, strict=True)]
    assert statistic.parts == pytest.approx(parts)
    shares = [
        [max(s, c) for s, c in zip(one.shares, bounds.shares, strict=True)] for one in COMPONENTS
    ]
    statistic.see(b"\0", AT + GAP, bounds, WEEK)
    parts = [part * s[0] / 0.4 for part, s in zip(parts, shares, strict=True)]
    assert statistic.parts == pytest.approx(parts)
    statistic.see(b"\0", AT + 3 * GAP, bounds, WEEK)
    parts = [part * (1 - s[0]) / 0.6 * s[1] / 0.1 for part, s in zip(parts, shares, strict=True)]
    assert statistic.parts == pytest.approx(parts)
    later = []
    for part, one, s in zip(parts, COMPONENTS, shares, strict=True):
        k = (one.speed - 1) * 0.2
        ended = part * (1 - s[0]) / 0.6 * (1 - s[1]) / 0.9 * (1 - s[2]) / 0.95
        later.append(ended * exp(-2 * k) + (1 - exp(-2 * k)) / k)
    end = AT + 3 * GAP + SESSION + 2 * DAY
    assert statistic.days(end, bounds, WEEK) == pytest.approx(mean(later))


@given(st.lists(st.floats(0, 5 * DAY), max_size=30), st.floats(0.05, 5), st.floats(0.3, 0.8))
def test_looking_changes_nothing(gaps: list[float], rate: float, continuation: float) -> None:
    """A verdict does not depend on how often it is asked for."""
    bounds = Bounds(rate, continuation)
    watched, left_alone, at = Statistic.begin(AT, bounds), Statistic.begin(AT, bounds), AT
    for gap in gaps:
        watched.days(at + gap / 2, bounds, WEEK)
        at += gap
        watched.see(b"\0", at, bounds, WEEK)
        left_alone.see(b"\0", at, bounds, WEEK)
    assert watched == left_alone


def test_the_statistic_fades_and_is_held_at_its_limit() -> None:
    """Without new domains a client comes to look as it did in the beginning."""
    statistic = Statistic.begin(AT, BOUNDS)
    begin = statistic.days(AT, BOUNDS, WEEK)
    for n in range(50):
        statistic.see(b"\0", AT + n, BOUNDS, WEEK)
    statistic.clip(1000.0)
    assert mean(statistic.parts) == pytest.approx(1000)
    assert statistic.days(AT + 60 * DAY, BOUNDS, WEEK) == pytest.approx(begin, rel=0.01)


def test_a_score_is_the_logarithm_of_days() -> None:
    """The score is in nats."""
    assert score(37500) == log(37500)
    assert score(0) == float("-inf")
