"""Client state: what the detector keeps of one client.

It is bounded: all it holds has a limit, and a lookup costs O(1).
"""

from dataclasses import dataclass, field
from math import inf
from typing import Final, NamedTuple

import msgspec

from dnswatch.model.changes import MailLookup
from dnswatch.model.detection import indicators
from dnswatch.model.detection.baselines import DELAY, Day, History
from dnswatch.model.detection.guesses import SHARE, Guesses
from dnswatch.model.detection.indicators import Indicator
from dnswatch.model.detection.novelty import Followed, Novel, Novelty
from dnswatch.model.detection.roles import Conduct
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic, StatisticStep, mean
from dnswatch.model.detection.tunnels import Tunnel
from dnswatch.model.detection.verdict import Rung, rung_of
from dnswatch.model.detection.volume import Volume
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.finding import Finding
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role
from dnswatch.model.week import Week

STEPS: Final = 48
"""Changes of the statistic that are kept to be explained: a verdict takes a handful."""
HORIZON: Final = 400 * 86400.0
"""Seconds ahead that a fading is looked for: the slowest takes some months."""
FOUND: Final = 12
"""Messages judged by the holding bay that are kept to be explained."""
PENDING: Final = 16
"""MX answers at a time that are waiting for what the client does next."""


BEFORE: Final = 3600.0
"""Seconds before the first evidence in which a sender may have been at work already: what it looks
up of domains that the client knew anyway is none."""


class Unfollowed(NamedTuple):
    """A novel mail domain whose exchange the client has not asked for yet."""

    domain: bytes
    at: float
    "When its MX answer left, Unix seconds."


class WeighedFinding(msgspec.Struct, frozen=True, tag="Found"):
    """How a message that the holding bay judged changed the statistic."""

    finding: Finding
    factor: float
    "1 where another message of the day had been weighed before."
    days: float
    "The statistic afterwards, days."


class Weighing(msgspec.Struct, frozen=True, tag=True):
    """How an indicator changed the statistic."""

    at: float
    "Unix seconds."
    domain: bytes
    indicator: str = msgspec.field(name="mark")
    is_seen: bool
    factor: float
    days: float
    "The statistic afterwards, days."


