"""Sitewide: the site as a whole, for senders that are too slow, or too many, to be seen one by one.

Once a day three **e-values** are taken of the last days.  An e-value is a number that honest
clients would make large only rarely: its mean is at most 1 whatever else happens.

- *scattered*: a share of the clients does `extra` bursts a day more than before.  Each client's
  bursts are a gamma-Poisson count (its own history and its role's); its likelihood ratio L against
  `extra` more has mean 1, and so has `1 - share + share L`, and so has the product over all
  clients.  Many small excesses add up that no client shows alone.  It is averaged over a grid of
  shares and extras.  (Higher criticism looks for the same thing and finds it within the same
  boundary, Donoho and Jin 2004, but is no e-value and needs a simulated null: docs/detection.md has
  both measured.)
- *pooled*: more domains novel to the whole site than usual, over all clients together.
- *coincidence*: more rare domains than usual that two clients asked for within a day, as machines
  do that walk the same list.

The mean of e-values is an e-value, whatever they have to do with each other.  That of the days
since s, summed over the last `WINDOW` starting days s, is a Shiryaev-Roberts statistic in days of
the site: its mean time to a false alarm is at least its limit (proof as in shiryaev_roberts.py:
each summand is a nonnegative supermartingale begun at 1, so that the sum less t is one too).

The counts of one client and day are capped, as is its factor: no client alone warns the site.  A
warning lists the clients that contributed, and never diverts mail.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import Final, NamedTuple

from dnswatch.model.detection.novelty import MEMORY

WINDOW: Final = 7
"""Days that a slow campaign is given to show."""
EXTRAS: Final = (0.25, 0.75)
"""Bursts a day more than before."""
SHARES: Final = (0.01, 0.03, 0.1)
"""Shares of the clients that do them."""
RISES: Final = (1.5, 2.0, 4.0)
"""Times as many as usual, for the counts of the whole site."""
WEIGHTS: Final = (0.8, 0.1, 0.1)
"""Of scattered, pooled and coincidence."""
DOMAINS: Final = 100_000
"""Domains that the site remembers; about 30 MB."""
COINCIDENCE: Final = 86400.0
"""Seconds between two clients' lookups of a rare domain, at most, to be no accident."""
DAILY: Final = 3
"""Domains of one client that count for the site on one day."""
SUSPECTS: Final = 20
"""Contributing clients listed."""
_MOST_FACTOR: Final = exp(2)
"""Factor of one client at most: three have to agree before anything is said."""
_HALF_LIFE: Final = 28.0
_PRIOR_DAYS: Final = 7.0
_PRIOR_SHAPE: Final = 4.0
"""Before the days' own spread is known: a day differs from another by half its mean."""


class Member(NamedTuple):
    """One client's part in the last days."""

    client: bytes
    shape: float
    "Of the gamma distribution of its rate, by its history before these days."
    days: float
    "Rate of that distribution, working days."
    bursts: tuple[int, ...]
    "Bursts on each of the last `WINDOW` days, the last one last."


@dataclass(frozen=True, slots=True)
class Warned:
    """The whole site does more than honest clients would: look at these clients."""

    at: float
    "Unix seconds."
    days: float
    "The site's statistic, days."
    limit: float
    "Days from which on it is told."
    tests: tuple[tuple[str, float], ...]
    "Each test's part in the statistic, days."
    contributors: tuple[tuple[bytes, float], ...]
    "Clients with the probability that they are among those with more, the likeliest first."

    def __str__(self) -> str:
        """Say it in a sentence."""
        test, part = max(self.tests, key=lambda one: one[1])
        return (
            f"the clients together look up more new mail domains than usual: {self.days:,.0f} days "
            f"of {self.limit:,.0f} needed, {part / max(self.days, 1e-9):.0%} by the test '{test}'"
        )


@dataclass(frozen=True, slots=True)
class Calmed:
    """The whole site does no more than honest clients would: a warning is over."""

    at: float
    "Unix seconds."

    def __str__(self) -> str:
        """Say it in a sentence."""
        return "the clients together look up no more new mail domains than usual again"


