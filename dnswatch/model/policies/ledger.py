"""Ledger: what an enforcement point remembers of one marked client.

A bucket of novel mail domains (Williamson's throttle, on DNS): what the client has asked for before
costs nothing, each new mail domain takes a token, and tokens come back slowly.  Memory is bounded
by `KNOWN` names a client, the one used longest ago goes first; a step costs O(1).
"""

from collections import OrderedDict
from typing import Final

KNOWN: Final = 1000
"""Names remembered of a client: a person writes to fewer domains in a year."""


class Ledger:
    """What one client has had so far."""

    def __init__(self) -> None:
        """Begin with a full bucket and nothing known."""
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._spent = 0.0
        "Tokens that are missing in the bucket."
        self._at = 0.0
        self._refresh_at = 0.0
        "When the next answer that brings nothing but refreshes may go, Unix seconds."

    def knows(self, name: bytes) -> bool:
        """Say whether a mail domain or an exchange is known to the client; note its use."""
        if name not in self._known:
            return False
        self._known.move_to_end(name)
        return True

    def learn(self, name: bytes) -> None:
        """Note a mail domain or an exchange that the client has got."""
        self._known[name] = None
        self._known.move_to_end(name)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

    def take(self, bucket: float, refill: float, now: float) -> bool:
        """Take a token for a novel mail domain; False where the bucket is empty."""
        if refill > 0:
            self._spent = max(0.0, self._spent - (now - self._at) / refill)
        self._at = now
        if self._spent + 1 > bucket:
            return False
        self._spent += 1
        return True

    def refresh(self, pace: float, latest: float, now: float) -> float | None:
        """Book an answer that brings nothing new; say when it may go, None where after `latest`."""
        at = max(now, self._refresh_at)
        if at > latest:
            return None
        self._refresh_at = at + pace
        return at
