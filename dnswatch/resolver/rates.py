"""Rates: how many queries a second one client gets answered, so that all others get theirs.

Counted is what the short cut for cached answers does not answer, before it is read.  Above its
rate a client is told to come by TCP, which a forger cannot; above ten times that, it hears nothing.
So whoever floods in another's name takes no answer from that one: TCP and cookies count apart.

Counts last for a second, and so does what they hold: a client costs a place in two dicts.
"""

from enum import Enum
from typing import Final

from dnswatch.settings import Limits


class Fairness(Enum):
    """What a query gets by its client's rate."""

    ANSWER = "an answer"
    TRUNCATE = "an empty answer with TC set: come by TCP"
    SILENCE = "nothing"


_ANSWER: Final = Fairness.ANSWER  # looking a member up in its class costs as much as counting

SILENCE: Final = 10
"""Times its rate above which a client hears nothing: until then TC reaches whoever is flooded in
somebody's name, and costs less than an answer."""

_PROVEN: Final = b"+"
"""Sets what a client surely sent itself apart from what came in its name."""


class Rates:
    """The queries of this second, by client and by network."""

    def __init__(self, limits: Limits) -> None:
        """Allow what `limits` say."""
        self._counts: dict[bytes, int] = {}
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """Take other limits."""
        self._client, self._network = limits.rate_per_client, limits.rate_per_network
        self._server, self._most = limits.rate_per_server, limits.clients

    def new_second(self) -> None:
        """Begin to count anew."""
        self._counts.clear()

    def judge(self, client: bytes, *, is_server: bool = False, proven: bool = False) -> Fairness:
        """Count a query of `client` (packed), and say what it gets."""
        most = self._server if is_server else self._client
        if not most:
            return _ANSWER
        one = client if len(client) == 4 else client[:8]
        fairness = self._count(one + _PROVEN if proven else one, most)
        if fairness is _ANSWER and self._network and not (is_server or proven):
            return self._count(client[:3] if len(client) == 4 else client[:6], self._network)
        return fairness

    def _count(self, whom: bytes, most: int) -> Fairness:
        counts = self._counts
        if len(counts) >= self._most:
            counts.clear()  # a flood from everywhere: nobody's count would tell anything
        count = counts.get(whom, 0) + 1
        counts[whom] = count
        if count <= most:
            return _ANSWER
        return Fairness.TRUNCATE if count <= SILENCE * most else Fairness.SILENCE
