"""The delay queue of both throttles."""

import itertools
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.lab.campus.defences.throttles.queue import LONGEST, DelayQueue


def test_a_new_target_passes_each_period() -> None:
    """The first new target passes at once, each further one a period after the one before."""
    queue = DelayQueue(5, 1.0)
    assert [queue.wait(b"%d" % n, 10.0) for n in range(4)] == [0.0, 1.0, 2.0, 3.0]


def test_a_target_that_waits_leaves_with_its_first_request() -> None:
    """A second request for a waiting target joins the first."""
    queue = DelayQueue(5, 1.0)
    assert [queue.wait(target, 0.0) for target in (b"a", b"b", b"b")] == [0.0, 1.0, 1.0]
    assert queue.wait(b"b", 0.5) == 0.5


def test_the_working_set_passes_at_once() -> None:
    """Of five targets that were contacted last none waits; a sixth pushes out the oldest."""
    queue = DelayQueue(5, 1.0)
    for n in range(5):
        queue.wait(b"%d" % n, 100.0 * n)
    assert [queue.wait(b"%d" % n, 1000.0) for n in range(5)] == [0.0] * 5
    queue.wait(b"new", 1001.0)
    queue.wait(b"newer", 1002.5)
    assert queue.wait(b"0", 1002.6) > 0


def test_a_queue_that_grows_too_long_takes_the_machine_off() -> None:
    """At a hundred waiting targets nothing leaves any more."""
    queue = DelayQueue(5, 1.0)
    waits = [queue.wait(b"%d" % n, 0.0) for n in range(LONGEST + 5)]
    assert waits[LONGEST:] == [inf] * 5
    assert queue.wait(b"0", 1e9) == inf


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 5)), max_size=60))
def test_new_targets_never_leave_faster_than_one_a_period(acts: list[tuple[int, float]]) -> None:
    """However requests come, two targets that had to wait leave a period apart."""
    queue, now, left = DelayQueue(5, 1.0), 0.0, set()
    for target, pause in acts:
        now += pause
        wait = queue.wait(b"%d" % target, now)
        assert wait >= 0
        if wait > 0:
            left.add((target, round(now + wait, 6)))
    times = sorted(at for _, at in left)
    assert all(later - earlier > 0.999 for earlier, later in itertools.pairwise(times))
