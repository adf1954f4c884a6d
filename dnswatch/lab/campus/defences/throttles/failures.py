"""Failures: who fails to connect too often connects more slowly.

Chen and Tang, "Slowing Down Internet Worms" (ICDCS 2004), temporal rate limit: a machine's
connections go by a bucket of tokens; each failed connection takes one, tokens come at the failure
rate that a machine may have, and a machine without tokens waits for the next.
"""

from typing import Final

from dnswatch.lab.campus.defences.acts import Client, Contact

RATE: Final = 1 / 60
"""Failures a second that a machine may have in the long run."""
BURST: Final = 10.0
"""Failures at once."""


class Failures:
    """A bucket for each client: tokens and when they were counted."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buckets: dict[Client, tuple[float, float]] = {}

    def leaves(self, contact: Contact) -> float:
        """Return how long a connection waits for a token, seconds."""
        tokens = self._filled(contact)
        return 0.0 if tokens >= 1.0 else (1.0 - tokens) / RATE

    def ended(self, contact: Contact, succeeded: bool) -> None:
        """Take a token for a failure; the next connections wait where none is left."""
        if not succeeded:
            self._buckets[contact.client] = self._filled(contact) - 1.0, contact.at

    def _filled(self, contact: Contact) -> float:
        tokens, counted_at = self._buckets.get(contact.client, (BURST, contact.at))
        return min(BURST, tokens + RATE * max(0.0, contact.at - counted_at))
