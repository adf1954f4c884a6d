"""Windows: too many different domains within any of several windows.

Sekar, Xie, Reiter, Zhang, "A Multi-Resolution Approach for Worm Detection and Containment" (DSN
2006): what honest machines contact grows ever more slowly with the window, what worms contact grows
with it.  The publication takes its thresholds from the site's own trace; ours are concave alike.
"""

from collections import OrderedDict, defaultdict
from typing import Final

from dnswatch.lab.campus.defences.acts import Asked, Client

THRESHOLDS: Final = ((20.0, 5), (300.0, 10), (3600.0, 16), (86400.0, 30))
"""Window, seconds, and the most different domains within it: near the highest percentile that a
client of the default site shows."""


class Windows:
    """The last asking of each domain of the longest window, per client, latest last."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._last: defaultdict[Client, OrderedDict[bytes, float]] = defaultdict(OrderedDict)

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup; O(the largest threshold)."""
        last = self._last[lookup.client]
        last[lookup.domain] = lookup.at
        last.move_to_end(lookup.domain)
        while len(last) > THRESHOLDS[-1][1] + 1:
            last.popitem(last=False)
        times = list(last.values())
        return any(
            len(times) > most and lookup.at - times[-most - 1] < window
            for window, most in THRESHOLDS
        )
