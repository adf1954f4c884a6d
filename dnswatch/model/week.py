"""The week: how a site's work is spread over the 168 hours of a week.

Detectors reckon in **working time**: it runs faster in hours in which the site is used to much,
slower in the others, and each full week of it is exactly a week.  In working time an honest
client's rate is about constant, so that no hour needs a formula of its own.

Hours are those of Unix time (UTC): the site's own time zone is part of what is learned.
"""

from collections.abc import Sequence
from typing import Final

HOURS: Final = 168
_HOUR: Final = 3600.0
_DAY: Final = 86400.0
_WEEK: Final = 7 * _DAY
_FLOOR: Final = 0.1
"""Least share of the mean that an hour is given: a quiet hour may be a holiday of the learning."""
_PRIOR: Final = 4.0
"""Events by which each hour is drawn to the mean, so that a few do not bend the week."""
_FLAT: Final = (1.0,) * HOURS


class Week:
    """How fast working time runs in each hour of the week; 1 in the mean."""

    def __init__(self, counts: Sequence[float] = ()) -> None:
        """Spread the week as the events counted in each hour are; evenly where none were."""
        self.pace = _pace(counts) if any(counts) else _FLAT
        "Seconds of working time to a second, for each hour of the week."
        self._before = [0.0]
        "Working time from the begin of the week to that of each hour, seconds."
        for pace in self.pace:
            self._before.append(self._before[-1] + pace * _HOUR)

    def days(self, since: float, until: float) -> float:
        """Working time between two moments (Unix seconds), in days."""
        return (self._at(until) - self._at(since)) / _DAY

    def _at(self, moment: float) -> float:
        weeks, rest = divmod(moment, _WEEK)
        hour = min(int(rest // _HOUR), HOURS - 1)
        return weeks * _WEEK + self._before[hour] + (rest - hour * _HOUR) * self.pace[hour]


def hour_of(moment: float) -> int:
    """Number the hour of the week, 0 to 167."""
    return int(moment % _WEEK // _HOUR) % HOURS


def _pace(counts: Sequence[float]) -> tuple[float, ...]:
    assert len(counts) == HOURS
    mean = sum(counts) / HOURS
    # Neighbouring hours help each other: a site has few mail-related lookups in an hour.
    smooth = [(counts[i - 1] + 2 * counts[i] + counts[(i + 1) % HOURS]) / 4 for i in range(HOURS)]
    raw = [max(_FLOOR, (count + _PRIOR) / (mean + _PRIOR)) for count in smooth]
    scale = HOURS / sum(raw)
    return tuple(value * scale for value in raw)
