"""Servers: a declared mail server is watched for surges, never marked.

Each hour's mail-related lookups are compared with what that hour of the week usually brings: mean
and dispersion, as in a quasi-Poisson model, both learned slowly.  Deviations are summed up (CUSUM:
more than `SLACK` deviations above the usual adds, less takes away), and a sum above `ALARM` is a
surge.  A newsletter that leaves an hour earlier or later is none: an hour may bring what the hours
next to it usually bring.  Nor is what comes each month: a day may bring what a surge brought four
weeks, 30 or 31 days before.  Such a surge is what the bounces of a
worm's forged mail look like (backscatter: A Study of Mass-mailing Worms, figures 3 and 9).  It is
shown, and nothing follows from it.
"""

from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from dnswatch.model.week import HOURS, hour_of

HOUR: Final = 3600.0
LEARNING_WEEKS: Final = 3
"""Weeks until the usual is known well enough to judge by."""
SLACK: Final = 1.0
ALARM: Final = 12.0
"""Deviations: an hour of 13 above the usual, or six hours of 3."""
_MONTH: Final = (28, 29, 30, 31)
"""Days after which what comes each month comes again."""
_GROWTH: Final = 1.2
"""Times as much as then."""
_CLIP: Final = 4.0
"""Deviations that one hour is learned with at most, so that a surge does not become the usual."""
_WEIGHT: Final = 0.2
"""Weight of the last hour against the usual of its hour of the week."""


@dataclass(frozen=True, slots=True)
class Surge:
    """More mail-related lookups of a declared mail server than usual."""

    client: bytes
    at: float
    "End of the hour that brought it, Unix seconds."
    lookups: int
    "In that hour."
    usual: float
    "In such an hour."

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.lookups} mail-related lookups in an hour that usually brings {self.usual:.0f}: "
            "bounces of forged mail look like that"
        )


@dataclass(slots=True)
class Load:
    """The mail-related lookups of one declared mail server."""

    client: bytes
    since: int
    "Hour (Unix seconds / 3600) in which it was first seen."
    hour: int
    "The hour that is being counted."
    lookups: int = 0
    usual: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    "Lookups in each hour of the week."
    seen: list[int] = field(default_factory=lambda: [0] * HOURS)
    "How often each hour of the week was learned."
    dispersion: float = 1.0
    "Variance over mean."
    excess: float = 0.0
    "The sum of deviations."
    peaks: list[tuple[int, int]] = field(default_factory=list)
    "Hour (Unix seconds / 3600) and lookups of the hours far above the usual, of the last weeks."

    @classmethod
    def begin(cls, client: bytes, now: float) -> "Load":
        """Begin to watch a server."""
        return cls(client, int(now // HOUR), int(now // HOUR))

    def see(self, now: float) -> Surge | None:
        """Count a mail-related lookup; return the surge that came to light."""
        surge = self.advance(now)
        self.lookups += 1
        return surge

    def advance(self, now: float) -> Surge | None:
        """Judge the hours that are over; return the first surge that came to light."""
        hour = int(now // HOUR)
        # A gap of more than a week holds only silence: it need not be walked through.
        surges = [self._judge(one) for one in range(self.hour, min(hour, self.hour + HOURS))]
        self.hour = max(hour, self.hour)
        return next(filter(None, surges), None)

    def _judge(self, hour: int) -> Surge | None:
        """Judge one hour that is over, then learn from it."""
        lookups, self.lookups = self.lookups, 0
        place = hour_of(hour * HOUR)
        usual = max(self.usual[place], 1.0)
        deviation = (lookups - usual) / sqrt(self.dispersion * usual)
        allowed = self._allowed(hour, place, usual)
        excess = (lookups - allowed) / sqrt(self.dispersion * allowed)
        is_known = hour - self.since >= LEARNING_WEEKS * HOURS
        before = self.excess
        if is_known:
            self.excess = min(max(0.0, before + excess - SLACK), 2 * ALARM)
        self._learn(place, lookups, usual, deviation)
        if is_known and deviation > ALARM:
            self.peaks = [one for one in self.peaks if one[0] > hour - _MONTH[-1] * 24 - 48]
            self.peaks.append((hour, lookups))
        if before < ALARM <= self.excess:
            return Surge(self.client, (hour + 1) * HOUR, lookups, usual)
        return None

    def _allowed(self, hour: int, place: int, usual: float) -> float:
        """What an hour may bring: as much as those next to it, or as such a day a month ago."""
        beside = max(self.usual[place - 1], self.usual[(place + 1) % HOURS])
        day = hour // 24
        monthly = (most for then, most in self.peaks if day - then // 24 in _MONTH)
        return max(usual, beside, _GROWTH * max(monthly, default=0))

    def _learn(self, place: int, lookups: int, usual: float, deviation: float) -> None:
        if self.seen[place]:
            most = usual + _CLIP * sqrt(self.dispersion * usual)
            held = min(lookups, most)
            self.usual[place] += _WEIGHT * (held - self.usual[place])
            square = min(deviation, _CLIP) ** 2 * self.dispersion
            self.dispersion = max(1.0, self.dispersion + 0.01 * (square - self.dispersion))
        else:
            self.usual[place] = lookups
        self.seen[place] += 1
