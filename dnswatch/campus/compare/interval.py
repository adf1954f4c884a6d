"""Intervals: means over seeds with their 95 % confidence intervals (Student's t)."""

from collections.abc import Iterable
from math import sqrt
from statistics import mean, stdev
from typing import Final, NamedTuple

_T: Final = (
    12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16,
    2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052,
    2.048, 2.045,
)  # fmt: skip
"""The 0.975 quantile for 1 to 29 degrees of freedom; beyond, the normal's serves."""
_NORMAL: Final = 1.96


class Interval(NamedTuple):
    """A mean, and how far off it may be."""

    mean: float
    half: float | None
    "Half the width of the interval; None where one value says nothing of the spread."

    def text(self, unit: str = "", digits: int = 1) -> str:
        """Write it; a spread that cannot be seen with these digits is left out."""
        value = f"{self.mean:.{digits}f}"
        is_seen = self.half is not None and round(self.half, digits) > 0
        return f"{value} ± {self.half:.{digits}f}{unit}" if is_seen else f"{value}{unit}"


def interval(values: Iterable[float]) -> Interval | None:
    """Return the mean of some values with its interval; None of no values."""
    known = list(values)
    if not known:
        return None
    if len(known) == 1:
        return Interval(known[0], None)
    freedom = len(known) - 1
    t = _T[freedom - 1] if freedom <= len(_T) else _NORMAL
    return Interval(mean(known), t * stdev(known) / sqrt(len(known)))
