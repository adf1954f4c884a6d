"""A declared mail server is watched for surges."""

from random import Random

import pytest

from bench.detection import lookups
from bench.detection.elsewhere.servers import mail
from bench.detection.elsewhere.town import BEGIN
from dnswatch.model.detection.servers import Load, Surge

SERVER = lookups.client(9)
HOUR = 3600.0
WEEK = 168
MONDAY = 1_767_571_200.0


def watched(weeks: int, surge_in: int | None = None, factor: int = 4, seed: int = 1) -> list[Surge]:
    """Watch a server with 60 lookups in each hour of the day and 20 by night."""
    load, chance, surges = Load.begin(SERVER, MONDAY), Random(seed), []
    for hour in range(weeks * WEEK):
        mean = 60 if 8 <= hour % 24 < 18 else 20
        times = factor if surge_in is not None and 0 <= hour - surge_in < 12 else 1
        for n in range(max(0, round(chance.gauss(mean * times, (mean * times) ** 0.5)))):
            surge = load.see(MONDAY + hour * HOUR + n * HOUR / 1000)
            surges += [surge] if surge else []
    return surges


def test_backscatter_is_a_surge() -> None:
    """Four times the usual lookups are told within a few hours."""
    begin = 5 * WEEK + 30
    surges = watched(6, surge_in=begin)
    assert surges
    assert 0 < surges[0].at - (MONDAY + begin * HOUR) <= 4 * HOUR
    assert "bounces" in str(surges[0])


def test_a_usual_week_is_no_surge() -> None:
    """Busy days after quiet nights are what a mail server does."""
    assert sum(len(watched(12, seed=seed)) for seed in range(5)) == 0


def test_nothing_is_said_before_the_usual_is_known() -> None:
    """In its first three weeks a server is only learned."""
    assert watched(3, surge_in=WEEK, factor=20) == []


def test_long_silence_costs_little() -> None:
    """A server that was away for a year is taken up again at once."""
    load = Load.begin(SERVER, MONDAY)
    load.see(MONDAY)
    assert load.advance(MONDAY + 366 * 86400) is None
    assert load.hour == int((MONDAY + 366 * 86400) // HOUR)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("is_late", "has_month_end", "most"), [(False, False, 0), (True, False, 1), (False, True, 1)]
)
def test_a_late_newsletter_and_the_end_of_a_month_are_no_surges(
    is_late: bool, has_month_end: bool, most: int
) -> None:
    """What a server does each week and each month is usual; at most its first time is news."""
    load, told = Load.begin(SERVER, BEGIN), 0
    for lookup in mail(180, Random(2), is_late=is_late, has_month_end=has_month_end):
        told += load.see(lookup.at) is not None
    assert told <= most
