"""Durations: how long answers took that could not be given at once, by transport.

A histogram of few buckets; what has come since it was taken goes by name with the other counters.
"""

from collections.abc import Mapping
from typing import Final

BOUNDS: Final[tuple[float, ...]] = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
)
"""Upper bounds of the buckets, in seconds, each of them inclusive; one more takes the rest."""

TRANSPORTS: Final = ("udp", "tcp")

PREFIX: Final = "answer_time "
"""What the names of these counters begin with: `answer_time udp 3` is a bucket by its place,
`answer_time udp sum` the microseconds that all of them took.
"""


class AnswerTimes:
    """How long answers took, since they were taken."""

    def __init__(self) -> None:
        """Have none."""
        self._counts = ([0] * (len(BOUNDS) + 1), [0] * (len(BOUNDS) + 1))
        self._sums = [0.0, 0.0]

    def add(self, is_tcp: bool, seconds: float) -> None:
        """Count an answer."""
        place = 0
        for bound in BOUNDS:  # most take no longer than the first
            if seconds <= bound:
                break
            place += 1
        counts = self._counts[is_tcp]
        counts[place] += 1
        self._sums[is_tcp] += seconds

    def take(self) -> dict[str, int]:
        """Take what has come, by name; a clock that was set back makes no time negative."""
        taken = {}
        for transport, counts, total in zip(TRANSPORTS, self._counts, self._sums, strict=True):
            for place, count in enumerate(counts):
                if count:
                    taken[f"{PREFIX}{transport} {place}"] = count
                    counts[place] = 0
            if total > 0:
                taken[f"{PREFIX}{transport} sum"] = round(total * 1e6)
        self._sums = [0.0, 0.0]
        return taken


def histogram(counters: Mapping[str, int], transport: str) -> tuple[list[int], float]:
    """Return the count of each bucket by itself, and the seconds of all, as counters have them."""
    buckets = [counters.get(f"{PREFIX}{transport} {n}", 0) for n in range(len(BOUNDS) + 1)]
    return buckets, counters.get(f"{PREFIX}{transport} sum", 0) / 1e6
