"""Guesses: evidence against who guesses at mail hosts, one or two names a domain.

A worm that asks no MX tries `mx.`, `mail.`, `smtp.` in front of a domain until one of them is
there; mostly the first or the second is, and no family of guesses comes about (novelty.py).  So
each domain that a client guesses at is evidence by itself: little, since a new web mail looks
so too, but it adds up over many domains.

It is a Shiryaev-Roberts statistic of its own (shiryaev_roberts.py), over domains guessed at in
place of novel mail domains, with bounds that are learned of the client alone.  A share of the
client's statistic (`SHARE`) is this one.  The theorem holds for the whole: R - t is a
supermartingale for each part, and so for their weighted mean.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dnswatch.model.detection.baselines import CONTINUED, DELAY, Baseline, Day, History
from dnswatch.model.detection.shiryaev_roberts import GAP, Bounds, Statistic, mean
from dnswatch.model.role import Role
from dnswatch.model.week import Week

SHARE: Final = 0.1
"""Of a client's statistic: a tenth costs novel domains 0.1 nats, and guesses 2.3, one domain."""

MOMENTS: Final = 48
"""Last guesses of which the moment and the domain are kept, to say when they began."""


@dataclass(slots=True)
class Guesses:
    """What one client has guessed at."""

    history: History
    days: list[Day] = field(default_factory=list)
    "The last days with guesses, `DELAY` at most: not learned from yet."
    statistic: Statistic | None = None
    "None before the first guess after the learning period."
    bounds: Bounds = Bounds(0.5, 0.5)
    bounded_on: int = -1
    "Unix day on which the bounds were drawn."
    last: float | None = None
    "When it last guessed at a domain, Unix seconds."
    moments: list[tuple[float, bytes]] = field(default_factory=list)
    "Unix seconds and domain of the last guesses, as far as they are evidence."

    @classmethod
    def begin(cls, now: float) -> "Guesses":
        """Begin to watch a client."""
        today = int(now // 86400)
        return cls(History(today, today))

    def see(self, domain: bytes, now: float, week: Week, *, is_judged: bool) -> None:
        """Fold in a guess at a domain; it is only learned while the site is not judged yet."""
        today = int(now // 86400)
        if self.bounded_on != today:
            self._learn(today, week)
        if is_judged:
            statistic = self._begun(now)
            statistic.see(domain, now, self.bounds, week)
            self.moments.append((now, domain))
            del self.moments[:-MOMENTS]
        self._note(today, now)

    def score_days(self, now: float, week: Week) -> float:
        """Return the statistic at a moment, days; 0 where nothing was guessed."""
        return self.statistic.days(now, self.bounds, week) if self.statistic else 0.0

    @property
    def parts_mean(self) -> float:
        """The statistic as of the last guess, days."""
        return mean(self.statistic.parts) if self.statistic else 0.0

    def weigh(self, factor: float) -> None:
        """Multiply by a factor that is about all of a client."""
        if self.statistic:
            self.statistic.weigh(factor)

    def taint(self) -> None:
        """Have the last days not learned from."""
        for day in self.days:
            day.is_tainted = True

    def restart(self) -> None:
        """Forget the evidence."""
        self.statistic = None
        self.moments.clear()

    def sentence(self, write: Callable[[bytes], str]) -> str | None:
        """Say what speaks against the client, if anything does."""
        if self.statistic is None or not self.moments:
            return None
        names = ", ".join(write(domain) for _, domain in self.moments[-3:])
        many = f"{len(self.moments)} domain{'s' * (len(self.moments) != 1)}"
        return (
            f"it guessed at mail hosts of {many} that it has no other business with; lately {names}"
            f" (an honest client does so at most {self.bounds.rate:.3g} times a day; these alone:"
            f" R = {self.parts_mean:,.3g} days, of which {SHARE:.0%} counts)"
        )

    def _begun(self, now: float) -> Statistic:
        if self.statistic is None:
            self.statistic = Statistic.begin(now, self.bounds)
        return self.statistic

    def _learn(self, today: int, week: Week) -> None:
        """Learn from what is old enough, and draw the bounds anew."""
        while self.days and self.days[0].number < today - DELAY:
            self.history.learn(self.days.pop(0))
        self.bounds = Baseline.begin(Role.CLIENT).bounds(self.history, today - DELAY, week)
        self.bounded_on = today

    def _note(self, today: int, now: float) -> None:
        if not self.days or self.days[-1].number < today:
            self.days.append(Day(today))
            del self.days[: -DELAY - 1]
        goes_on = self.last is not None and now - self.last <= GAP
        if self.last is not None:
            self.days[-1].note(CONTINUED, goes_on)
        if not goes_on:
            self.days[-1].note_burst(now)
        self.last = now
