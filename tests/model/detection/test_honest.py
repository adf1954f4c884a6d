"""Honest sites are hardly ever accused, however short they were learned."""

from random import Random

import pytest

from bench.detection import site
from dnswatch.model.detection.verdict import Change, Plan, Rung

WEEK = 7 * site.DAY


def accused(learning: float, judged: float, seed: int) -> int:
    """Count the verdicts of infected at an honest site of 1,000 clients."""
    until = site.MONDAY + learning + judged
    watch, count = site.detector(Plan(learning=learning)), 0
    for lookup in site.traffic(site.people(Random(seed)), site.MONDAY, until, seed):
        changes = [news for news in watch.see(lookup) if isinstance(news, Change) and news.is_new]
        count += sum(one.verdict.rung == Rung.INFECTED for one in changes)
    return count


@pytest.mark.whole
def test_a_week_of_learning_makes_no_false_alarms() -> None:
    """It hears Thursday to Sunday; what that says of a Monday must not be believed.

    Two sites may have 0.7 false alarms in two weeks; by narrower bounds these two had twelve.
    """
    assert sum(accused(WEEK, 2 * WEEK, seed) for seed in (1000, 1001)) <= 1
