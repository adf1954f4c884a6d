"""The door: what a client that may not come in is told, in place of the greeting.

Answers name the bay up to two seconds before the bay can read that they do: the watch tells the
workers first, and the store then.  So whoever is not known yet is looked up once more before he is
turned away for good; and nobody is while it cannot be read who is quarantined.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from dnswatch.errors import StoreError

logger: Final = logging.getLogger("dnswatch.bay")

TURNED_AWAY: Final = (
    "554 5.7.1 This holding bay takes mail of quarantined clients only: ask DNS again for the"
    " exchange of your recipient"
)
"""Never "try again": such a client must not wait for what will not come."""

UNKNOWN: Final = "421 4.3.0 It cannot be said now whose mail is taken here, try again later"

LAG: Final = 3.0
"""Seconds after which a client is looked up once more."""

QUIET: Final = 60.0
"""Seconds between two lines in the log on those who were turned away: anybody can cause one."""


class Door:
    """Lets clients in, or not."""

    def __init__(
        self,
        admits: Callable[[str], bool],
        key: Callable[[str], str],
        now: Callable[[], float],
        lag: float = LAG,
    ) -> None:
        """Ask `admits`, which may read the store; `key` is how a client stands in the log."""
        self._admits = admits
        self._key = key
        self._now = now
        self._lag = lag
        self._turned_away = 0
        "Connections of which the log does not tell yet."
        self._told_at = float("-inf")

    async def refusal(self, client: str) -> str:
        """Return what the client at an address is told; empty where it may come in."""
        try:
            if await asyncio.to_thread(self._admits, client):
                return ""
            await asyncio.sleep(self._lag)
            if await asyncio.to_thread(self._admits, client):
                return ""
        except StoreError:
            return UNKNOWN
        self._note(client)
        return TURNED_AWAY

    def _note(self, client: str) -> None:
        self._turned_away += 1
        if self._now() < self._told_at + QUIET:
            return
        logger.info(
            "%d connections were turned away, the last of client '%s', which is not quarantined",
            self._turned_away, self._key(client),
        )  # fmt: skip
        self._turned_away, self._told_at = 0, self._now()
