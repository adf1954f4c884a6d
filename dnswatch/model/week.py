"""The week: how a site's work is spread over the 168 hours of a week.

Detectors reckon in **working time**: it runs faster in hours in which the site is used to much,
slower in the others, and each full week of it is exactly a week.  In working time an honest
client's rate is about constant, so that no hour needs a formula of its own.

**Doubt.**  Each hour's pace is drawn to the mean by `_PRIOR` events, or else a few would bend the
week; so a busy hour seems quieter than it is.  With m events an hour learned, one that is truly p
times as busy as the mean shows a pace of (p m + _PRIOR) / (m + _PRIOR), in the mean, and p exceeds
that by the factor p (m + _PRIOR) / (p m + _PRIOR), which rises with p.  With p <= `RUSH` it is at
most `RUSH` (m + _PRIOR) / (`RUSH` m + _PRIOR).  That, and what `_FLOOR` takes from the busy hours,
is the week's `doubt`: a rate that holds in the mean of a week holds in each of its hours when it is
multiplied by it.  It is `RUSH` where nothing was learned, and becomes 1, or 1.1 where most hours
are quiet.

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
RUSH: Final = 4.0
"""How much busier than the mean an hour is at most: a site that works 42 hours a week, and rests in
the others."""
_UNKNOWN: Final = (0.0,) * HOURS


class Week:
    """How fast working time runs in each hour of the week; 1 in the mean."""

    def __init__(self, counts: Sequence[float] = _UNKNOWN) -> None:
        """Spread the week as the events counted in each hour are; evenly where none were."""
        shape = _shape(counts)
        surplus = sum(shape) / HOURS
        self.pace = tuple(value / surplus for value in shape)
        "Seconds of working time to a second, for each hour of the week."
        self.doubt = _doubt(sum(counts) / HOURS) * surplus
        "Times that an hour may be busier than its pace says, at most."
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


def _doubt(mean: float) -> float:
    """Bound how far an hour's pace falls short, `mean` events an hour being learned."""
    return RUSH * (mean + _PRIOR) / (RUSH * mean + _PRIOR)


def _shape(counts: Sequence[float]) -> list[float]:
    """How busy each hour is: 1 in the mean, and a little more since no hour counts for nothing."""
    assert len(counts) == HOURS
    mean = sum(counts) / HOURS
    # Neighbouring hours help each other: a site has few mail-related lookups in an hour.
    smooth = [(counts[i - 1] + 2 * counts[i] + counts[(i + 1) % HOURS]) / 4 for i in range(HOURS)]
    return [max(_FLOOR, (count + _PRIOR) / (mean + _PRIOR)) for count in smooth]
