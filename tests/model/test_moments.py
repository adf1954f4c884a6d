"""Keys that were noted lately are known as in a dict, in much less memory."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.moments import IN_GROUP, Moments

WINDOW = 60.0

steps = st.lists(
    st.tuples(st.integers(0, 40).map(b"%d".__mod__), st.sampled_from([0.0, 1.0, 30.0, 61.0])),
    max_size=60,
)


@given(steps, st.sampled_from([1, 100_000]))
def test_a_key_counts_until_its_last_moment(steps: list[tuple[bytes, float]], limit: int) -> None:
    """Whatever is noted and forgotten meanwhile, each that counts has its last moment."""
    moments, plain, now = Moments(limit), dict[bytes, float](), 0.0
    for key, passed in steps:
        now += passed
        moments.forget(now)
        assert not moments.note(key, now + WINDOW, now)
        plain[key] = now + WINDOW
        for known, until in plain.items():
            assert now >= until or moments.until(known) == until
    assert moments.until(b"another") == 0.0


def test_far_beyond_its_limit_those_noted_longest_ago_go() -> None:
    """A flood takes no more memory than it was made for; who was noted last is known."""
    moments, most = Moments(1), 2 * IN_GROUP
    early = [moments.note(b"%d" % number, WINDOW, 0.0) for number in range(10 * most)]
    assert early.count(False) == most
    assert moments.until(b"%d" % (10 * most - 1)) == WINDOW
    assert sum(moments.until(b"%d" % number) > 0 for number in range(10 * most)) == most


def test_what_has_ended_takes_nothing() -> None:
    """A hundred thousand keys take some 20 bytes each, and a minute after they ended none."""
    moments, count = Moments(100_000), 100_000
    for number in range(count):
        moments.note(b"%d" % number, WINDOW, 0.0)
    assert sys.getsizeof(moments._groups) + sum(map(sys.getsizeof, moments._groups)) < 22 * count
    for second in range(70):
        moments.forget(WINDOW + second)
    assert not any(moments._groups)
