"""Who may come in."""

import asyncio

from dnswatch.bay.smtp.access import UNKNOWN, Banner
from dnswatch.bay.smtp.limits import StrangerTally
from dnswatch.errors import StoreError


def test_client_that_is_known_a_moment_later_comes_in() -> None:
    """Who was diverted before the store says so is let in, not refused for good."""
    said = iter([False, True])
    banner = Banner(lambda _: next(said), lambda _: False, StrangerTally(str), lag=0.0)
    assert asyncio.run(banner.refusal("192.0.2.1")) == ""


def test_nobody_is_turned_away_in_ignorance() -> None:
    """While it cannot be read who is quarantined, a client is told to come again."""

    def admits(client: str) -> bool:
        raise StoreError("no disk")

    banner = Banner(admits, lambda _: False, StrangerTally(str), lag=0.0)
    assert asyncio.run(banner.refusal("192.0.2.1")) == UNKNOWN
    assert UNKNOWN.startswith("421 ")
