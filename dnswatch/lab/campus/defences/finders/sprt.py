"""SPRT: Wald's sequential test on whether lookups of domains that are new to a client fail.

Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis Testing"
(S&P 2004), with a first lookup of a mail domain in place of a first connection.
"""

from collections import defaultdict
from math import log
from typing import Final

from dnswatch.lab.campus.defences.acts import Asked, Client
from dnswatch.lab.campus.defences.finders.first import FirstLookups

FALSE_ALARM: Final = 1e-5
MISS: Final = 0.01

_UPPER: Final = log((1 - MISS) / FALSE_ALARM)
_LOWER: Final = log(MISS / (1 - FALSE_ALARM))


class Sprt:
    """A walk for each client; at the lower bound it begins anew, as a monitor must."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._score: defaultdict[Client, float] = defaultdict(float)
        self._lookups = FirstLookups()

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup."""
        step = self._lookups.step(lookup)
        if step is None:
            return False
        score = self._score[lookup.client] + step
        self._score[lookup.client] = 0.0 if score <= _LOWER else score
        return score >= _UPPER
