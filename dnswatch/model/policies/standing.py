"""Standing: how a client stands, by the detector's verdict or by the word of a person.

The share of the alarm threshold places a client on the ladder: from 1/100 on it is *suspect*, from
1/10 on *likely*, from 1 on *infected*.  A clean client reaches each rung in a mean time of that
share of the time that the site tolerates between false alarms.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

from dnswatch.model.policies.orders import Overrule, Word

RUNGS: Final = {"any": 0.0, "suspect": 0.01, "likely": 0.1, "infected": 1.0}
"""The least share of the alarm threshold for each word of a policy."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client stands."""

    share: float = 0.0
    "The detector's statistic by the threshold of its alarm; infinite where a person distrusts."
    until: float = inf
    "When the verdict fades, Unix seconds."
    at: float = 0.0
    "When it was given, Unix seconds."

    @property
    def rung(self) -> str:
        """The rung of the ladder in a word; `clean` on none."""
        reached = [name for name, least in RUNGS.items() if self.share >= least]
        return reached[-1] if len(reached) > 1 else "clean"


CLEAN: Final = Standing()


def overruled(judged: Standing, said: Overrule | None, now: float) -> Standing:
    """Say how a client stands by its verdict and by what a person said, if anybody did."""
    if judged.until <= now:
        judged = CLEAN
    if said is None or said.until <= now:
        return judged
    match said.word:
        case Word.DISTRUST:
            return Standing(inf, said.until, said.at)
        case Word.TRUST:
            return Standing(0.0, said.until, said.at)
        case Word.CLEAR:
            return judged if judged.at > said.at else CLEAN
