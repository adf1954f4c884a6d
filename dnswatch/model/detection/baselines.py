"""Baselines: what honest clients do at most, learned from what the site's clients did.

Bounds are upper confidence bounds:
- rate of sessions: the rates of a role's clients follow a gamma distribution, fitted by moments to
  all but the busiest; a client's own sessions make it the client's own; its upper quantile is the
  bound;
- continuation of a burst and of a session, and each indicator: likewise, with a beta distribution
  around the upper bound of the role's share, as narrow as the role's clients are alike
  (`_alike`);
- hours of the week: the role's pooled sessions (week.py).

Poison guard.  Nothing is learned of a day before it is `DELAY` old, nor of a day soon after which
the client looked infected (`Rung.LIKELY`) more than that it did something, nor more than `DAILY`
events of one client and day for what is pooled.  Bounds have caps: what stays undetected for good
is a sender below `CAPS` sessions a day.  What was learned counts half after `HALF_LIFE`.

At first the site is only learned, for `LEARNING`: everything is novel to an empty memory, so its
first half fills the memory, and its second half counts.

Little knowledge makes wide bounds, never narrow ones, however short that period is:
- nothing is said of how clients' rates are spread before each day of the week was learned: what
  they do from Thursday to Sunday bounds nothing that they do on a Monday;
- a rate holds for the mean of a week, but must hold in each of its hours; so it is multiplied by
  the week's doubt (week.py), which is 4 at first and goes to 1;
- an indicator that was never learned weighs nothing: the bound of its share is 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf, log, sqrt
from typing import Final

from dnswatch.model.detection.shiryaev_roberts import Bounds, ended_after
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
"""That a client's rate is below its bound.  A client in ten that does a little more is made up for
by the nine that do less (docs/detection.md measures it)."""
NEW_CONFIDENCE: Final = 0.999
"""The same for a client of which nothing has been learned: where machines get new addresses, the
busiest of all is new again and again."""
_NEW: Final = 6.0
"""Days that a client must have been learned, not to be new: no more than a new site's clients."""
HABIT_CONFIDENCE: Final = 0.75
"""That a client's share of continued bursts, sittings and sessions, and of each indicator, is below
its bound: a client in four does a little more.  Surer bounds would cost two domains of each
sender."""
SHARE_CONFIDENCE: Final = 0.95
"""That a role's share is below its bound."""
FLOOR: Final = 0.05
"""Sessions a day that every client is allowed, however quiet: one in three weeks."""
CAPS: Final = {Role.CLIENT: 5.0, Role.SERVER: 100.0, Role.RESOLVER: 500.0}
"""Sessions a day that no bound of the role exceeds; a client that needs more must be declared."""
LEAST_CONTINUATION: Final = 0.3
MOST_CONTINUATION: Final = 0.8
"""Above, bursts would tell nothing any more."""
HELD_DOWN: Final = 0.01
"""Share of the busiest clients that the fit takes for no busier than the next one: they may be
infected.  To leave them out would teach that nobody is much busier than others."""
CONTINUED: Final = "continued"
"""Name of the share of novel domains that continue their burst."""
RESUMED: Final = "resumed"
"""Name of the share of ended bursts after which the sitting goes on."""
RECURRED: Final = "recurred"
"""Name of the share of ended sittings after which the session goes on."""
LEVELS: Final = (CONTINUED, RESUMED, RECURRED)
_LEAST: Final = (LEAST_CONTINUATION, 0.03, 0.03)
"""Least bound that is believed of an honest client, at each level."""
_ALIKE: Final = 10.0
"""Trials of its own that weigh as much as its role's share in a client's bound, before it is
learned how alike clients are (a standard deviation of 0.13 around a share of 0.2)."""
_MOST_ALIKE: Final = 5
"""The same at most, where it is learned, as a multiple of what is assumed: however alike a role's
clients are, the next one may have another program."""
_UNALIKE: Final = 0.5
"""The same, at least: some clients do it always and the others never."""
_PAIRS: Final = 200.0
"""Pairs of trials of one client that weigh as much as what is assumed of how alike clients are."""
_ASSUMED: Final = dict.fromkeys(LEVELS, _ALIKE)
"""How alike clients are before it is learned; 2 where nothing is said: indicators are habits of a
program, and a client has it or has not."""
_MOST_USUAL: Final = 0.95
"""Role's share at most: a few trials may all have been seen."""
_QUIET: Final = 0.002
"""Sessions a day of an average client, at least: no site is learned well enough to say less."""


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

    def note_session(self, at: float) -> None:
        """Count a session that began."""
        hour = hour_of(at)
        self.bursts += 1
        self.hours[hour] = self.hours.get(hour, 0) + 1

    def note_domain(self, at: float, before: float | None) -> None:
        """Count a novel mail domain: what it went on with, or that a session began."""
        ended = ended_after(inf if before is None else at - before)
        if before is not None:
            for level, name in enumerate(LEVELS[: ended + 1]):
                self.note(name, level == ended)
        if ended == len(LEVELS):
            self.note_session(at)

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
    "Sessions."
    seen: dict[str, float] = field(default_factory=dict)
    "Name of a share to how often it was seen."
    tried: dict[str, float] = field(default_factory=dict)
    "Name of a share to how often it could have been seen."

    def learn(self, day: Day) -> None:
        """Take in a day; of a tainted one no more than that something was done."""
        self._fade(day.number)
        if day.is_tainted:
            # To leave the day out would teach that the client is quieter than it is.
            self.bursts += min(day.bursts, 1)
            return
        self.bursts += day.bursts
        for name, trials in day.trials.items():
            self.tried[name] = self.tried.get(name, 0.0) + trials
            self.seen[name] = self.seen.get(name, 0.0) + day.seen[name]

    def exposure(self, today: int) -> float:
        """Days that were learned from, each counting as much as its events do."""
        return _faded_days(self.since, today)

    def count(self, today: int) -> float:
        """Bursts, as far as they still count."""
        return self.bursts * _fading(today - self.at)

    def _fade(self, today: int) -> None:
        left = _fading(today - self.at)
        self.bursts *= left
        self.seen = {name: count * left for name, count in self.seen.items()}
        self.tried = {name: count * left for name, count in self.tried.items()}
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
    shares: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0.5))
    "Upper bound of each share; that of an indicator is missing before it was learned."
    alike: dict[str, float] = field(default_factory=dict)
    "How alike the role's clients are in each share, in trials (`_ALIKE`)."
    busiest: float = 0.0
    "Sessions a day of the client that begins the most, on days that were learned."

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
        self.shares |= {
            name: share_bound(self.seen[name], trials, SHARE_CONFIDENCE)
            for name, trials in self.trials.items()
            if trials
        }
        if self.role == Role.CLIENT and self.knows_each_day:
            done = sorted(clients)
            self.prior = _fit_gamma(done, quiet, exposure) or self.prior
            self.busiest = max((count / max(days, _NEW) for count, days in done), default=0.0)

    def compare(self, histories: Sequence[History]) -> None:
        """Learn how alike clients are in each share."""
        for name in self.trials:
            done = [(one.seen[name], one.tried[name]) for one in histories if name in one.tried]
            self.alike[name] = _alike(done, _ASSUMED.get(name, 2.0))

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
        done = history.count(today), history.exposure(today)
        is_new = self.knows_each_day and done[1] < _NEW
        shape, days = self.prior
        rate = gamma_quantile(
            NEW_CONFIDENCE if is_new else CONFIDENCE, shape + done[0], days + done[1]
        )
        if is_new:  # it may be the busiest of all, at another address
            rate = max(rate, self.busiest)
        rate = min(max(rate, FLOOR) * week.doubt, CAPS[self.role])
        shares = (
            min(max(self.share(name, history, is_new=is_new), least), MOST_CONTINUATION)
            for name, least in zip(LEVELS, _LEAST, strict=True)
        )
        return Bounds(rate, *shares)

    def share(self, name: str, history: History, *, is_new: bool = False) -> float:
        """Bound a share of an honest client with this history; 1 where it was never learned."""
        if name not in self.shares:
            return 1.0
        usual = min(self.shares[name], _MOST_USUAL)
        weight = self.alike.get(name, _ASSUMED.get(name, 2.0))
        seen, tried = history.seen.get(name, 0.0), history.tried.get(name, 0.0)
        return beta_quantile(
            SHARE_CONFIDENCE if is_new else HABIT_CONFIDENCE,
            seen + weight * usual,
            tried - seen + weight * (1 - usual),
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
    rates = sorted((bursts / max(known, 1.0) for bursts, known in clients), reverse=True)
    busiest = min(len(rates) - 1, ceil(total * HELD_DOWN) if total > 50 else 0)
    most = rates[busiest] if rates else 0.0
    held = [(min(bursts, most * max(known, 1.0)), known) for bursts, known in clients]
    days = sum(known for _, known in held) + quiet * exposure
    if days <= 0:
        return None
    mean = max(_QUIET, (sum(bursts for bursts, _ in held) + 1) / days)
    squares = sum((bursts - mean * known) ** 2 for bursts, known in held)
    squares += quiet * (mean * exposure) ** 2
    weight = sum(known**2 for _, known in held) + quiet * exposure**2
    variance = max((squares - mean * days) / weight, mean**2 / 20)
    return mean**2 / variance, mean / variance


def _alike(done: Sequence[tuple[float, float]], assumed: float) -> float:
    """How many trials a client's own must be to weigh as much as its role's share.

    `done` is how often each client was seen to do it, and of how many trials.  By moments of a beta
    binomial distribution: any two trials of one client are correlated by 1 / (1 + alike).
    """
    trials = sum(count for _, count in done)
    share = (sum(seen for seen, _ in done) + 0.5) / (trials + 1)
    squares = sum((seen - count * share) ** 2 for seen, count in done) / (share * (1 - share))
    pairs = sum(max(count * (count - 1), 0.0) for _, count in done)
    correlation = (squares - trials + _PAIRS / (1 + assumed)) / (pairs + _PAIRS)
    return min(max(1 / max(correlation, 1e-6) - 1, _UNALIKE), _MOST_ALIKE * assumed)


def _fading(days: float) -> float:
    """What a count is worth after some days."""
    return float(0.5 ** (max(days, 0) / HALF_LIFE))


def _faded_days(since: int, today: int) -> float:
    """Sum of what each day from `since` to yesterday is worth today."""
    return (1 - _fading(today - since)) / (log(2) / HALF_LIFE)
