"""Calendar: when people work; weekdays and weekends, days and nights.

The campus's local time is UTC.  A week has 168 hours, each with a weight that is 1 in the mean.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

import numpy as np

from dnswatch.lab.campus.plan import CalendarPlan
from dnswatch.model.week import HOURS, hour_of

DAY: Final = 86400.0
_HOUR: Final = 3600.0
_THURSDAY: Final = 3
"""Weekday of 1970-01-01, with which Unix weeks begin; Monday is 0."""
_DAYTIME: Final = (
    *(1, 1, 1, 1, 1, 1, 2, 5),
    *(20, 55, 80, 90, 85, 85, 90, 90),
    *(85, 70, 45, 30, 22, 15, 8, 3),
)
"""Activity by the hour: people begin between eight and ten, and some stay."""


def weekday(at: float) -> int:
    """Number the day of the week, Monday is 0."""
    return (int(at // DAY) + _THURSDAY) % 7


def is_working(at: float) -> bool:
    """Say whether an office is open: Monday to Friday from 8 to 18 h."""
    return weekday(at) < 5 and 8 <= at % DAY / _HOUR < 18


class Calendar:
    """The rhythm of a site."""

    def __init__(self, settings: CalendarPlan) -> None:
        """Follow the settings."""
        self._active = (settings.active, settings.weekend_active)
        shares = [settings.weekend if n in (5, 6) else 1.0 for n in map(_weekday_of_hour, range(7))]
        raw = np.array([shares[n // 24] * _DAYTIME[n % 24] for n in range(HOURS)], dtype=float)
        self.pace: tuple[float, ...] = tuple((raw / raw.mean()).tolist())
        "Weight of each hour of the Unix week; 1 in the mean."
        self._most = max(self.pace)
        self._hours = np.cumsum(_DAYTIME) / sum(_DAYTIME)

    def active(self, day: float) -> float:
        """Share of the clients that are used on a day."""
        return self._active[weekday(day) > 4]

    def moments(self, rate: float, since: float, until: float, chance: Random) -> Iterator[float]:
        """Moments at a mean rate a day, more of them while people work."""
        at = since
        while (at := at + chance.expovariate(rate * self._most) * DAY) < until:
            if chance.random() * self._most < self.pace[hour_of(at)]:
                yield at

    def times(self, count: int, day: float, numbers: np.random.Generator) -> np.ndarray:
        """Moments of one day (Unix seconds of its begin), unsorted."""
        shares = numbers.random(count)
        hours = np.searchsorted(self._hours, shares)
        return day + (hours + numbers.random(count)) * _HOUR


def _weekday_of_hour(day: int) -> int:
    return (day + _THURSDAY) % 7
