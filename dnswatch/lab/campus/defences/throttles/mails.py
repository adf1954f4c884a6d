"""The mail throttle: few new recipients a time.

Williamson, "Design, Implementation and Test of an Email Virus Throttle" (ACSAC 2003): a mail to a
recipient outside the working set waits in a queue.  The publication's slack is that of the host
throttle's working set; its period is chosen by the site, here one new recipient a minute.  A
recipient is known here by its mail domain, which is what both DNS and connections show.
"""

from typing import Final

from dnswatch.lab.campus.defences.acts import Contact
from dnswatch.lab.campus.defences.throttles.queue import DelayQueues

WORKING_SET: Final = 5
PERIOD: Final = 60.0
"""Seconds."""


class MailThrottle:
    """A queue for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._queues = DelayQueues(WORKING_SET, PERIOD)

    def leaves(self, contact: Contact) -> float:
        """Return how long a mail waits, seconds; other connections never do."""
        if not contact.recipient:
            return 0.0
        return self._queues.wait(contact.client, contact.recipient, contact.at)

    def ended(self, contact: Contact, succeeded: bool) -> None:
        """Learn nothing: this throttle does not ask whether mails are accepted."""
