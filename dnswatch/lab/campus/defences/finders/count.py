"""Count: more than so many MX questions within so many seconds.

The rule that intrusion detection ships with; numbers of BotFlex (2013, `botflex/config.txt`): more
than 30 within 5 minutes.
"""

from collections import defaultdict, deque
from typing import Final

from dnswatch.lab.campus.defences.acts import Asked, Client

MOST: Final = 30
WITHIN: Final = 300.0
"""Seconds."""


class Count:
    """The times of each client's last questions: at most `MOST`."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._asked: defaultdict[Client, deque[float]] = defaultdict(lambda: deque(maxlen=MOST))

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup."""
        if not lookup.is_mx:
            return False
        times = self._asked[lookup.client]
        is_full = len(times) == MOST and lookup.at - times[0] <= WITHIN
        times.append(lookup.at)
        return is_full
