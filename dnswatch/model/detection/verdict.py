"""Verdict: the judgment on a client, and the words of persons that overrule it.

The statistic climbs a ladder whose rungs grade harm with evidence.  With A = the limit, in days:

    watched    below A / 100       nothing
    suspect    from A / 100 on     what a person would not notice
    likely     from A / 10 on      what a person may notice; the state is still *suspect*
    infected   from A on           what the site's policies say

An honest client reaches each rung in a mean time of at least that many days of working time.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from dnswatch.model.detection import indicators
from dnswatch.model.detection.baselines import LEARNING
from dnswatch.model.detection.indicators import Indicator

FADE: Final = 86400.0
"""Seconds after the last MX question, novel domain or round of guesses for which a client stays
infected: its owner has had a day to clean it, and a worm that still runs has looked up something by
then."""


class State(StrEnum):
    """The judgment in one word."""

    LEARNING = "learning"
    CLEAN = "clean"
    SUSPECT = "suspect"
    INFECTED = "infected"


class Rung(IntEnum):
    """How far up the ladder."""

    WATCHED = 0
    SUSPECT = 1
    LIKELY = 2
    INFECTED = 3

    @property
    def state(self) -> State:
        """The judgment in one word."""
        return _STATES[self]


_STATES: Final = (State.CLEAN, State.SUSPECT, State.SUSPECT, State.INFECTED)
SUSPECT: Final = 0.01
"""Share of the limit from which on a client is suspect."""

_SHARES: Final = ((Rung.INFECTED, 1.0), (Rung.LIKELY, 0.1), (Rung.SUSPECT, SUSPECT))


def rung_of(days: float, limit: float) -> Rung:
    """Place a statistic on the ladder; `limit` is A, in days."""
    # A statistic that was clipped at the limit has reached it, whatever rounding did.
    share = days / limit * (1 + 1e-9)
    return next((rung for rung, least in _SHARES if share >= least), Rung.WATCHED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgment on a client at a moment."""

    state: State
    rung: Rung
    score: float
    "Logarithm of the statistic in days, nats."
    limit: float
    "Score at which a client is infected, nats."
    fades_at: float | None = None
    "When it becomes milder if nothing more is seen, Unix seconds; None where it is clean."
    evidence: tuple[str, ...] = ()
    "Sentences, the weightiest first."
    provisional: Rung = Rung.WATCHED
    "Where its evidence has led by what is assumed of any client, while the site is being learned."

    @property
    def missing(self) -> float:
        """Nats that are missing for a verdict of infected."""
        return max(0.0, self.limit - self.score)


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that changed, or that is told again since it may fade later."""

    client: bytes
    at: float
    "Unix seconds."
    before: Rung
    verdict: Verdict
    cause: str
    "A sentence."

    @property
    def is_new(self) -> bool:
        """Whether the client stands on another rung than before."""
        return self.verdict.rung != self.before


@dataclass(frozen=True, slots=True)
class Knob:
    """The operator's knob: false alarms tolerated at the whole site in 30 days."""

    alarms: float = 1.0
    site_share: float = 0.2
    "Share of them that is left to the test of the whole site."

    def limit(self, clients: int) -> float:
        """Statistic at which a client is infected, in days of one client."""
        return max(_LEAST, 30 * clients / (self.alarms * (1 - self.site_share)))

    def site_limit(self) -> float:
        """Statistic at which the site is warned, in days of the site."""
        return 30 / (self.alarms * self.site_share)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a site wants to be watched."""

    knob: Knob = field(default_factory=Knob)
    is_strict: bool = False
    "Whether the first MX question of an undeclared client is a verdict (strict.py)."
    indicators: tuple[Indicator, ...] = indicators.DEFAULT
    learning: float = LEARNING
    "Seconds that a new site is learned before the first verdict."
    fade: float = FADE
    "Seconds after the last sign of sending for which a client stays infected (`FADE`)."


_LEAST: Final = 3000.0
"""Days: a site of a few clients would else condemn one for its third mail domain."""
