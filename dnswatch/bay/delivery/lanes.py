"""Lanes: how many deliveries run at a time, in all and to one exchange; and which exchange is down.

An exchange that is silent must hold up neither the mail of others nor all of its own in turn: after
one failure the rest of its mail waits a while without trying.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from dnswatch.settings.bay import Release

MOST_LANES: Final = 10_000
"""Exchanges remembered; the one used longest ago goes first."""

DOWN: Final = 60.0
"""Seconds for which an exchange that could not be reached is not tried with other messages."""

LARGE: Final = 1_000_000
"""Bytes from which on a message is large: few of them are in memory at a time."""


@dataclass(slots=True)
class Lane:
    """The way to one exchange."""

    room: asyncio.Semaphore
    down_until: float = 0.0
    "Unix seconds."
    text: str = ""
    "Why it is down."
    users: int = field(default=0)
    "Deliveries that are on it or wait for it."


class Lanes:
    """The ways to all exchanges."""

    def __init__(self, release: Release, now: Callable[[], float]) -> None:
        """Allow as many deliveries as `release` says."""
        self._release = release
        self._now = now
        self._all = asyncio.Semaphore(release.at_once)
        self._large = asyncio.Semaphore(2)
        self._lanes: OrderedDict[str, Lane] = OrderedDict()

    def down(self, name: str) -> Lane | None:
        """Return the lane of an exchange that could not be reached just now."""
        lane = self._lanes.get(name)
        return lane if lane and lane.down_until > self._now() else None

    def fell(self, name: str, text: str) -> None:
        """Note that an exchange cannot be reached."""
        lane = self._lane(name)
        lane.down_until, lane.text = self._now() + min(DOWN, self._release.retry), text

    @asynccontextmanager
    async def enter(self, name: str, size: int) -> AsyncIterator[None]:
        """Wait for room for a delivery of `size` bytes: first to the exchange, then in all."""
        lane = self._lane(name)
        lane.users += 1
        try:
            async with lane.room:
                if size < LARGE:
                    async with self._all:
                        yield
                else:
                    async with self._large, self._all:
                        yield
        finally:
            lane.users -= 1

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(asyncio.Semaphore(self._release.at_once_per_exchange))
            self._forget()
        self._lanes.move_to_end(name)
        return self._lanes[name]

    def _forget(self) -> None:
        """Let go of lanes that nobody uses."""
        for name in list(self._lanes)[: max(0, len(self._lanes) - MOST_LANES)]:
            if not self._lanes[name].users:
                del self._lanes[name]
