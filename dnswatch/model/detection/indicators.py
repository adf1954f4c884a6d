"""Indicators: circumstances of a novel mail domain that speak for a sender, or against one.

An indicator is seen or not.  Of a sender it is seen with probability `sender`, of an honest client
with at most `honest` (an upper bound learned of its role, and never believed to be below `least`).
The statistic is multiplied by

    sender / honest               where it is seen
    (1 - sender) / (1 - honest)   where it is not

and by 1 in both cases where `sender` is not above `honest`: then it tells nothing.  An honest
client's factor has a mean of at most 1: with p <= honest for the true share it is `p s / h + (1 -
p)(1 - s) / (1 - h)`, which rises with p where s > h, and is 1 at p = h.  So an indicator leaves the
theorem of `shiryaev_roberts.py` as it is.  The lower factor is never lifted: that would break it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Indicator:
    """A circumstance that is seen or not at each novel mail domain."""

    name: str
    sender: float
    "Probability of seeing it of a sender."
    least: float
    "Least bound that is believed of an honest client."
    seen: str
    "The sentence where it is seen."
    missed: str
    "The sentence where it is not."

    def factor(self, is_seen: bool, bound: float) -> float:
        """Weigh one circumstance; `bound` is an honest client's share at most."""
        honest = max(bound, self.least)
        if self.sender <= honest:
            return 1.0
        factors = {True: self.sender / honest, False: (1 - self.sender) / (1 - honest)}
        mean = honest * factors[True] + (1 - honest) * factors[False]
        assert mean <= 1 + 1e-12, f"the indicator '{self.name}' would break the theorem: {mean}"
        return factors[is_seen]


FOLLOWED: Final = Indicator(
    "followed",
    sender=0.7,
    least=0.5,
    seen="it went on to ask for the mail host's address, as a sender must",
    missed="it did not ask for the mail host's address within {wait:.0f} s, as a sender would",
)
"""Who checks a domain (`host`, web forms) stops at the MX answer.  0.7 and not nearer to 1: a
sender that is told the address along with the MX answer is still found, with some domains more."""

REFRESHED: Final = Indicator(
    "refreshed",
    sender=0.6,
    least=0.4,
    seen="the mail host's address brought only entries that the site had already (refreshes)",
    missed="the mail host's address was new to the site",
)
"""Worms ask for addresses that the site knows already (A Study of Mass-mailing Worms, 5.3)."""

FAILED: Final = Indicator(
    "failed",
    sender=0.3,
    least=0.1,
    seen="the MX question failed, as questions from stale lists do",
    missed="the MX question was answered",
)
"""Spam runs show peaks of NXDOMAIN: their lists are old."""

NO_RECURSION: Final = Indicator(
    "no-recursion",
    sender=0.02,
    least=0.005,
    seen="it asked without recursion (RD=0) or past this resolver, as programs with their own do",
    missed="it asked this resolver, for recursion",
)
"""SoBig and Cutwail resolve by themselves; where a firewall redirects them they are seen so."""

ALL: Final = (FOLLOWED, REFRESHED, FAILED, NO_RECURSION)

DEFAULT: Final = (FOLLOWED, NO_RECURSION)
"""Those that earn their place in the measurements of docs/detection.md."""

WORM: Final = Indicator(
    "worm",
    sender=0.5,
    least=0.001,
    seen="the holding bay found a message of it to be a worm",
    missed="the holding bay looked at mail of it, and found no worm",
)
"""Not at each novel mail domain but on each day on which the bay judges mail of the client: the
first message weighs it, and a worm later on that day puts it right.  So what counts is whether an
honest client has a worm found on more than one of a thousand such days, whatever it did before;
that thousand messages of one newsletter are misjudged together makes it one day, not a thousand.
The bound is asserted, not learned: few honest clients ever get so far.  At most sites the bay calls
a worm only what a scanner knows by a signature.  A sender shows it on every other day at least."""

WAIT: Final = 30.0
"""Seconds for which the address lookup that follows an MX answer is waited for."""
