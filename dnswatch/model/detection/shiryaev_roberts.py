"""The Shiryaev-Roberts statistic of one client: how long an honest client would take to look so.

People work in **sessions**: runs of novel mail domains with gaps of at most `SESSION`.  A session
is made of **sittings**, with gaps of at most `SITTING`, and a sitting of **bursts**, with gaps of
at most `GAP`.  Four bounds describe an honest client (`Bounds`), each whatever went before:
sessions begin at a rate of at most `rate` a day of working time; and a burst, a sitting where its
burst has ended, a session where its sitting has ended, go on with one more domain with a
probability of at most `shares[0]`, `shares[1]`, `shares[2]`.  Nothing else is assumed, neither that
lookups are independent nor that the client does as much as the bounds allow.

Each component supposes a sender that begins sessions `speed` times as often as the bound, and goes
on with its own `shares`, or with the bounds where those are more.  It holds `R`, in days, from `1 /
((speed - 1) rate)` on, its value after a long time without a lookup.  With s for the component's
share and c for the bound, at each level of burst, sitting and session:

    it goes on                    R <- R s / c
    it has ended                  R <- R (1 - s) / (1 - c)
    nothing happens for dt days   R <- R e + (1 - e) / k,  k = (speed - 1) rate, e = exp(-k dt)
    a session begins              R <- R speed
    an indicator (indicators.py)  R <- R m,  an honest client's m being at most 1 in the mean

Only when the session has ended, `SESSION` after its last domain, does nothing happen.  The
statistic is the weighted mean of the components, in days, and its logarithm the score, in nats.

**Theorem.**  Let an honest client's statistic begin at x.  Then the mean of the working time T
until it first reaches A is at least A - x days, and the probability that it does so within L days
is at most (L + x) / A.

*Proof.*  Let t be working time.  Between sessions, while nothing happens, dR = (1 - k R) dt.
Sessions begin with intensity l <= rate, each adding (speed - 1) R; so R drifts by 1 - (speed - 1)
(rate - l) R <= 1.  After each domain the burst goes on or has ended; with p <= c for the
probability that it goes on, the factor's mean is p s / c + (1 - p) (1 - s) / (1 - c), where s >= c:
it rises with p and is 1 at p = c.  Where it has ended, the sitting goes on or has ended, and where
that has, the session: with p for the probability given all before, that the level below has ended
too, each factor's mean is at most 1 likewise, and so is that of their product, taken from the last
one back.  An indicator's mean is at most 1.  So R - t is a supermartingale, for each component and
so for the weighted mean; the time within a session, in which no other begins, is not even added to
R.  Optional stopping at min(T, L) gives E R(min(T, L)) <= x + E min(T, L).  R >= A where T <= L: A
P(T <= L) <= x + L, the second claim; and with L to infinity A <= x + E T, the first, since T is
finite or its mean is infinite.  QED

Working time and the calendar agree at each full week (week.py).  The bounds must be bounds: what
the theorem says of a client of which one is understated is nothing.  Hence they are upper
confidence bounds (baselines.py), and the wider, the less of the site and of its week is known.

**Choice of components.**  Senders differ in their rate and in how they pause.  Five components
cover them: some a day (4 times the bound), one in some hours (25), one an hour (60), hundreds a day
(120), and without a pause (300).  To know beforehand which it is would spare at most ln (1 /
weight) nats.
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

SITTING: Final = 1800.0
"""The same for a sitting: who writes a mail between two others takes so long."""

SESSION: Final = 7200.0
"""The same for a session: who sits at a task is interrupted by a talk or a meal, and goes on."""

GAPS: Final = (GAP, SITTING, SESSION)


class Component(NamedTuple):
    """One kind of sender."""

    speed: float
    "Times as many sessions as an honest client's bound."
    shares: tuple[float, float, float]
    "Probability that its burst, sitting and session go on, where that is above the bound."
    weight: float
    "Share in the mean; they sum up to 1."


COMPONENTS: Final = (
    Component(4, (0, 0, 0), 0.05),
    Component(25, (0, 0, 0.35), 0.08),
    Component(60, (0, 0.35, 0.75), 0.5),
    Component(120, (0.45, 0.93, 0.98), 0.3),
    Component(300, (0.95, 0.98, 0.98), 0.07),
)
"""A sender of a few mails a day, of one in some hours, of one an hour, of hundreds a day, and one
that never stops."""


class Bounds(NamedTuple):
    """What an honest client does at most."""

    rate: float
    "Sessions a day of working time."
    continuation: float
    "Probability that a burst goes on with another domain, below 1."
    resumption: float = 0.5
    "Probability that a sitting goes on with another burst, below 1."
    recurrence: float = 0.5
    "Probability that a session goes on with another sitting, below 1."

    @property
    def shares(self) -> tuple[float, float, float]:
        """Bounds of the three levels, burst first."""
        return self.continuation, self.resumption, self.recurrence


class StatisticStep(msgspec.Struct, frozen=True, tag="Step"):
    """How the statistic changed at one lookup: enough to reckon it by hand."""

    at: float
    "Unix seconds."
    domain: bytes
    "The novel mail domain, in wire form."
    days: float
    "Working time since the session before had ended, days; 0 within a session."
    bounds: Bounds
    parts: tuple[float, ...]
    "`R` of each component afterwards, days."
    ended: int = 0
    "Levels that had ended before: 0 where the burst went on, 3 where a session began."

    @property
    def goes_on(self) -> bool:
        """Whether it continued a burst; else it began one."""
        return self.ended == 0


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

    def see(self, domain: bytes, now: float, bounds: Bounds, week: Week) -> StatisticStep:
        """Fold in one novel mail domain."""
        ended = ended_after(inf if self.last is None else now - self.last)
        days = self._idle(now, week)
        self.parts = self._until(now, bounds, week)
        for place, one in enumerate(COMPONENTS):
            if ended == len(GAPS):
                self.parts[place] *= one.speed
            else:
                bound = bounds.shares[ended]
                self.parts[place] *= max(one.shares[ended], bound) / bound
        self.last = self.since = now
        return StatisticStep(now, domain, days, bounds, tuple(self.parts), ended)

    def weigh(self, factor: float) -> None:
        """Multiply by an indicator's factor."""
        self.parts = [part * factor for part in self.parts]

    def clip(self, limit: float) -> None:
        """Hold the statistic at `limit` days: once a verdict is reached, more adds nothing."""
        excess = mean(self.parts) / limit
        if excess > 1:
            self.parts = [part / excess for part in self.parts]

    def days(self, now: float, bounds: Bounds, week: Week) -> float:
        """Return the statistic at a later moment, in days."""
        return mean(self._until(now, bounds, week))

    def _idle(self, now: float, week: Week) -> float:
        """Working time for which no session has run, days."""
        begin = self.since if self.last is None else self.last + SESSION
        return week.days(begin, now) if now > begin else 0.0

    def _until(self, now: float, bounds: Bounds, week: Week) -> list[float]:
        """`R` of each component at a later moment, nothing more having happened."""
        parts = []
        ended = 0 if self.last is None else ended_after(now - self.last)
        days = self._idle(now, week)
        for part, one in zip(self.parts, COMPONENTS, strict=True):
            for share, bound in zip(one.shares[:ended], bounds.shares, strict=False):
                part *= (1 - max(share, bound)) / (1 - bound)
            if days:
                decay = (one.speed - 1) * bounds.rate
                left = exp(-decay * days)
                part = part * left + (1 - left) / decay
            parts.append(part)
        return parts


def ended_after(pause: float) -> int:
    """Count the levels that have ended after a pause (seconds): of burst, sitting and session."""
    return sum(pause > gap for gap in GAPS)


def mean(parts: Sequence[float]) -> float:
    """Return the weighted mean of the components, days."""
    return sum(one.weight * part for one, part in zip(COMPONENTS, parts, strict=True))


def score(days: float) -> float:
    """Return the score in nats."""
    return log(days) if days > 0 else -inf
