"""The door: what a client that may not come in is told, in place of the greeting.

Answers name the bay up to two seconds before the bay can read that they do: the watch tells the
workers first, and the store then.  So whoever is not known yet is looked up once more before he is
turned away for good; and nobody is while it cannot be read who is quarantined.  How many may wait
at the door stands in `guests`: whoever is known passes them by.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from dnswatch.bay.smtp.tally import Tally
from dnswatch.errors import StoreError

TURNED_AWAY: Final = (
    "554 5.7.1 This holding bay takes mail of quarantined clients only: ask DNS again for the"
    " exchange of your recipient"
)
"""Never "try again": such a client must not wait for what will not come."""

UNKNOWN: Final = "421 4.3.0 It cannot be said now whose mail is taken here, try again later"

LAG: Final = 3.0
"""Seconds after which a client is looked up once more."""


class Door:
    """Lets clients in, or not."""

    def __init__(
        self,
        admits: Callable[[str], bool],
        knows: Callable[[str], bool],
        tally: Tally,
        lag: float = LAG,
        is_sure: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Ask `admits`, which may read the store; `knows` tells what was read last, at once.

        `is_sure` tells whom it would let in without reading.
        """
        self._admits = admits
        self._knows = knows
        self._tally = tally
        self._lag = lag
        self._is_sure = is_sure

    def knows(self, client: str) -> bool:
        """Say whether the client at an address may come in without waiting."""
        return self._knows(client)

    def is_sure(self, client: str) -> bool:
        """Say whether the client at an address may come in, without asking anybody."""
        return self._is_sure(client)

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
        self._tally.note("were turned away: not quarantined", client)
        return TURNED_AWAY
