"""How many deliveries run at a time."""

import asyncio

import pytest

from dnswatch.bay.delivery import destinations as module
from dnswatch.bay.delivery.destinations import DOWN, LARGE, Destinations
from dnswatch.settings.bay import Release

RELEASE = Release(at_once=6, at_once_per_exchange=2)


def busiest(*work: tuple[str, int]) -> tuple[int, dict[str, int]]:
    """Run deliveries, each to an exchange and of a size; return how many ran together at most."""
    running: list[str] = []
    seen: list[list[str]] = []
    destinations = Destinations(RELEASE, lambda: 0.0)

    async def one(name: str, size: int) -> None:
        async with destinations.enter(name, size):
            running.append(name)
            seen.append(running.copy())
            await asyncio.sleep(0)
            running.remove(name)

    async def every() -> None:
        await asyncio.gather(*(one(*each) for each in work))

    asyncio.run(every())
    assert len(seen) == len(work)
    names = {name for name, _ in work}
    return max(map(len, seen)), {name: max(one.count(name) for one in seen) for name in names}


def test_an_exchange_gets_few_deliveries_at_a_time() -> None:
    """However much mail waits for it, and others go on meanwhile."""
    most, each = busiest(*[("a", 1)] * 20, *[("b", 1)] * 20)
    assert each == {"a": 2, "b": 2}
    assert most == 4


def test_all_exchanges_share_one_bound() -> None:
    """Mail to many exchanges does not open a connection to each of them at once."""
    assert busiest(*[(str(n), 1) for n in range(50)])[0] == 6


def test_few_large_messages_are_in_memory() -> None:
    """Two at a time, whichever exchanges they go to."""
    assert busiest(*[(str(n), LARGE) for n in range(10)])[0] == 2


def test_an_exchange_that_is_down_is_up_again_later() -> None:
    """Its mail waits a while without trying, then it is tried again."""
    clock = [0.0]
    destinations = Destinations(RELEASE, lambda: clock[0])
    assert destinations.down("a") is None
    destinations.fell("a", "refused")
    destination = destinations.down("a")
    assert destination is not None
    assert (destination.down_until, destination.text) == (DOWN, "refused")
    assert destinations.down("b") is None
    clock[0] = DOWN
    assert destinations.down("a") is None


def test_destinations_that_nobody_uses_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exchanges without end fill no memory."""
    monkeypatch.setattr(module, "MOST_DESTINATIONS", 3)
    destinations = Destinations(RELEASE, lambda: 0.0)
    for number in range(10):
        destinations.fell(str(number), "")
    assert len([n for n in range(10) if destinations.down(str(n))]) == 3
