"""Guests: how many connections and messages a client may have, and all clients together.

Who is not known to be quarantined is a stranger, and waits at the door, where there is room of its
own: however many come there, those who may come in find theirs.  All that is kept of a client goes
when its last connection is closed and its minute is over.
"""

from collections import Counter
from typing import Final

from dnswatch import addresses
from dnswatch.settings.bay import BayLimits

STRANGERS: Final = 100
"""Strangers that wait at the door, each for three seconds at most."""

FROM_ADDRESS: Final = 10
"""Of these, from one address; a machine that was quarantined just now may be in a hurry."""

FROM_NETWORK: Final = 16
"""Of these, from one network: of IPv4 a /24, of IPv6 a /64."""

_MINUTE: Final = 60.0


class Guests:
    """Who is there, and what each has brought in the last minute."""

    def __init__(self, limits: BayLimits) -> None:
        """Begin with nobody."""
        self._limits = limits
        self._connections: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()
        "Those at the door: all, of each network and of each address."
        self._debts: dict[str, tuple[float, float]] = {}
        "Messages of each client that are not forgotten yet, and as of when."

    def wait(self, client: str) -> bool:
        """Count a stranger at the door; False where it is one too many, which is not counted."""
        rooms = zip(_rooms(client), (STRANGERS, FROM_NETWORK, FROM_ADDRESS), strict=True)
        if any(self._strangers[room] >= most for room, most in rooms):
            return False
        self._strangers.update(_rooms(client))
        return True

    def stop_waiting(self, client: str) -> None:
        """Count a stranger no more: it was let in, or turned away, or left."""
        self._strangers.subtract(_rooms(client))
        for room in _rooms(client):
            if not self._strangers[room]:
                del self._strangers[room]

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


def _rooms(client: str) -> tuple[str, str, str]:
    """Name where a stranger is counted."""
    packed = addresses.read(client).packed
    network = packed[:3] if len(packed) == 4 else packed[:8]
    return "all", f"network {network.hex()}", f"address {packed.hex()}"
