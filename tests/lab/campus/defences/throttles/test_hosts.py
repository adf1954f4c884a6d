"""One new host a second."""

from dnswatch.lab.campus.defences.throttles.hosts import PERIOD, HostThrottle
from tests.lab.campus.defences.acting import OTHER, contact


def test_each_client_has_its_own_queue() -> None:
    """A second new host waits for a second; another client's does not."""
    throttle = HostThrottle()
    assert throttle.leaves(contact(0, 1)) == 0
    assert throttle.leaves(contact(0, 2)) == PERIOD
    assert throttle.leaves(contact(0, 3, client=OTHER)) == 0


def test_many_mails_to_one_exchange_pass() -> None:
    """The paper's point: a worm that sends ten mails to each host is slowed a tenth as much."""
    throttle = HostThrottle()
    assert {throttle.leaves(contact(n, 1)) for n in range(10)} == {0.0}
