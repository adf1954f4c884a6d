"""Guests: how many connections and messages a client may have, and all clients together.

All that is kept of a client goes when its last connection is closed and its minute is over.
"""

from collections import Counter
from typing import Final

from dnswatch.settings.bay import BayLimits

_MINUTE: Final = 60.0


class Guests:
    """Who is there, and what each has brought in the last minute."""

    def __init__(self, limits: BayLimits) -> None:
        """Begin with nobody."""
        self._limits = limits
        self._connections: Counter[str] = Counter()
        self._debts: dict[
            str, tuple[float, float]
        ] = {}  # messages not yet forgotten, and as of when

    def enter(self, client: str) -> bool:
        """Count a new connection; False where it is one too many, which is not counted."""
        if self._connections.total() >= self._limits.connections:
            return False
        if self._connections[client] >= self._limits.connections_per_client:
            return False
        self._connections[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Count a connection that ended."""
        self._connections[client] -= 1
        if not self._connections[client]:
            del self._connections[client]

    def bring(self, client: str, now: float) -> bool:
        """Count a message; False where it is one too many, which is not counted."""
        debt = self._debt(client, now)
        if debt > self._limits.rate - 1:
            return False
        if len(self._debts) > 2 * self._limits.connections:
            self._forget(now)
        self._debts[client] = (debt + 1, now)
        return True

    def _debt(self, client: str, now: float) -> float:
        """Tell how many of its messages count still: `rate` of them are forgotten a minute."""
        debt, at = self._debts.get(client, (0.0, now))
        return max(0.0, debt - (now - at) * self._limits.rate / _MINUTE)

    def _forget(self, now: float) -> None:
        self._debts = {one: kept for one, kept in self._debts.items() if self._debt(one, now)}
