"""Destinations: how many deliveries run at a time, in all and to one exchange; and which are down.

An exchange that is silent must hold up neither the mail of others nor all of its own in turn: after
one failure the rest of its mail waits a while without trying.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from dnswatch.settings.bay import Release

MOST_DESTINATIONS: Final = 10_000
"""Exchanges remembered; the one used longest ago goes first."""

DOWN: Final = 60.0
"""Seconds for which an exchange that could not be reached is not tried with other messages."""

LARGE: Final = 1_000_000
"""Bytes from which on a message is large: few of them are in memory at a time."""


@dataclass(slots=True)
class Destination:
    """The way to one exchange."""

    room: asyncio.Semaphore
    down_until: float = 0.0
    "Unix seconds."
    text: str = ""
    "Why it is down."
    users: int = 0
    "Deliveries that are on it or wait for it."


class Destinations:
    """The ways to all exchanges."""

    def __init__(self, release: Release, now: Callable[[], float]) -> None:
        """Allow as many deliveries as `release` says."""
        self._release = release
        self._now = now
        self._all = asyncio.Semaphore(release.at_once)
        self._large = asyncio.Semaphore(2)
        self._destinations: OrderedDict[str, Destination] = OrderedDict()

    def down(self, name: str) -> Destination | None:
        """Return an exchange that could not be reached just now."""
        destination = self._destinations.get(name)
        return destination if destination and destination.down_until > self._now() else None

    def fell(self, name: str, text: str) -> None:
        """Note that an exchange cannot be reached."""
        destination = self._destination(name)
        destination.down_until, destination.text = (
            self._now() + min(DOWN, self._release.retry),
            text,
        )

    @asynccontextmanager
    async def enter(self, name: str, size: int) -> AsyncIterator[None]:
        """Wait for room for a delivery of `size` bytes: first to the exchange, then in all."""
        destination = self._destination(name)
        destination.users += 1
        try:
            async with destination.room:
                if size < LARGE:
                    async with self._all:
                        yield
                else:
                    async with self._large, self._all:
                        yield
        finally:
            destination.users -= 1

    def _destination(self, name: str) -> Destination:
        if name not in self._destinations:
            self._destinations[name] = Destination(
                asyncio.Semaphore(self._release.at_once_per_exchange)
            )
            self._forget()
        self._destinations.move_to_end(name)
        return self._destinations[name]

    def _forget(self) -> None:
        """Let go of those that nobody uses."""
        for name in list(self._destinations)[: max(0, len(self._destinations) - MOST_DESTINATIONS)]:
            if not self._destinations[name].users:
                del self._destinations[name]
