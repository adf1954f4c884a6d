"""The delay queue of both throttles."""

import itertools
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.lab.campus.defences.throttles import (
    BURST,
    HOST_PERIOD,
    LONGEST,
    MAIL_PERIOD,
    RATE,
    DelayQueue,
    FailureThrottle,
    HostThrottle,
    Introduced,
    MailThrottle,
    PortFilter,
)
from tests.lab.campus.defences.acting import ONE, OTHER, contact


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


def test_each_client_has_its_own_queue() -> None:
    """A second new host waits for a second; another client's does not."""
    throttle = HostThrottle()
    assert throttle.leaves(contact(0, 1)) == 0
    assert throttle.leaves(contact(0, 2)) == HOST_PERIOD
    assert throttle.leaves(contact(0, 3, client=OTHER)) == 0


def test_many_mails_to_one_exchange_pass() -> None:
    """The paper's point: a worm that sends ten mails to each host is slowed a tenth as much."""
    throttle = HostThrottle()
    assert {throttle.leaves(contact(n, 1)) for n in range(10)} == {0.0}


def test_only_mail_servers_reach_port_25() -> None:
    """A client's SMTP never leaves, its browsing and a mail server's SMTP do."""
    router = PortFilter([OTHER])
    assert router.leaves(contact(0, 1, client=ONE)) == inf
    assert router.leaves(contact(0, 1, client=ONE, port=443)) == 0
    assert router.leaves(contact(0, 1, client=OTHER)) == 0


def test_connections_wait_once_failures_have_used_up_the_bucket() -> None:
    """After a burst of failures the next connection waits for a token, another client's not."""
    throttle = FailureThrottle()
    for n in range(int(BURST)):
        assert throttle.leaves(contact(0, n)) == 0
        throttle.ended(contact(0, n), succeeded=False)
    assert throttle.leaves(contact(0, 99)) == pytest.approx(1 / RATE)
    assert throttle.leaves(contact(0, 99, client=OTHER)) == 0
    assert throttle.leaves(contact(1 / RATE, 99)) == 0


def test_success_costs_nothing() -> None:
    """Connections that are accepted take no token."""
    throttle = FailureThrottle()
    for n in range(500):
        throttle.ended(contact(0, n), succeeded=True)
    assert throttle.leaves(contact(0, 1)) == 0


def test_only_introduced_addresses_are_contacted() -> None:
    """A scanning worm is stopped; one that asks DNS is not."""
    assert Introduced().leaves(contact(0, 1, introduced=False)) == inf
    assert Introduced().leaves(contact(0, 1)) == 0


def test_new_recipients_wait_and_browsing_does_not() -> None:
    """A second new recipient waits for a period; what carries no mail never waits."""
    throttle = MailThrottle()
    assert throttle.leaves(contact(0, 1, recipient=b"a")) == 0
    assert throttle.leaves(contact(0, 1, recipient=b"b")) == MAIL_PERIOD
    assert throttle.leaves(contact(0, 2, port=443)) == 0
