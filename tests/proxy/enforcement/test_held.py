"""Answers that wait, in invented time."""

from collections.abc import Iterator

import pytest

from dnswatch.model.observation import Decided, Enforced
from dnswatch.proxy.enforcement.held import HeldAnswers
from dnswatch.resolver.askings import Asking
from dnswatch.settings import Limits
from tests.proxy.invented import InventedLoop
from tests.proxy.scripted import Client

DONE = Enforced("slow", Decided.HELD)


@pytest.fixture
def loop() -> Iterator[InventedLoop]:
    """Give a loop in invented time."""
    loop = InventedLoop()
    yield loop
    loop.close()
    assert loop.faults == []


def begun(loop: InventedLoop, held: HeldAnswers, asking: Asking, wait: float) -> None:
    async def begin() -> None:
        held.begin(asking, DONE, wait, is_refused=False)

    loop.run_until_complete(begin())


def joins(held: HeldAnswers, client: Client, asking: Asking, ident: bytes = b"id") -> bool:
    found = held.get(asking)
    assert found is not None
    return held.join(found, client.waiter(ident), lambda: b" answer")


def test_all_who_wait_are_answered_at_once_by_their_own_ids(loop: InventedLoop) -> None:
    """Nobody is answered before the time, and then all are, each to its own query."""
    held, client = HeldAnswers(Limits()), Client()
    asking = (client.address, b"\1a\0", 15)
    begun(loop, held, asking, 2.0)
    assert joins(held, client, asking, b"01")
    loop.let(1.9)
    assert joins(held, client, asking, b"02")
    assert (client.got, len(held)) == ([], 2)
    loop.let(0.2)
    assert client.got == [b"01 answer", b"02 answer"]
    assert (held.get(asking), len(held)) == (None, 0)


def test_a_release_leaves_no_timer_behind(loop: InventedLoop) -> None:
    """What is held anew after a release waits its own time."""
    held, client = HeldAnswers(Limits()), Client()
    asking = (client.address, b"\1a\0", 15)
    begun(loop, held, asking, 2.0)
    joins(held, client, asking)
    held.release(client.address)
    assert len(client.got) == 1
    loop.let(1.0)
    begun(loop, held, asking, 2.0)
    joins(held, client, asking)
    loop.let(1.5)
    assert len(client.got) == 1
    held.release_all()
    assert len(client.got) == 2


def test_what_waits_is_bounded(loop: InventedLoop) -> None:
    """One client's queries, and those of all together, wait up to the limits and no more."""
    held = HeldAnswers(Limits(held=5, held_per_client=3))
    worms = [Client(f"10.0.0.{number}") for number in range(1, 4)]
    room = []
    for worm in worms:
        for number in range(4):
            asking = (worm.address, b"%d" % (number // 2), 15)
            if held.get(asking) is None:
                begun(loop, held, asking, 2.0)
            room.append(joins(held, worm, asking))
    assert room == [True] * 3 + [False] + [True] * 2 + [False] * 6
    loop.let(2.1)
    assert [len(worm.got) for worm in worms] == [3, 2, 0]
    assert len(held) == 0
