"""Working time runs as the site is used, and agrees with the calendar each week."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.week import HOURS, RUSH, Week, hour_of

MONDAY = 1_767_571_200.0
DAY = 86400.0
OFFICE = [100.0 * (hour // 24 in (4, 5, 6, 0, 1) and 8 <= hour % 24 < 18) for hour in range(HOURS)]
"""Unix time began on a Thursday: Monday is day 4 of its weeks."""

counts = st.lists(st.floats(0, 1e4), min_size=HOURS, max_size=HOURS)


@given(counts, st.floats(MONDAY, MONDAY + 30 * DAY))
def test_a_week_of_working_time_is_a_week(counts: list[float], since: float) -> None:
    """A promise in days of working time is one in days."""
    assert Week(counts).days(since, since + 7 * DAY) == pytest.approx(7)


@given(counts, st.lists(st.floats(MONDAY, MONDAY + 30 * DAY), min_size=3, max_size=3))
def test_working_time_adds_up(counts: list[float], moments: list[float]) -> None:
    """It makes no difference how often it is looked at."""
    first, second, third = sorted(moments)
    week = Week(counts)
    whole = week.days(first, second) + week.days(second, third)
    assert week.days(first, third) == pytest.approx(whole, abs=1e-6)


def test_busy_hours_count_more() -> None:
    """An hour of work is worth more than an hour of the night."""
    week = Week(OFFICE)
    assert week.days(MONDAY + 10 * 3600, MONDAY + 11 * 3600) * 24 > 2.5
    assert week.days(MONDAY + 2 * 3600, MONDAY + 3 * 3600) * 24 < 0.5


def test_a_site_that_nothing_is_known_of_has_even_hours() -> None:
    """Before anything is learned, working time is the calendar's."""
    assert Week().days(MONDAY, MONDAY + 3600) == pytest.approx(1 / 24)
    assert hour_of(MONDAY) == 4 * 24


@pytest.mark.parametrize("height", [0, 0.1, 1, 10, 1000])
def test_no_hour_is_busier_than_its_pace_and_the_doubt_allow(height: float) -> None:
    """A site that works in a quarter of the hours is not taken for one that never rests."""
    shift = [RUSH * height * (hour // 42 == 2) for hour in range(HOURS)]
    week = Week(shift)
    inside = range(2 * 42 + 1, 3 * 42 - 1)
    assert all(week.pace[hour] * week.doubt >= RUSH * 0.999 for hour in inside)
    assert 1 < week.doubt <= RUSH


def test_the_doubt_goes_as_the_week_is_learned() -> None:
    """What nothing is known of may be anything; what was seen a thousand times is known."""
    doubts = [Week([count] * HOURS).doubt for count in (0, 1, 10, 1000)]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] == RUSH
    assert doubts[-1] == pytest.approx(1, abs=0.01)
