"""The host throttle: one new host a second.

Williamson, "Throttling Viruses: Restricting Propagation to Defeat Malicious Mobile Code" (ACSAC
2002): a connection to a host outside the working set of 5 waits in a queue that lets one leave each
second.
"""

from typing import Final

from dnswatch.campus.defences.acts import Client, Contact
from dnswatch.campus.defences.throttles.queue import DelayQueue

WORKING_SET: Final = 5
PERIOD: Final = 1.0
"""Seconds."""


class HostThrottle:
    """A queue for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._queues: dict[Client, DelayQueue] = {}

    def leaves(self, contact: Contact) -> float:
        """Return how long a connection waits, seconds."""
        queue = self._queues.get(contact.client)
        if queue is None:
            queue = self._queues[contact.client] = DelayQueue(WORKING_SET, PERIOD)
        return queue.wait(contact.address, contact.at)

    def ended(self, contact: Contact, succeeded: bool) -> None:
        """Learn nothing: this throttle does not ask whether connections succeed."""
