"""Baselines: what honest clients do at most, learned from what the site's clients did.

Bounds are upper confidence bounds:
- rate of bursts: the rates of a role's clients follow a gamma distribution, fitted by moments to
  all
  but the busiest; a client's own bursts make it the client's own; its upper quantile is the bound;
- continuation of a burst: likewise, with a beta distribution around the role's share;
- each mark: the role's share with Clopper and Pearson's upper bound;
- hours of the week: the role's pooled bursts (week.py).

Poison guard.  Nothing is learned of a day before it is `DELAY` old, nor of a day soon after which
the client looked infected (`Rung.LIKELY`) more than that it did something, nor more than `DAILY`
events of one client and day for what is pooled.  Bounds have caps: what stays undetected for good
is a sender below `CAPS` bursts a day.  What was learned counts half after `HALF_LIFE`.

At first the site is only learned, for `LEARNING`: everything is novel to an empty memory, so its
first half fills the memory, and its second half counts.

Little knowledge makes wide bounds, never narrow ones, however short that period is:
- nothing is said of how clients' rates are spread before each day of the week was learned: what
  they do from Thursday to Sunday bounds nothing that they do on a Monday;
- a rate holds for the mean of a week, but must hold in each of its hours; so it is multiplied by
  the week's doubt (week.py), which is 4 at first and goes to 1;
- a mark that was never learned weighs nothing: the bound of its share is 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, log, sqrt
from typing import Final

from dnswatch.model.detection.shiryaev_roberts import Bounds
from dnswatch.model.quantile import beta_quantile, gamma_quantile, share_bound
from dnswatch.model.role import Role
from dnswatch.model.week import HOURS, Week, hour_of

DAY: Final = 86400.0
LEARNING: Final = 14 * DAY
"""Seconds that a new site is learned before the first verdict."""
DELAY: Final = 8
"""Days before a day is learned from: longer than a window of the site's tests, and time enough to
see what a day was the beginning of."""
DAILY: Final = 8
"""Events that one client adds to the pooled shares on one day, at most: none outvotes all."""
HALF_LIFE: Final = 56.0
"""Days after which what was learned counts half: habits change with the term and the job."""
FORGOTTEN: Final = 20 * int(HALF_LIFE)
"""Days of which nothing is left: a count of a million is worth one."""
CONFIDENCE: Final = 0.9
"""That a client's rate, or its continuation, is below its bound.  A client in ten that does a
little more is made up for by the nine that do less (docs/detection.md measures it)."""
SHARE_CONFIDENCE: Final = 0.95
"""That a role's share is below its bound."""
FLOOR: Final = 0.05
"""Bursts a day that every client is allowed, however quiet: one in three weeks."""
CAPS: Final = {Role.CLIENT: 5.0, Role.SERVER: 100.0, Role.RESOLVER: 500.0}
"""Bursts a day that no bound of the role exceeds; a client that needs more must be declared."""
LEAST_CONTINUATION: Final = 0.3
MOST_CONTINUATION: Final = 0.8
"""Above, bursts would tell nothing any more."""
TRIMMED: Final = 0.01
"""Share of the busiest clients that the fit leaves out: they may be infected."""
CONTINUED: Final = "continued"
"""Name of the share of novel domains that continue their burst."""
_ALIKE: Final = 10.0
"""Novel domains of its own that weigh as much as its role's share in a client's continuation:
clients are taken to be that much alike (a standard deviation of 0.13 around a share of 0.2)."""
_QUIET: Final = 0.002
"""Bursts a day of an average client, at least: no site is learned well enough to say less."""


@dataclass(slots=True)
class Day:
    """What one client did on one day."""

    number: int
    "Unix days."
    bursts: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    "Name of a share to how often it was seen."
    trials: dict[str, int] = field(default_factory=dict)
    "Name of a share to how often it could have been seen."
    hours: dict[int, int] = field(default_factory=dict)
    "Hour of the week to bursts."
    is_tainted: bool = False
    "Whether it must not be learned from: the client looked infected on this day or soon after."

    def note_burst(self, at: float) -> None:
        """Count a burst that began."""
        hour = hour_of(at)
        self.bursts += 1
        self.hours[hour] = self.hours.get(hour, 0) + 1

    def note(self, share: str, is_seen: bool) -> None:
        """Count a trial of a share."""
        trials = self.trials.get(share, 0)
        if trials < DAILY:
            self.trials[share] = trials + 1
            self.seen[share] = self.seen.get(share, 0) + is_seen


@dataclass(slots=True)
class History:
    """What has been learned of one client; all counts fade with `HALF_LIFE`."""

    since: int
    "Unix day from which on it is known."
    at: int = 0
    "Unix day for which the counts hold."
    bursts: float = 0.0
    continued: float = 0.0
    trials: float = 0.0
    "Novel domains that could have continued a burst."

    def learn(self, day: Day) -> None:
        """Take in a day; of a tainted one no more than that something was done."""
        self._fade(day.number)
        if day.is_tainted:
            # To leave the day out would teach that the client is quieter than it is.
            self.bursts += min(day.bursts, 1)
            return
        self.bursts += day.bursts
        self.continued += day.seen.get(CONTINUED, 0)
        self.trials += day.trials.get(CONTINUED, 0)

    def exposure(self, today: int) -> float:
        """Days that were learned from, each counting as much as its events do."""
        return _faded_days(self.since, today)

    def count(self, today: int) -> float:
        """Bursts, as far as they still count."""
        return self.bursts * _fading(today - self.at)

    def _fade(self, today: int) -> None:
        left = _fading(today - self.at)
        self.bursts *= left
        self.continued *= left
        self.trials *= left
        self.at = today


