"""Results: what all runs of a comparison say, to be asked for means with intervals.

Means over seeds have their 95 % confidence intervals, by the percentile bootstrap.

Seeds are drawn again with repetition, and the interval holds the middle of the means (Efron 1979).
So it never leaves the range of what was seen: no share below 0.  Percentiles are expanded for few
seeds (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015); of two or three seeds it
is their range all the same, and that is narrower than what is not known.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from statistics import NormalDist, mean
from typing import Final, NamedTuple

import numpy as np

from dnswatch.lab.campus.compare.judges import NOTHING, Defence
from dnswatch.lab.campus.compare.measure import Honest, RunMeasures
from dnswatch.lab.campus.compare.runs import Line

_T: Final = (
    *(12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086),
    *(2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045),
)
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


MONTH: Final = 30.0
"""Days."""
_NONE_SEEN: Final = 3.0
"""Where nothing was seen in n months, the rate is below this / n with 95 % confidence (exp -3)."""

Of = Callable[[RunMeasures], float | None]
"""Takes a number out of a run, where it has that."""


class Results:
    """The results of a comparison."""

    def __init__(self, lines: Iterable[Line], defences: Sequence[Defence]) -> None:
        """Sort them."""
        known = list(lines)
        self.defences = defences
        self.runs = [line for line in known if isinstance(line, RunMeasures)]
        self.honest = [line for line in known if isinstance(line, Honest)]
        self.worms = sorted({run.worm for run in self.runs})
        self.seeds = len({run.seed for run in self.runs})
        self._bare = {(run.seed, run.worm): run for run in self.runs if run.defence == NOTHING}

    def of(self, defence: str) -> list[RunMeasures]:
        """Return the runs under a defence."""
        return [run for run in self.runs if run.defence == defence]

    def mean(self, defence: str, worm: str | None, of: Of) -> Interval | None:
        """Return the mean of something over the seeds; over all worms where none is named."""
        found = [
            (run.seed, value)
            for run in self.of(defence)
            if worm in (None, run.worm) and (value := of(run)) is not None
        ]
        seeds = sorted({seed for seed, _ in found})
        return interval(mean(value for of, value in found if of == seed) for seed in seeds)

    def escaped(self, run: RunMeasures) -> float | None:
        """Say how much of a worm's mail left, in % of what left with nothing against it."""
        bare = self._bare.get((run.seed, run.worm))
        if bare is None or not bare.left:
            return None
        return 100 * run.left / bare.left

    def false(self, judge: str) -> Interval | None:
        """False verdicts of a thousand honest clients in a month; none seen says: at most so many.

        Clients are as different as seeds are: where verdicts were seen the spread is that of seeds.
        """
        lines = [line for line in self.honest if line.judge == judge]
        months = sum(line.clients * line.days / MONTH for line in lines) / 1000
        if lines and not any(line.verdicts for line in lines):
            return Interval(0.0, 0.0, _NONE_SEEN / months)
        return interval(1000 * line.verdicts / line.clients * MONTH / line.days for line in lines)

    def hit(self, judge: str) -> Interval | None:
        """Share of honest clients with a false verdict in the honest days, %."""
        return interval(
            100 * line.hosts / line.clients for line in self.honest if line.judge == judge
        )
