"""Who fails too often waits."""

import pytest

from dnswatch.lab.campus.defences.throttles.failures import BURST, RATE, Failures
from tests.lab.campus.defences.acting import OTHER, contact


def test_connections_wait_once_failures_have_used_up_the_bucket() -> None:
    """After a burst of failures the next connection waits for a token, another client's not."""
    throttle = Failures()
    for n in range(int(BURST)):
        assert throttle.leaves(contact(0, n)) == 0
        throttle.ended(contact(0, n), succeeded=False)
    assert throttle.leaves(contact(0, 99)) == pytest.approx(1 / RATE)
    assert throttle.leaves(contact(0, 99, client=OTHER)) == 0
    assert throttle.leaves(contact(1 / RATE, 99)) == 0


def test_success_costs_nothing() -> None:
    """Connections that are accepted take no token."""
    throttle = Failures()
    for n in range(500):
        throttle.ended(contact(0, n), succeeded=True)
    assert throttle.leaves(contact(0, 1)) == 0
