"""SPRT: Wald's sequential test on whether lookups of domains that are new to a client fail.

Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis Testing"
(S&P 2004), with a first lookup of a mail domain in place of a first connection.
"""

from collections import defaultdict
from math import log
from typing import Final

from dnswatch.campus.defences.acts import Asked, Client

FAILS_HONEST: Final = 0.2
FAILS_INFECTED: Final = 0.8
"""1 - theta0 and 1 - theta1 of the publication: shares of first contacts that fail."""
FALSE_ALARM: Final = 1e-5
MISS: Final = 0.01

_UPPER: Final = log((1 - MISS) / FALSE_ALARM)
_LOWER: Final = log(MISS / (1 - FALSE_ALARM))
_FAILED: Final = log(FAILS_INFECTED / FAILS_HONEST)
_SUCCEEDED: Final = log((1 - FAILS_INFECTED) / (1 - FAILS_HONEST))


class Sprt:
    """A walk for each client; at the lower bound it begins anew, as a monitor must."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._score: defaultdict[Client, float] = defaultdict(float)
        self._known: defaultdict[Client, set[bytes]] = defaultdict(set)

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup."""
        known = self._known[lookup.client]
        if lookup.domain in known:
            return False
        known.add(lookup.domain)
        score = self._score[lookup.client] + (_FAILED if lookup.failed else _SUCCEEDED)
        self._score[lookup.client] = 0.0 if score <= _LOWER else score
        return score >= _UPPER
