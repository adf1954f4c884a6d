"""Results: what all runs of a comparison say, to be asked for means over seeds."""

from collections.abc import Callable, Iterable, Sequence
from statistics import mean
from typing import Final

from dnswatch.lab.campus.compare.catalogue import NOTHING, Defence
from dnswatch.lab.campus.compare.interval import Interval, interval
from dnswatch.lab.campus.compare.measure import Honest, Measured
from dnswatch.lab.campus.compare.runs import Line

MONTH: Final = 30.0
"""Days."""
_NONE_SEEN: Final = 3.0
"""Where nothing was seen in n months, the rate is below this / n with 95 % confidence (exp -3)."""

Of = Callable[[Measured], float | None]
"""Takes a number out of a run, where it has that."""


class Results:
    """The results of a comparison."""

    def __init__(self, lines: Iterable[Line], defences: Sequence[Defence]) -> None:
        """Sort them."""
        known = list(lines)
        self.defences = defences
        self.runs = [line for line in known if isinstance(line, Measured)]
        self.honest = [line for line in known if isinstance(line, Honest)]
        self.worms = sorted({run.worm for run in self.runs})
        self.seeds = len({run.seed for run in self.runs})
        self._bare = {
            (run.seed, run.worm): run for run in self.runs if run.defence == NOTHING
        }  # fmt: skip

    def of(self, defence: str) -> list[Measured]:
        """Return the runs under a defence."""
        return [run for run in self.runs if run.defence == defence]

    def mean(self, defence: str, worm: str | None, of: Of) -> Interval | None:
        """Return the mean of something over the seeds; over all worms where none is named."""
        found = [
            (run.seed, value) for run in self.of(defence)
            if worm in (None, run.worm) and (value := of(run)) is not None
        ]  # fmt: skip
        seeds = sorted({seed for seed, _ in found})
        return interval(mean(value for of, value in found if of == seed) for seed in seeds)

    def escaped(self, run: Measured) -> float | None:
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
        return interval(
            1000 * line.verdicts / line.clients * MONTH / line.days for line in lines
        )  # fmt: skip

    def hit(self, judge: str) -> Interval | None:
        """Share of honest clients with a false verdict in the honest days, %."""
        return interval(
            100 * line.hosts / line.clients for line in self.honest if line.judge == judge
        )  # fmt: skip
