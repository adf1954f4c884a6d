"""First lookups: evidence for tests that go by whether domains new to a client fail.

Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis Testing"
(S&P 2004), with a first lookup of a mail domain in place of a first connection.
"""

from collections import defaultdict
from math import log
from typing import Final

from dnswatch.lab.campus.defences.acts import Asked, Client

FAILS_HONEST: Final = 0.2
FAILS_INFECTED: Final = 0.8
"""1 - theta0 and 1 - theta1 of the publication: shares of first contacts that fail."""

_FAILED: Final = log(FAILS_INFECTED / FAILS_HONEST)
_SUCCEEDED: Final = log((1 - FAILS_INFECTED) / (1 - FAILS_HONEST))


class FirstLookups:
    """The mail domains that each client has asked for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: defaultdict[Client, set[bytes]] = defaultdict(set)

    def step(self, lookup: Asked) -> float | None:
        """Return what a lookup says for an infection, nats; None where its domain is not new."""
        known = self._known[lookup.client]
        if lookup.domain in known:
            return None
        known.add(lookup.domain)
        return _FAILED if lookup.failed else _SUCCEEDED
