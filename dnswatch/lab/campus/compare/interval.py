"""Intervals: means over seeds with their 95 % confidence intervals, by the percentile bootstrap.

Seeds are drawn again with repetition, and the interval holds the middle of the means (Efron 1979).
So it never leaves the range of what was seen: no share below 0.  Percentiles are expanded for few
seeds (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015); of two or three seeds it
is their range all the same, and that is narrower than what is not known.
"""

from collections.abc import Iterable
from math import sqrt
from statistics import NormalDist, mean
from typing import Final, NamedTuple

import numpy as np

_T: Final = (
    12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16,
    2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052,
    2.048, 2.045,
)  # fmt: skip
"""The 0.975 quantile of Student's t for 1 to 29 degrees of freedom; beyond, the normal's serves."""
_NORMAL: Final = 1.96
_DRAWS: Final = 4000


class Interval(NamedTuple):
    """A mean, and between what it may lie."""

    mean: float
    low: float
    high: float

    def text(self, digits: int = 1) -> str:
        """Write it; a spread that cannot be seen with these digits is left out."""
        value, low, high = (f"{number:.{digits}f}" for number in self)
        return value if low == high else f"{value} ({low} to {high})"


def interval(values: Iterable[float]) -> Interval | None:
    """Return the mean of some values with its interval; None of no values.

    One value says nothing of the spread: then the interval is the value.
    """
    known = np.array(list(values), dtype=float)
    if not len(known):
        return None
    if len(known) == 1:
        return Interval(known[0], known[0], known[0])
    drawn = np.random.default_rng(0).integers(len(known), size=(_DRAWS, len(known)))
    tail = _tail(len(known))
    low, high = np.quantile(known[drawn].mean(axis=1), [tail, 1 - tail])
    return Interval(mean(known.tolist()), float(low), float(high))


def _tail(count: int) -> float:
    """Return the share of the means that lies outside on each side."""
    t = _T[count - 2] if count - 2 < len(_T) else _NORMAL
    return NormalDist().cdf(-sqrt(count / (count - 1)) * t)
