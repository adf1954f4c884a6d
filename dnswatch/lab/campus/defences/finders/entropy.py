"""Entropy: few sources make most of the site's MX questions.

Musashi, Romana et al. (Kumamoto University, 2003 to 2008): the entropy of the source addresses of
MX questions falls when a machine begins to send mass mail.  They read curves of days by eye; here
the entropy of each hour is compared with that of earlier hours, and the source that most
questions came from is the one.
"""

from collections import Counter, deque
from math import log2, sqrt
from typing import Final

from dnswatch.lab.campus.defences.acts import Asked, Client

HOUR: Final = 3600.0
"""Seconds in a bin."""
LEARNED: Final = 24
"""Hours before the first alarm."""
KEPT: Final = 24 * 7
"""Hours compared with."""
DEVIATIONS: Final = 3.0
"""Standard deviations below the mean that are a fall."""


class Entropy:
    """The entropies of a week, and the counts of this hour; per site, O(clients of an hour)."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._hour = -1
        self._sources: Counter[Client] = Counter()
        self._past: deque[float] = deque(maxlen=KEPT)
        self._suspect: Client | None = None

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup; the alarm on a client comes with its first question after the hour."""
        hour = int(lookup.at // HOUR)
        if hour != self._hour:
            self._close()
            self._hour = hour
        if lookup.is_mx:
            self._sources[lookup.client] += 1
        if lookup.client != self._suspect:
            return False
        self._suspect = None
        return True

    def _close(self) -> None:
        """Judge the hour that is over."""
        if not self._sources:
            return
        found = entropy(self._sources)
        if len(self._past) >= LEARNED:
            mean = sum(self._past) / len(self._past)
            spread = sqrt(sum((each - mean) ** 2 for each in self._past) / len(self._past))
            if found < mean - DEVIATIONS * spread:
                self._suspect = self._sources.most_common(1)[0][0]
        self._past.append(found)
        self._sources = Counter()


def entropy(counts: Counter[Client]) -> float:
    """Return the entropy of a distribution given by counts, bits."""
    total = sum(counts.values())
    return -sum(count / total * log2(count / total) for count in counts.values() if count)
