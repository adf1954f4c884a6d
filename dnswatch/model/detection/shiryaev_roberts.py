"""The Shiryaev-Roberts statistic of one client: how long an honest client would take to look so.

A **burst** is a run of novel mail domains with gaps of at most `GAP`.  Two bounds describe an
honest client (`Bounds`): bursts begin at a rate of at most `rate` a day of working time, whatever
went before; and a burst goes on with one more domain with a probability of at most
`continuation`, whatever went before.  Nothing else is assumed, neither that lookups are independent
nor that the client does as much as the bounds allow.

Each component supposes a sender that begins bursts `speed` times as often as the bound, and
continues them with probability `burst`, or as often as the bound where that is more.  It holds
`R`, in days, from `1 / ((speed - 1) rate)` on, its value after a long time without a lookup:

    nothing happens for dt days   R <- R e + (1 - e) / k,  k = (speed - 1) rate, e = exp(-k dt)
    a burst begins                R <- R speed
    it goes on                    R <- R burst / continuation
    it has ended                  R <- R (1 - burst) / (1 - continuation)
    a mark (marks.py)             R <- R m,  an honest client's m being at most 1 in the mean

The statistic is the weighted mean of the components, in days, and its logarithm the score, in nats.

**Theorem.**  Let an honest client's statistic begin at r.  Then the mean of the working time T
until it first reaches A is at least A - r days, and the probability that it does so within L days
is at most (L + r) / A.

*Proof.*  Let t be working time.  While nothing happens dR = (1 - k R) dt.  Bursts begin with
intensity l <= rate, each adding (speed - 1) R; so R drifts by 1 - (speed - 1) (rate - l) R <= 1.
With p <= continuation for the probability that a burst goes on, its factor's mean is
p b / c + (1 - p) (1 - b) / (1 - c), where b >= c: it rises with p and is 1 at p = c.  A mark's mean
is at most 1.  So R - t is a supermartingale, for each component and so for the weighted mean; the
time within a burst is not even added to R.  Optional stopping at min(T, L) gives
E R(min(T, L)) <= r + E min(T, L).  R >= A where T <= L: A P(T <= L) <= r + L, the second claim; and
with L to infinity A <= r + E T, the first, since T is finite or its mean is infinite.  QED

Working time and the calendar agree at each full week (week.py).  The bounds must be bounds: what
the theorem says of a client whose `continuation` is understated is nothing.  Hence they are upper
confidence bounds (baselines.py), and the wider, the less of the site and of its week is known.

**Choice of components.**  Senders differ in their rate and in whether they pause.  Four components
cover them: slow (4), hourly (25), fast (120), and without a pause (300).  To know beforehand which
it is would spare at most ln (1 / weight) nats, half a domain or less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, inf, log
from typing import Final, NamedTuple

import msgspec

from dnswatch.model.week import Week

GAP: Final = 300.0
"""Seconds between two novel mail domains at most, for them to be of one burst: a person who does
mail or a script that walks a list pauses less, two separate occasions are further apart."""


class Component(NamedTuple):
    """One kind of sender."""

    speed: float
    "Times as many bursts as an honest client's bound."
    burst: float
    "Probability that its burst goes on, where that is above an honest client's bound."
    weight: float
    "Share in the mean; they sum up to 1."


COMPONENTS: Final = (
    Component(4, 0, 0.15),
    Component(25, 0, 0.3),
    Component(120, 0, 0.35),
    Component(300, 0.95, 0.2),
)
"""A sender of a few mails a day, of some an hour, of hundreds a day, and one that never stops."""


class Bounds(NamedTuple):
    """What an honest client does at most."""

    rate: float
    "Bursts a day of working time."
    continuation: float
    "Probability that a burst goes on, below 1."


class Step(msgspec.Struct, frozen=True, tag=True):
    """How the statistic changed at one lookup: enough to reckon it by hand."""

    at: float
    "Unix seconds."
    domain: bytes
    "The novel mail domain, in wire form."
    goes_on: bool
    "Whether it continued a burst; else it began one."
    days: float
    "Working time since the lookup before, days; 0 where there was none."
    bounds: Bounds
    parts: tuple[float, ...]
    "`R` of each component afterwards, days."


@dataclass(slots=True)
class Statistic:
    """`R` of each component, as of the last novel domain."""

    parts: list[float]
    "Days."
    since: float
    "Unix seconds up to which time has been reckoned."
    last: float | None = field(default=None)
    "Unix seconds of the last novel mail domain; None before the first."

    @classmethod
    def begin(cls, now: float, bounds: Bounds) -> "Statistic":
        """Begin as after a long time without a lookup."""
        return cls([1 / ((one.speed - 1) * bounds.rate) for one in COMPONENTS], now)

    def see(self, domain: bytes, now: float, bounds: Bounds, week: Week) -> Step:
        """Fold in one novel mail domain."""
        goes_on = self.last is not None and now - self.last <= GAP
        days = week.days(self.since, now)
        if goes_on:
            self.parts = [
                part * _burst(one, bounds) / bounds.continuation
                for part, one in zip(self.parts, COMPONENTS, strict=True)
            ]
        else:
            rested = self._rested(days, bounds)
            self.parts = [part * one.speed for part, one in zip(rested, COMPONENTS, strict=True)]
        self.last = self.since = now
        return Step(now, domain, goes_on, days, bounds, tuple(self.parts))

    def weigh(self, factor: float) -> None:
        """Multiply by a mark's factor."""
        self.parts = [part * factor for part in self.parts]

    def clip(self, limit: float) -> None:
        """Hold the statistic at `limit` days: once a verdict is reached, more adds nothing."""
        excess = mean(self.parts) / limit
        if excess > 1:
            self.parts = [part / excess for part in self.parts]

    def days(self, now: float, bounds: Bounds, week: Week) -> float:
        """Return the statistic at a later moment, in days."""
        if self.last is not None and now - self.last <= GAP:
            return mean(self.parts)
        return mean(self._rested(week.days(self.since, now), bounds))

    def _rested(self, days: float, bounds: Bounds) -> list[float]:
        """`R` of each component after the burst has ended and nothing happened for some days."""
        parts = []
        for part, one in zip(self.parts, COMPONENTS, strict=True):
            if self.last is not None:
                part *= (1 - _burst(one, bounds)) / (1 - bounds.continuation)
            decay = (one.speed - 1) * bounds.rate
            left = exp(-decay * days)
            parts.append(part * left + (1 - left) / decay)
        return parts


def mean(parts: Sequence[float]) -> float:
    """Return the weighted mean of the components, days."""
    return sum(one.weight * part for one, part in zip(COMPONENTS, parts, strict=True))


def score(days: float) -> float:
    """Return the score in nats."""
    return log(days) if days > 0 else -inf


def _burst(component: Component, bounds: Bounds) -> float:
    return max(component.burst, bounds.continuation)
