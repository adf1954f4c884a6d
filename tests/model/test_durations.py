"""How long answers took."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.durations import BOUNDS, TRANSPORTS, AnswerTimes, histogram


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20))))
def test_each_answer_is_in_the_bucket_of_its_time(answers: list[tuple[bool, float]]) -> None:
    """A bucket holds the times up to its bound and above the one before; the last has the rest."""
    times = AnswerTimes()
    for is_tcp, seconds in answers:
        times.add(is_tcp, seconds)
    taken = times.take()
    for way, transport in enumerate(TRANSPORTS):
        mine = [seconds for is_tcp, seconds in answers if is_tcp == bool(way)]
        counts, total = histogram(taken, transport)
        for place, bound in enumerate(BOUNDS):
            assert sum(counts[: place + 1]) == sum(seconds <= bound for seconds in mine)
        assert sum(counts) == len(mine)
        assert abs(total - sum(mine)) < 1e-5
    assert times.take() == {}


def test_a_clock_that_was_set_back_takes_nothing_from_the_sum() -> None:
    """Such an answer is among the quickest, and a counter never falls."""
    times = AnswerTimes()
    times.add(False, -30.0)
    assert histogram(times.take(), "udp") == ([1, *[0] * len(BOUNDS)], 0.0)