@dataclass(slots=True)
class ClientState:
    """One client."""

    client: bytes
    role: Role
    "The one that it is judged as."
    history: History
    bounds: Bounds
    bounded_on: int
    "Unix day on which the bounds were drawn."
    shares: dict[str, float] = field(default_factory=dict)
    "Upper bound of each indicator's share, drawn with the bounds."
    statistic: Statistic | None = None
    "None before the first lookup that is judged."
    provisional: bool = False
    "Whether it is judged by what is assumed of any client, since the site is being learned."
    novelty: Novelty = field(default_factory=Novelty)
    guesses: Guesses | None = None
    "None before its first guess at a mail host."
    volume: Volume | None = None
    "None before its first MX question."
    last_novel: float | None = None
    "When a novel mail domain was last looked up, Unix seconds."
    days: list[Day] = field(default_factory=list)
    "The last days on which something novel came, `DELAY` at most: not learned from yet."
    pending: list[Unfollowed] = field(default_factory=list)
    steps: list[StatisticStep | Weighing] = field(default_factory=list)
    conduct: Conduct = field(default_factory=Conduct)
    rung: Rung = Rung.WATCHED
    "As of the last change."
    infected_until: float | None = None
    "Until when the verdict stands that the evidence has reached, Unix seconds."
    later: int = 0
    "Novel mail domains since then."
    breach: tuple[float, bytes] | None = None
    "MX question that broke a strict site's rule: when, and for which domain."
    overrule: Overrule | None = None
    cleared_at: float = 0.0
    "When a person last said that it is clean, Unix seconds."
    told_at: float = 0.0
    "When its verdict was last told, Unix seconds."
    heard: int = 0
    "Number of the last finding of the holding bay."
    judged_on: tuple[int, bool] | None = None
    "Unix day of the last finding that was weighed, and whether a worm was found on it."
    found: list[WeighedFinding] = field(default_factory=list)
    tunnel: Tunnel | None = None
    "The last tunnel that it seemed to run: told, and no evidence of mail."
    accused_until: float = 0.0
    "Until when a strict site suspects it, whose rule was broken in its name; Unix seconds."
    unproven: int = 0
    "Lookups that were not weighed, since anybody may have sent them in its name."

    def day(self, at: float) -> Day:
        """Return the day of a moment, begun where it was not; never one before the last."""
        number = int(at // 86400)
        if not self.days or self.days[-1].number < number:
            self.days.append(Day(number))
            del self.days[: -DELAY - 1]
        return self.days[-1]

    def taint(self) -> None:
        """Have the last days not learned from."""
        for day in self.days:
            day.is_tainted = True
        for side in self.sides:
            side.taint()

    def guess(self, domain: bytes, now: float, week: Week) -> None:
        """Fold in a guess at a mail host of a domain."""
        self.guesses = self.guesses or Guesses.begin(now)
        self.guesses.see(domain, now, week, is_judged=self.statistic is not None)

    def count(self, domain: bytes, now: float, week: Week) -> bool:
        """Fold in an MX question, novel or not; say whether it was one of many (volume.py)."""
        self.volume = self.volume or Volume.begin(now)
        return self.volume.see(domain, now, week, is_judged=self.statistic is not None)

    @property
    def sides(self) -> list[Guesses]:
        """The statistics beside that of novel mail domains, each with its `SHARE` of the whole."""
        sides = [self.guesses] if self.guesses else []
        return sides + ([self.volume.events] if self.volume else [])

    def see(self, lookup: MailLookup, found: Novel, judge: "Judge") -> None:
        """Fold in a novel mail domain."""
        if self.statistic:
            step = self.statistic.see(found.domain, lookup.at, self.bounds, judge.week)
            self._keep(step)
            self.later += self.infected_until is not None
        if judge.learns:
            self.day(lookup.at).note_domain(lookup.at, self.last_novel)
        self.last_novel = lookup.at
        forward = lookup.recursion and not lookup.redirected
        self.weigh(indicators.NO_RECURSION, not forward, found.domain, lookup.at, judge)
        if lookup.enforced and not lookup.enforced.dry_run:
            return  # what the client got, and can do next, is a policy's doing: no evidence
        if lookup.kind == LookupKind.MX:
            self.weigh(indicators.FAILED, lookup.rcode != 0, found.domain, lookup.at, judge)
        if found.is_followable:
            self.pending.append(Unfollowed(found.domain, lookup.at))
            del self.pending[:-PENDING]

    def follow(self, lookup: MailLookup, found: Followed, judge: "Judge") -> None:
        """Fold in the address lookup of an exchange that the client's MX answer named."""
        waiting = [one for one in self.pending if one.domain == found.domain]
        if not waiting:
            return
        self.pending.remove(waiting[0])
        self.weigh(indicators.FOLLOWED, True, found.domain, lookup.at, judge)
        if lookup.new or lookup.refreshed:
            is_old = lookup.refreshed > lookup.new
            self.weigh(indicators.REFRESHED, is_old, found.domain, lookup.at, judge)

    def judge_by_learned(self, now: float) -> None:
        """End the provisional judgment: what it did not find begins anew, by learned bounds."""
        self.provisional = False
        if self.infected_until is None:
            self.restart(now)

    def settle(self, now: float, judge: "Judge") -> None:
        """Count those as not followed whose time is over."""
        while self.pending and now - self.pending[0].at > indicators.WAIT:
            late = self.pending.pop(0)
            self.weigh(indicators.FOLLOWED, False, late.domain, late.at + indicators.WAIT, judge)

    def weigh(
        self, indicator: Indicator, is_seen: bool, domain: bytes, at: float, judge: "Judge"
    ) -> None:
        """Note an indicator to be learned, and weigh it where the site uses it."""
        if judge.learns:
            self.day(at).note(indicator.name, is_seen)
        if not self.statistic or indicator.name not in judge.indicators:
            return
        factor = indicator.factor(is_seen, self.shares.get(indicator.name, 1.0))
        self.statistic.weigh(factor)
        if factor != 1:
            days = mean(self.statistic.parts)
            self._keep(Weighing(at, domain, indicator.name, is_seen, factor, days))

    def find(self, finding: Finding, fade: float) -> None:
        """Fold in what the holding bay found of a message; each finding counts once."""
        if finding.number <= self.heard:
            return
        self.heard = finding.number
        factor = self._weight_of(int(finding.at // 86400), finding.verdict == "worm")
        if self.statistic:
            self.statistic.weigh(factor)
            for side in self.sides:
                side.weigh(factor)
        days = mean(self.statistic.parts) if self.statistic else 0.0
        self.found.append(WeighedFinding(finding, factor, days))
        del self.found[:-FOUND]
        if finding.verdict == "worm" and self.infected_until is not None:
            self.infected_until = max(self.infected_until, finding.at + fade)

    def score_days(self, now: float, week: Week) -> float:
        """Return the statistic at a moment, days; 0 during the learning period."""
        if self.statistic is None:
            return 0.0
        beside = sum(side.score_days(now, week) for side in self.sides)
        return (1 - 2 * SHARE) * self.statistic.days(now, self.bounds, week) + SHARE * beside

    def clip(self, limit: float) -> None:
        """Hold the statistic at `limit` days: once a verdict is reached, more adds nothing."""
        if self.statistic is None:
            return
        beside = sum(side.parts_mean for side in self.sides)
        excess = ((1 - 2 * SHARE) * mean(self.statistic.parts) + SHARE * beside) / limit
        if excess > 1:
            self.statistic.weigh(1 / excess)
            for side in self.sides:
                side.weigh(1 / excess)

    @property
    def last_evidence(self) -> float | None:
        """When a novel mail domain, a guess at one, or one of many came last, Unix seconds."""
        last = (self.last_novel, *(side.last for side in self.sides))
        return max((at for at in last if at is not None), default=None)

    def began(self) -> float:
        """Say when the evidence began that stands against it, Unix seconds; infinite for none.

        It is all that came without a pause of a day, and `BEFORE`.
        """
        if self.infected_until is None and self.overrule and self.overrule.word == Word.DISTRUST:
            return self.overrule.at
        if self.rung == Rung.WATCHED:
            return inf
        moments = [step.at for step in self.steps]
        moments += [at for side in self.sides for at, _ in side.moments]
        begun = self.breach[0] if self.breach else inf
        for at in sorted(moments, reverse=True):
            if begun - at > 86400 and begun < inf:
                break
            begun = at
        return begun - BEFORE

    def sinks_at(self, limit: float, week: Week, now: float) -> float:
        """Find when a suspect is one no more, if nothing more is seen; exact to a minute."""
        low, high = now, now + HORIZON
        while high - low > 60:
            middle = (low + high) / 2
            if rung_of(self.score_days(middle, week), limit) == Rung.WATCHED:
                high = middle
            else:
                low = middle
        return high

    def declare(self, role: Role, history: History, bounds: Bounds, now: float) -> None:
        """Begin to judge as another role."""
        self.role, self.history, self.bounds = role, history, bounds
        self.shares = {}
        self.restart(now)

    def go_on(self, now: float, fade: float) -> None:
        """Put off the end of a verdict: a worm that has no new domain left mails to the old."""
        if self.infected_until and now < self.infected_until:
            self.infected_until = now + fade

    def restart(self, now: float) -> None:
        """Forget the evidence, and go on watching."""
        self.infected_until = self.breach = None
        self.accused_until = 0.0
        self.later = self.unproven = 0
        self.pending.clear()
        self.steps.clear()
        self.found.clear()
        self.judged_on = None
        for side in self.sides:
            side.restart()
        if self.statistic:
            self.statistic = Statistic.begin(now, self.bounds)

    def word(self, now: float) -> Word | None:
        """Return what a person said, as long as it holds."""
        return self.overrule.word if self.overrule and now < self.overrule.until else None

    def _weight_of(self, day: int, is_worm: bool) -> float:
        """Weigh a judged message: with the first of its day, or with the day's first worm."""
        if self.judged_on is None or self.judged_on[0] < day:
            self.judged_on = day, is_worm
            return indicators.WORM.factor(is_worm, indicators.WORM.least)
        day, had_worm = self.judged_on
        if had_worm or not is_worm:
            return 1.0
        self.judged_on = day, True
        said, right = (
            indicators.WORM.factor(seen, indicators.WORM.least) for seen in (False, True)
        )
        return right / said

    def _keep(self, step: StatisticStep | Weighing) -> None:
        if self.infected_until is not None:
            return  # the steps that led to the verdict are worth more than those after it
        self.steps.append(step)
        del self.steps[:-STEPS]


class Judge(NamedTuple):
    """What the clients of one role have in common."""

    indicators: frozenset[str]
    "Names of the indicators that are weighed."
    week: Week
    learns: bool = True
    "Whether what is seen is noted, to be learned."
