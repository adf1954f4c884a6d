"""The router's filter: nobody but mail servers connects to port 25.

WORM'04, section 6: possible and quite effective where one organisation runs all machines, too
restrictive where people run mail servers of their own.
"""

from collections.abc import Collection

from dnswatch.lab.campus.defences.acts import Client, Contact

SMTP = 25


class PortFilter:
    """Stateless."""

    def __init__(self, mail_servers: Collection[Client]) -> None:
        """Let only `mail_servers` through."""
        self._mail_servers = frozenset(mail_servers)

    def leaves(self, contact: Contact) -> float:
        """Return 0 for what may pass, else infinity."""
        is_refused = contact.port == SMTP and contact.client not in self._mail_servers
        return float("inf") if is_refused else 0.0

    def ended(self, contact: Contact, succeeded: bool) -> None:
        """Learn nothing: the filter is fixed."""
