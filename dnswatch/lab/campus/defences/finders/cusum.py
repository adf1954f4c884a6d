"""CUSUM: failures of first lookups pile up faster than they should.

Ganesh, Gunawardena, Key, Massoulie, Scott, "Efficient Quarantining of Scanning Worms" (INFOCOM
2006), after Schechter, Jung, Berger (RAID 2004): the walk of the sequential test, which never
falls below 0, so that an honest past earns no credit.
"""

from collections import defaultdict
from math import log
from typing import Final

from dnswatch.lab.campus.defences.acts import Asked, Client
from dnswatch.lab.campus.defences.finders.first import FirstLookups

ALARM: Final = log(1000.0)
"""Nats: at least a thousand first lookups between two false alarms (Lorden 1971)."""


class Cusum:
    """A walk for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._score: defaultdict[Client, float] = defaultdict(float)
        self._lookups = FirstLookups()

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup."""
        step = self._lookups.step(lookup)
        if step is None:
            return False
        score = self._score[lookup.client] = max(0.0, self._score[lookup.client] + step)
        return score >= ALARM
