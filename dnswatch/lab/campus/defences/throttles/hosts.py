"""The host throttle: one new host a second.

Williamson, "Throttling Viruses: Restricting Propagation to Defeat Malicious Mobile Code" (ACSAC
2002): a connection to a host outside the working set of 5 waits in a queue that lets one leave each
second.
"""

from typing import Final

from dnswatch.lab.campus.defences.acts import Contact
from dnswatch.lab.campus.defences.throttles.queue import DelayQueues

WORKING_SET: Final = 5
PERIOD: Final = 1.0
"""Seconds."""


class HostThrottle:
    """A queue for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._queues = DelayQueues(WORKING_SET, PERIOD)

    def leaves(self, contact: Contact) -> float:
        """Return how long a connection waits, seconds."""
        return self._queues.wait(contact.client, contact.address, contact.at)

    def ended(self, contact: Contact, succeeded: bool) -> None:
        """Learn nothing: this throttle does not ask whether connections succeed."""
