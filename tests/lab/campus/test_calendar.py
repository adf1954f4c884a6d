"""The calendar: people work by day, and less at the weekend."""

from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from dnswatch.lab.campus import plan
from dnswatch.lab.campus.calendar import DAY, Calendar, is_working, weekday
from dnswatch.model.week import hour_of

MONDAY = datetime(2026, 1, 5, tzinfo=UTC).timestamp()


def test_weekdays_are_those_of_the_calendar() -> None:
    """The paper's traces began on a Tuesday and on a Thursday."""
    for day, number in (("2003-08-05", 1), ("2004-01-15", 3), ("2026-01-05", 0)):
        assert weekday(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) == number


def test_an_office_is_open_by_day_and_in_the_week() -> None:
    """Monday at ten, but neither Monday at six nor Saturday at ten."""
    assert is_working(MONDAY + 10 * 3600)
    assert not is_working(MONDAY + 6 * 3600)
    assert not is_working(MONDAY + 5 * DAY + 10 * 3600)


def test_a_week_has_a_mean_of_one_and_quiet_nights() -> None:
    """So that a rate a day is one in the mean of a week."""
    pace = Calendar(plan.CalendarPlan()).pace
    assert np.mean(pace) == pytest.approx(1)
    assert pace[hour_of(MONDAY + 10 * 3600)] > 10 * pace[hour_of(MONDAY + 3 * 3600)]
    assert pace[hour_of(MONDAY + 10 * 3600)] > 2 * pace[hour_of(MONDAY + 5 * DAY + 10 * 3600)]


def test_moments_keep_their_rate() -> None:
    """Ten a day are two hundred and eighty in four weeks, in order, and most of them by day."""
    found = list(Calendar(plan.CalendarPlan()).moments(10, MONDAY, MONDAY + 28 * DAY, Random(1)))
    assert found == sorted(found)
    assert len(found) == pytest.approx(280, rel=0.25)
    assert sum(map(is_working, found)) > len(found) / 2


def test_times_of_a_day_lie_within_it() -> None:
    """No midnight is crossed."""
    found = Calendar(plan.CalendarPlan()).times(1000, MONDAY, np.random.default_rng(1))
    assert found.min() >= MONDAY
    assert found.max() < MONDAY + DAY
