"""Introduced: a machine may contact only what a DNS answer introduced.

Ganger, Economou, Bielski, "Self-Securing Network Interfaces: What, Why and How" (CMU-CS-02-144,
2002): a contact to an address that no DNS answer brought is refused.  The paper's point (WORM'04,
section 6): mass-mailing worms do ask DNS.
"""

from dnswatch.lab.campus.defences.acts import Contact


class Introduced:
    """Stateless: who introduced what is known from the lookups."""

    def leaves(self, contact: Contact) -> float:
        """Return 0 for an address that was introduced, else infinity."""
        return 0.0 if contact.introduced else float("inf")

    def ended(self, contact: Contact, succeeded: bool) -> None:
        """Learn nothing: this rule does not ask whether connections succeed."""
