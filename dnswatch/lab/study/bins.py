"""Bins: the days, or other equal parts, that a trace is counted by.

Bins of whole days begin at midnight in a zone, and so may last 23 or 25 hours; shorter ones are
equally long, and counted from the first midnight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from dnswatch.errors import DnswatchError

if TYPE_CHECKING:
    from ibis.expr.types import IntegerValue

DAY: Final = 86_400
MOST: Final = 100_000
"""Bins at most: more can neither be drawn nor read."""

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bins:
    """Consecutive parts of the time that a trace covers."""

    edges: tuple[int, ...]
    "Begin of each bin, and the end of the last: Unix seconds."
    width: int
    "Seconds; a day where a day is meant, however long it lasts."
    zone: ZoneInfo

    @classmethod
    def over(cls, begin: float, end: float, width: int, zone: ZoneInfo) -> "Bins":
        """Lay bins over all moments from `begin` to `end`, both included."""
        if width < 1 or (DAY % width and width % DAY):
            raise DnswatchError(
                f"bins of {width} s do not fit into days: take a part of a day, or whole days"
            )
        edges = []
        for edge in _edges(begin, width, zone):
            if edge <= begin:
                edges = [edge]
                continue
            edges.append(edge)
            if edge > end:
                break
            if len(edges) > MOST:
                raise DnswatchError(f"the trace holds more than {MOST:,} bins: take wider ones")
        return cls(tuple(edges), width, zone)

    def __len__(self) -> int:
        """Count the bins."""
        return len(self.edges) - 1

    def number(self, at: float) -> int:
        """Number of the bin that a moment falls into; below zero before the first."""
        return sum(edge <= at for edge in self.edges) - 1

    def local(self, number: int) -> datetime:
        """Begin of a bin, in the zone."""
        return datetime.fromtimestamp(self.edges[number], self.zone)

    def is_weekend(self, number: int) -> bool:
        """Whether a bin begins on a Saturday or Sunday."""
        return self.local(number).weekday() >= 5

    def of(self, at: "IntegerValue") -> "IntegerValue":
        """Number of the bin of a moment in microseconds, as an expression."""
        import ibis

        found: IntegerValue | None = None
        for first, last in reversed(list(self._even())):
            begin = self.edges[first] * _MICROSECONDS
            number = first + (at - begin) // (self.width * _MICROSECONDS)
            here = ibis.least(number, last).cast("int64")
            found = here if found is None else ibis.ifelse(at < self._micro(last + 1), here, found)
        assert found is not None
        return found

    def _micro(self, number: int) -> int:
        return self.edges[number] * _MICROSECONDS

    def _even(self) -> Iterator[tuple[int, int]]:
        """First and last of bins in a row; only the last may be longer or shorter."""
        first = 0
        for number, (edge, following) in enumerate(pairwise(self.edges)):
            if following - edge != self.width or number == len(self) - 1:
                yield first, number
                first = number + 1


def _edges(begin: float, width: int, zone: ZoneInfo) -> Iterator[int]:
    """Begin at the midnight before `begin`, and go on without end."""
    midnight = datetime.fromtimestamp(begin, zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    step = 0
    while True:
        if width < DAY:
            yield int(midnight.timestamp()) + step * width
        else:
            # Arithmetic on a moment with a zone is by the wall clock: midnight stays midnight.
            yield int((midnight + timedelta(seconds=step * width)).timestamp())
        step += 1