@dataclass(slots=True)
class Baseline:
    """What has been learned of the clients of one role."""

    role: Role
    hours: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    "Bursts in each hour of the week."
    lived: list[float] = field(default_factory=lambda: [0.0] * 7)
    "How often each day of the week was learned, counted as the bursts are."
    known: int = 0
    "Unix day up to which days were learned."
    seen: dict[str, float] = field(default_factory=dict)
    trials: dict[str, float] = field(default_factory=dict)
    prior: tuple[float, float] = (0.5, 2.5)
    "Shape and rate (days) of the clients' rates; before anything is known, 0.2 a day in the mean."
    continuation: float = 0.5
    "Share of novel domains that continue a burst, at most."
    shares: dict[str, float] = field(default_factory=dict)
    "Upper bound of each mark's share."

    def learn(self, day: Day) -> None:
        """Take in a day of one client."""
        if day.is_tainted:
            return
        for hour, bursts in day.hours.items():
            self.hours[hour] += min(bursts, DAILY)
        for name, trials in day.trials.items():
            self.trials[name] = self.trials.get(name, 0.0) + trials
            self.seen[name] = self.seen.get(name, 0.0) + day.seen[name]

    def fit(self, clients: Iterable[tuple[float, float]], quiet: int, exposure: float) -> None:
        """Draw the bounds from what was learned.

        `clients` are bursts and days of each client that was ever seen with a mail-related lookup;
        `quiet` others never were, in `exposure` days each.
        """
        self.shares = {
            name: share_bound(self.seen[name], trials, SHARE_CONFIDENCE)
            for name, trials in self.trials.items() if trials
        }  # fmt: skip
        self.continuation = self.shares.pop(CONTINUED, self.continuation)
        if self.role == Role.CLIENT and self.knows_each_day:
            self.prior = _fit_gamma(sorted(clients), quiet, exposure) or self.prior

    def live(self, first: int, known: int) -> None:
        """Note that days before `known` are learned; `first` is the first of all (Unix days)."""
        for number in range(max(first, self.known, known - FORGOTTEN), known):
            self._fade()
            self.lived[number % 7] += 1
        self.known = known

    def _fade(self) -> None:
        left = _fading(1)
        self.lived = [count * left for count in self.lived]
        self.hours = [count * left for count in self.hours]
        self.seen = {name: count * left for name, count in self.seen.items()}
        self.trials = {name: count * left for name, count in self.trials.items()}

    @property
    def surplus(self) -> float:
        """How many times what was learned the role's clients may do together, at most (95 %)."""
        return 1 + 1.64 / sqrt(sum(self.hours) + 1)

    @property
    def knows_each_day(self) -> bool:
        """Whether each day of the week was learned."""
        return all(self.lived)

    def week(self) -> Week:
        """Spread the week as the bursts are, each day of it counting the same."""
        if not self.knows_each_day:
            return Week()
        mean = sum(self.lived) / 7
        return Week(
            [count * mean / self.lived[hour // 24] for hour, count in enumerate(self.hours)]
        )

    def bounds(self, history: History, today: int, week: Week) -> Bounds:
        """Bound what an honest client with this history does in any hour of a week."""
        shape, days = self.prior
        rate = gamma_quantile(
            CONFIDENCE, shape + history.count(today), days + history.exposure(today)
        )
        usual = min(self.continuation, MOST_CONTINUATION)  # a few trials may all have gone on
        goes_on = history.continued + _ALIKE * usual
        ends = history.trials - history.continued + _ALIKE * (1 - usual)
        share = beta_quantile(CONFIDENCE, goes_on, ends)
        return Bounds(
            min(max(rate, FLOOR) * week.doubt, CAPS[self.role]),
            min(max(share, LEAST_CONTINUATION), MOST_CONTINUATION),
        )

    @classmethod
    def begin(cls, role: Role) -> "Baseline":
        """Begin to learn a role.

        Declared resolvers and servers are few and unlike: each has the cap until it has a history.
        """
        return cls(role) if role == Role.CLIENT else cls(role, prior=(0.5, 1.35 / CAPS[role]))


def _fit_gamma(
    clients: list[tuple[float, float]], quiet: int, exposure: float
) -> tuple[float, float] | None:
    """Shape and rate of a gamma distribution of rates; None where there is nothing to fit."""
    total = len(clients) + quiet
    clients.sort(key=lambda one: one[0] / max(one[1], 1.0))
    kept = clients[: len(clients) - min(len(clients), ceil(total * TRIMMED) if total > 50 else 0)]
    days = sum(known for _, known in kept) + quiet * exposure
    if days <= 0:
        return None
    mean = max(_QUIET, (sum(bursts for bursts, _ in kept) + 1) / days)
    squares = sum((bursts - mean * known) ** 2 for bursts, known in kept)
    squares += quiet * (mean * exposure) ** 2
    weight = sum(known**2 for _, known in kept) + quiet * exposure**2
    variance = max((squares - mean * days) / weight, mean**2 / 20)
    return mean**2 / variance, mean / variance


def _fading(days: float) -> float:
    """What a count is worth after some days."""
    return float(0.5 ** (max(days, 0) / HALF_LIFE))


def _faded_days(since: int, today: int) -> float:
    """Sum of what each day from `since` to yesterday is worth today."""
    return (1 - _fading(today - since)) / (log(2) / HALF_LIFE)
