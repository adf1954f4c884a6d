"""Limits: the connections, messages and room on the disk that clients may have.

A client that is not known to be quarantined is a stranger, and waits in room of its own: however
many come, those who may speak find theirs.  All that is kept of a client goes when its last
connection is closed and its minute is over.

What a disk has free says nothing of what is coming: eight large messages at a time find the room of
one.  So a message claims what it declares, and more as its bytes come; what is written is no longer
claimed.

Anybody can connect, break off a handshake or send what no program sends, as often as he likes: that
is counted and said once a minute, never a log line each.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from dnswatch import addresses
from dnswatch.settings.bay import BayLimits

logger: Final = logging.getLogger("dnswatch.bay")

STRANGERS: Final = 100
"""Strangers that wait to be looked up, each for three seconds at most."""

FROM_ADDRESS: Final = 10
"""Of these, from one address; a machine that was quarantined just now may be in a hurry."""

FROM_NETWORK: Final = 16
"""Of these, from one network: of IPv4 a /24, of IPv6 a /64."""

_MINUTE: Final = 60.0


class RateLimits:
    """Who is there, and what each has brought in the last minute."""

    def __init__(self, limits: BayLimits) -> None:
        """Begin with nobody."""
        self._limits = limits
        self._connections: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()
        "Strangers that wait: all, of each network and of each address."
        self._debts: dict[str, tuple[float, float]] = {}
        "Messages of each client that are not forgotten yet, and as of when."

    def wait(self, client: str) -> bool:
        """Count a stranger that waits; False where it is one too many, which is not counted."""
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


STEP: Final = 256_000
"""Bytes that are claimed at a time beyond what was declared: a look at the disk for each."""


class Room:
    """The disk of a spool."""

    def __init__(self, free: Callable[[], int], kept: int) -> None:
        """`free` tells the bytes that the disk takes still; `kept` of them are never given away."""
        self._free = free
        self._kept = kept
        self._promised = 0
        "Bytes of all claims that are not written yet."

    def claim(self, size: int) -> "Claim":
        """Claim bytes for a message, of which none are written; raises `SpoolError`."""
        return Claim(self, size)

    def grant(self, size: int) -> bool:
        """Promise bytes; False where they are not there.  Raises `SpoolError`."""
        if self._free() - self._promised < size + self._kept:
            return False
        self._promised += size
        return True

    def take_back(self, size: int) -> None:
        """Promise bytes no more: they are written, or will not come."""
        self._promised -= size


class Claim:
    """What is claimed for one message."""

    def __init__(self, room: Room, size: int) -> None:
        """Claim `size` bytes; whether they are there stands in `is_granted`."""
        self._room = room
        self.is_granted = room.grant(size)
        self._left = size if self.is_granted else 0
        "Bytes that are claimed, and not written."

    def write(self, size: int) -> bool:
        """Count bytes as written; False where the disk has no room for them.

        Raises `SpoolError`.
        """
        if size > self._left:
            more = max(size - self._left, STEP)
            if not self._room.grant(more):
                return False
            self._left += more
        self._left -= size
        self._room.take_back(size)
        return True

    def release(self) -> None:
        """Claim nothing any more."""
        self._room.take_back(self._left)
        self._left = 0


QUIET: Final = 60.0
"""Seconds between two lines."""


class StrangerTally:
    """Counts what happens, by kind; the first of it is said at once."""

    def __init__(self, key: Callable[[str], str], quiet: float = QUIET) -> None:
        """`key` is how a client stands in the log."""
        self._key = key
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._last = ""
        self._has_fault = False
        self._timer: asyncio.TimerHandle | None = None

    def note(
        self,
        what: str,
        client: str,
        error: BaseException | None = None,
        *,
        is_fault: bool = False,
    ) -> None:
        """Count `what` happened with a connection; an error of ours is written whole, once.

        A fault is an error of ours without a traceback.
        """
        self._counts[what] += 1
        self._last = client
        self._has_fault |= is_fault or error is not None
        if self._timer is None:
            self._say(error)
            self._timer = asyncio.get_running_loop().call_later(self._quiet, self._next)

    def _next(self) -> None:
        self._timer = None
        if self._counts:
            self._say()
            self._timer = asyncio.get_running_loop().call_later(self._quiet, self._next)

    def _say(self, error: BaseException | None = None) -> None:
        said = "; ".join(f"{count} {what}" for what, count in self._counts.most_common())
        level = logging.ERROR if self._has_fault else logging.INFO
        logger.log(
            level,
            "connections: %s; the last of client '%s'",
            said,
            self._key(self._last),
            exc_info=error,
        )
        self._counts.clear()
        self._has_fault = False
