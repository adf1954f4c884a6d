"""CUSUM: failures of first lookups pile up faster than they should.

Ganesh, Gunawardena, Key, Massoulie, Scott, "Efficient Quarantining of Scanning Worms" (INFOCOM
2006), after Schechter, Jung, Berger (RAID 2004): the walk of the sequential test, which never
falls below 0, so that an honest past earns no credit.
"""

from collections import defaultdict
from math import log
from typing import Final

from dnswatch.campus.defences.acts import Asked, Client
from dnswatch.campus.defences.finders.sprt import FAILS_HONEST, FAILS_INFECTED

ALARM: Final = log(1000.0)
"""Nats: at least a thousand first lookups between two false alarms (Lorden 1971)."""

_FAILED: Final = log(FAILS_INFECTED / FAILS_HONEST)
_SUCCEEDED: Final = log((1 - FAILS_INFECTED) / (1 - FAILS_HONEST))


class Cusum:
    """A walk for each client."""

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
        step = _FAILED if lookup.failed else _SUCCEEDED
        score = self._score[lookup.client] = max(0.0, self._score[lookup.client] + step)
        return score >= ALARM
