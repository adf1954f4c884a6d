"""Few new recipients a time."""

from dnswatch.lab.campus.defences.throttles.mails import PERIOD, MailThrottle
from tests.lab.campus.defences.acting import contact


def test_new_recipients_wait_and_browsing_does_not() -> None:
    """A second new recipient waits for a period; what carries no mail never waits."""
    throttle = MailThrottle()
    assert throttle.leaves(contact(0, 1, recipient=b"a")) == 0
    assert throttle.leaves(contact(0, 1, recipient=b"b")) == PERIOD
    assert throttle.leaves(contact(0, 2, port=443)) == 0
