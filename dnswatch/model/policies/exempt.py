"""Exempt: whom and what no policy may touch, whatever any mark says.

Declared servers, since a delay would starve them and a rewriting would lose their mail; the holding
bay itself, which would else deliver to itself; and the domains that the site names: its own and
those of its partners, with everything below them.
"""

from dnswatch.addresses import packed
from dnswatch.model.role import Role, role_of
from dnswatch.settings import Settings


class Exempt:
    """What is exempt at one site."""

    def __init__(self, settings: Settings) -> None:
        """Exempt what the settings declare."""
        self._roles = settings.roles
        self._bay = frozenset(host.packed for host in settings.quarantine.addresses)
        self._domains = frozenset(domain.wire for domain in settings.policies.exempt)

    def client(self, address: bytes) -> bool:
        """Say whether a client (packed address) is never touched."""
        return packed(address) in self._bay or role_of(address, self._roles) is not Role.CLIENT

    def domain(self, name: bytes) -> bool:
        """Say whether lookups for a mail domain (lower-case wire form) are never touched."""
        if not self._domains:
            return False
        at = 0
        while at < len(name):
            if name[at:] in self._domains:
                return True
            at += name[at] + 1
        return False