@dataclass(slots=True)
class Usual:
    """A count of the whole site: how much of it a day usually brings."""

    total: float = 0.0
    worked: float = 0.0
    "Working days learned from, with fading."
    squares: float = 0.0
    "Squared deviations, as shares of the mean."
    days: float = 0.0
    open: list[tuple[int, float]] = field(default_factory=list)
    "Counts and working time of the last days, which are not learned yet."
    evidence: list[list[float]] = field(default_factory=list)
    "For each of the last days, the e-value of each rise since that day."

    def fold(self, count: int, worked: float, is_judged: bool) -> float:
        """Fold in a day; return the sum of the e-values since each of the last days."""
        self.open.append((count, worked))
        if not is_judged:
            self._learn(*self.open.pop())
            return 0.0
        factors = [self._ratio(count, worked, rise) for rise in RISES]
        self.evidence.append([1.0] * len(RISES))
        self.evidence = [
            [value * factor for value, factor in zip(since, factors, strict=True)]
            for since in self.evidence[-WINDOW:]
        ]
        if len(self.open) > WINDOW:
            self._learn(*self.open.pop(0))
        return sum(sum(since) / len(since) for since in self.evidence)

    def _ratio(self, count: int, worked: float, rise: float) -> float:
        """Likelihood ratio of `rise` times the usual, of negative binomial counts."""
        usual = self._mean() * max(worked, 0.01)
        shape = (self.days + _PRIOR_DAYS) / (self.squares + _PRIOR_DAYS / _PRIOR_SHAPE)
        base = log((shape + usual) / (shape + rise * usual))
        return exp(min(count * (log(rise) + base) + shape * base, 50.0))

    def _mean(self) -> float:
        """Upper bound of the mean on a working day."""
        if not self.worked:
            return 1.0
        mean = (self.total + 1) / self.worked
        spread = mean / self.worked + mean**2 * self.squares / max(self.days, 1) / self.worked
        return mean + 1.64 * sqrt(spread)

    def _learn(self, count: int, worked: float) -> None:
        left = 0.5 ** (1 / _HALF_LIFE)
        if self.worked:
            usual = max(self.total / self.worked * worked, 0.5)
            # What chance alone would scatter is no dispersion.
            excess = ((count - usual) ** 2 - usual) / usual**2
            self.squares = max(0.0, self.squares * left + min(excess, 4.0))
            self.days = self.days * left + 1
        self.total = self.total * left + count
        self.worked = self.worked * left + worked


class _Heard(NamedTuple):
    """A mail domain that the site has seen."""

    last: float
    "When it was last looked up, Unix seconds."
    first: float
    "When it was novel to the site."
    by: bytes
    "The client that brought it; empty where a declared server did, or where it is common."


class SitewideState(NamedTuple):
    """What is stored of the whole site."""

    heard: list[tuple[bytes, float, float, bytes]]
    "Domains, each with its times and the client that brought it."
    pooled: Usual
    coincidence: Usual
    judged: int
    is_warned: bool


