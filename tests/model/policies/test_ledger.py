"""What a marked client has had."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.policies.ledger import KNOWN, Ledger


@given(st.integers(1, 20), st.floats(1, 1e5), st.lists(st.floats(0, 1e4), max_size=200))
def test_the_bucket_bounds_every_span_of_time(
    bucket: int, refill: float, pauses: list[float]
) -> None:
    """In any span of time no more is taken than the bucket holds and what came back meanwhile."""
    ledger, now, taken = Ledger(), 0.0, []
    for pause in pauses:
        now += pause
        if ledger.take(bucket, refill, now):
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            span = taken[last] - taken[first]
            assert last - first + 1 <= bucket + span / refill + 1e-6


def test_a_token_comes_back_in_its_time() -> None:
    """After one refill exactly one more mail domain is let through."""
    ledger = Ledger()
    assert [ledger.take(2, 10.0, 0.0) for _ in range(3)] == [True, True, False]
    assert not ledger.take(2, 10.0, 9.0)
    assert ledger.take(2, 10.0, 10.5)
    assert not ledger.take(2, 10.0, 10.5)


def test_what_is_known_is_bounded() -> None:
    """The name used longest ago goes first; a flood of names does not make it grow."""
    ledger = Ledger()
    for number in range(KNOWN):
        ledger.learn(b"%d" % number)
    assert ledger.knows(b"0")
    ledger.learn(b"one more")
    assert ledger.knows(b"0")
    assert not ledger.knows(b"1")


def test_refreshes_are_booked_at_their_pace() -> None:
    """Each gets the next free moment; one that would come too late gets none and takes none."""
    ledger = Ledger()
    assert ledger.refresh(10.0, 4.0, 0.0) == 0.0
    assert ledger.refresh(10.0, 5.0, 1.0) is None
    assert ledger.refresh(10.0, 12.0, 8.0) == 10.0
    assert ledger.refresh(10.0, 12.0, 8.0) is None
    assert ledger.refresh(10.0, 104.0, 100.0) == 100.0
