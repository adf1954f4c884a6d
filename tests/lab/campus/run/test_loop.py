"""Simulated time: in order, and never backwards."""

from collections.abc import Iterator
from functools import partial

from dnswatch.lab.campus.run.loop import Loop


def test_things_happen_in_order_and_those_of_one_moment_as_they_were_put() -> None:
    """What is put into the past happens now."""
    loop, seen = Loop(100.0), list[str]()
    for at, name in ((105.0, "c"), (101.0, "a"), (105.0, "d"), (50.0, "now")):
        loop.call(at, partial(seen.append, name))
    loop.run(104.0)
    assert seen == ["now", "a"]
    assert loop.now == 104.0
    loop.run(200.0)
    assert seen == ["now", "a", "c", "d"]


def test_a_process_goes_on_when_it_wants_to() -> None:
    """It yields the moment, and finds that to be now."""
    loop, seen = Loop(0.0), list[float]()

    def process() -> Iterator[float]:
        for at in (3.0, 7.0):
            yield at
            seen.append(loop.now)

    loop.start(1.0, process())
    loop.run(10.0)
    assert seen == [3.0, 7.0]


def test_what_returns_a_moment_happens_again() -> None:
    """Until it returns none."""
    loop, seen = Loop(0.0), list[float]()

    def act() -> float | None:
        seen.append(loop.now)
        return loop.now + 2 if loop.now < 5 else None

    loop.call(1.0, act)
    loop.run(100.0)
    assert seen == [1.0, 3.0, 5.0]
