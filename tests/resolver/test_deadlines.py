"""Deadlines: all is done once, in order of time, and nothing before its time."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver.deadlines import Deadlines


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 60)))
def test_what_is_due_is_done_in_order_and_once(due: list[int], looks: list[int]) -> None:
    """However often one looks, each is done at the first look that is not too early."""
    deadlines, done = Deadlines(), list[tuple[int, int, float]]()
    for number, at in enumerate(due):
        deadlines.add(at, lambda now, at=at, number=number: done.append((at, number, now)))  # type: ignore[misc]
    assert deadlines.timer() == min(due, default=inf)
    for now in sorted(looks):
        deadlines.fire(now)
        assert deadlines.timer() > now
    last = max(looks, default=-1)
    expected = sorted((at, number) for number, at in enumerate(due) if at <= last)
    assert [(at, number) for at, number, _ in done] == expected
    assert all(now == min(look for look in looks if look >= at) for at, _, now in done)
    assert len(deadlines) == len(due) - len(done)


def test_what_is_put_there_while_others_are_done_waits_its_turn() -> None:
    """A thing may put itself there again; what is due by then is done in the same go."""
    deadlines, rung = Deadlines(), list[float]()

    def again(now: float) -> None:
        rung.append(now)
        if len(rung) < 3:
            deadlines.add(now + len(rung), again)

    deadlines.add(1.0, again)
    deadlines.fire(1.5)
    assert rung == [1.5]
    assert deadlines.timer() == 2.5
    deadlines.fire(9.0)
    assert rung == [1.5, 9.0]
    deadlines.fire(11.0)
    assert len(rung) == 3
    assert deadlines.timer() == inf


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans())))
def test_what_is_taken_out_is_let_go_of_and_not_done(due: list[tuple[int, bool]]) -> None:
    """What is over before its moment is kept no longer, and the rest is done as ever."""
    deadlines, done = Deadlines(), list[int]()
    numbers = [deadlines.add(at, lambda _, at=at: done.append(at)) for at, _ in due]  # type: ignore[misc]
    for number, (_, is_over) in zip(numbers, due, strict=True):
        if is_over:
            deadlines.remove(number)
    kept = sorted(at for at, is_over in due if not is_over)
    assert len(deadlines) == len(kept)
    deadlines.fire(50)
    assert done == kept
    for number in numbers:
        deadlines.remove(number)  # what was done may be taken out as well
    assert deadlines.timer() == inf


def test_one_that_fails_takes_none_of_the_others_with_it() -> None:
    """What was due at the same moment is done at the next look."""
    deadlines, done = Deadlines(), list[str]()

    def fail(_: float) -> None:
        raise OSError("this one")

    deadlines.add(1.0, fail)
    deadlines.add(1.001, lambda _: done.append("same tick"))
    deadlines.add(3.0, lambda _: done.append("later"))
    with pytest.raises(OSError, match="this one"):
        deadlines.fire(2.0)
    assert deadlines.timer() == 1.001
    deadlines.fire(2.0)
    assert done == ["same tick"]
    assert deadlines.timer() == 3.0