class Sitewide:
    """The mail domains of the whole site, and the tests on them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._heard: OrderedDict[bytes, _Heard] = OrderedDict()
        self._counted: dict[bytes, int] = {}
        "Client to how many domains it was counted with today."
        self._novel = 0
        self._coincidences = 0
        self.pooled = Usual()
        self.coincidence = Usual()
        self.judged = 0
        "Days judged since the learning period."
        self.is_warned = False
        "Whether the last day was one to be warned of."

    def remember(self, domain: bytes, now: float) -> None:
        """Learn a domain that a declared server looked up: it is no news from anyone else."""
        self._keep(domain, _Heard(now, now, b""))

    def knows(self, domain: bytes, client: bytes, now: float) -> bool:
        """Say whether somebody else has looked a domain up, lately and not just now."""
        heard = self._heard.get(domain)
        return (
            heard is not None
            and heard.by != client
            and now - heard.last <= MEMORY
            and now - heard.first > COINCIDENCE
        )

    def see(self, client: bytes, domain: bytes, now: float) -> None:
        """Count a domain that was novel to a client."""
        heard = self._heard.get(domain)
        if heard is None or now - heard.last > MEMORY:
            self._keep(domain, _Heard(now, now, client))
            self._novel += self._is_counted(client)
        elif heard.by and heard.by != client and now - heard.first <= COINCIDENCE:
            self._keep(domain, _Heard(now, heard.first, b""))
            self._coincidences += self._is_counted(client)
        else:
            self._keep(domain, heard._replace(last=now))

    def end_day(
        self,
        now: float,
        worked: Sequence[float],
        members: Iterable[Member],
        quiet: int,
        limit: float,
    ) -> Warned | Calmed | None:
        """Judge the day that ended; say when a warning begins, and when it is over.

        `worked` are the working days of each of the last `WINDOW` days; `quiet` clients had no
        burst.
        """
        self.judged = min(self.judged + 1, WINDOW)
        tests = (
            ("pooled", self.pooled.fold(self._novel, worked[-1], True)),
            ("coincidence", self.coincidence.fold(self._coincidences, worked[-1], True)),
        )
        self._reset()
        found = list(members)
        days, ranked = scattered(found, worked[-self.judged :], quiet)
        parts = tuple(
            (name, weight * value)
            for weight, (name, value) in zip(WEIGHTS, (("scattered", days), *tests), strict=True)
        )
        total = sum(value for _, value in parts)
        was_warned, self.is_warned = self.is_warned, total >= limit
        if self.is_warned == was_warned:
            return None
        return Warned(now, total, limit, parts, ranked) if self.is_warned else Calmed(now)

    def learn_day(self, worked: float) -> None:
        """Learn the day that ended without judging it."""
        self.pooled.fold(self._novel, worked, False)
        self.coincidence.fold(self._coincidences, worked, False)
        self._reset()

    def forget_day(self) -> None:
        """Leave the day that ended out."""
        self._reset()

    def export(self) -> SitewideState:
        """Return what must be stored to go on later."""
        heard = [(domain, *heard) for domain, heard in self._heard.items()]
        return SitewideState(heard, self.pooled, self.coincidence, self.judged, self.is_warned)

    def restore(self, stored: SitewideState) -> None:
        """Begin with what was stored."""
        for domain, last, first, by in stored.heard:
            self._keep(domain, _Heard(last, first, by))
        self.pooled, self.coincidence = stored.pooled, stored.coincidence
        self.judged, self.is_warned = stored.judged, stored.is_warned

    def _keep(self, domain: bytes, heard: _Heard) -> None:
        self._heard[domain] = heard
        self._heard.move_to_end(domain)
        if len(self._heard) > DOMAINS:
            self._heard.popitem(last=False)

    def _is_counted(self, client: bytes) -> bool:
        count = self._counted[client] = self._counted.get(client, 0) + 1
        return count <= DAILY

    def _reset(self) -> None:
        self._novel = self._coincidences = 0
        self._counted.clear()


def scattered(
    members: Sequence[Member], worked: Sequence[float], quiet: int
) -> tuple[float, tuple[tuple[bytes, float], ...]]:
    """Sum of the e-values since each of the last days, and who contributed, the likeliest first."""
    ranked: tuple[tuple[bytes, float], ...] = ()
    total, best = 0.0, -1.0
    for since in range(len(worked)):
        window = sum(worked[since:])
        counts = [sum(one.bursts[-len(worked) + since :]) for one in members]
        for extra in EXTRAS:
            ratios = [
                (one.client, likelihood_ratio(count, one.shape, one.days, window, extra))
                for one, count in zip(members, counts, strict=True)
                if count
            ]
            silent = quiet + len(members) - len(ratios)
            for share in SHARES:
                value = _crowd(ratios, silent, exp(-extra * window), share)
                total += value / len(EXTRAS) / len(SHARES)
                if value > best:
                    best, ranked = value, _rank(ratios, share)
    return total, ranked


def likelihood_ratio(count: int, shape: float, days: float, window: float, extra: float) -> float:
    """Likelihood ratio of `extra` bursts a day more, for a gamma-Poisson count over a window.

    The sum runs over how many of the bursts are the extra ones; the ratio of two probabilities of
    the negative binomial distribution is a product of simple factors.
    """
    scale = (days + window) / window
    term = total = exp(-extra * window)
    for extras in range(1, count + 1):
        usual = count - extras + 1
        term *= extra * window / extras * usual * scale / (shape + usual - 1)
        total += term
    return total


def _crowd(
    ratios: Sequence[tuple[bytes, float]], silent: int, silence: float, share: float
) -> float:
    """Multiply all clients' factors; `silence` is the ratio of one that did nothing."""
    log_value = silent * log(1 - share + share * silence)
    for _, ratio in ratios:
        log_value += log(min(1 - share + share * ratio, _MOST_FACTOR))
    return exp(min(log_value, 50.0))


def _rank(ratios: Sequence[tuple[bytes, float]], share: float) -> tuple[tuple[bytes, float], ...]:
    odds = ((client, share * ratio / (1 - share)) for client, ratio in ratios)
    ranked = sorted(((value / (1 + value), client) for client, value in odds), reverse=True)
    return tuple((client, chance) for chance, client in ranked[:SUSPECTS])
