"""Tunnels: who carries something else than mail in questions for MX and other records.

A tunnel (dnscat2, iodine) puts its bytes into names and takes the answers out of records that hold
much: MX, TXT, CNAME, NULL.  It is no mailer: it asks for ever new long names below one domain of
its own, or below none that anybody registered, in several types, and goes to no exchange that an
answer names.  That is a finding of its own, which is told; nothing is held back for it.

A question costs O(1); what is kept is bounded by `TABLES`, the one used longest ago goes first.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec

from dnswatch.codes import Type

CARRIERS: Final = frozenset(
    (Type.CNAME.value, Type.NULL.value, Type.MX.value, Type.TXT.value, Type.PRIVATE.value)
)
"""Types whose records hold what a tunnel brings back; MX among them."""

NAMES: Final = 30
"""Different names within `WINDOW` that make a tunnel: nobody asks so many of one domain."""
LENGTH: Final = 8.0
"""Mean length of what stands in front of the domain, at least: host names are short."""
WINDOW: Final = 3600.0
"""Seconds in which they are asked."""
AGAIN: Final = 86400.0
"""Seconds after which the same tunnel is told again."""
TABLES: Final = 5000
"""Clients and domains that are looked at at a time."""
NOWHERE: Final = b"\0"
"""The domain of names that nobody registered."""


class Tunnel(msgspec.Struct, frozen=True):
    """A finding: a client that seems to run a tunnel."""

    at: float
    "Unix seconds."
    domain: bytes
    "Registrable domain below which it asks, wire form; the root for none."
    names: int
    "Different names that it asked for since `since`."
    since: float
    "Unix seconds."
    types: tuple[int, ...]

    def __str__(self) -> str:
        """Say it in a sentence, but for the domain."""
        types = ", ".join(Type(qtype).name for qtype in self.types)
        return (
            f"seems to run a tunnel: {self.names} ever new long names within"
            f" {max(1, round((self.at - self.since) / 60))} min, questions for {types}, and no way"
            " to any exchange"
        )


@dataclass(slots=True)
class _Table:
    """What one client asks below one domain."""

    since: float
    names: tuple[bytes, ...] = ()
    "Of thirty at most, most often of one: a set of one takes four times as much."
    length: int = 0
    "Of all that stood in front of the domain, bytes."
    types: tuple[int, ...] = ()
    told_at: float | None = None

    @property
    def ends(self) -> float:
        """When it is forgotten, Unix seconds."""
        return self.since + WINDOW if self.told_at is None else self.told_at + AGAIN


class Tunnels:
    """What clients ask below each domain, as far as it may be a tunnel."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._tables: OrderedDict[tuple[bytes, bytes], _Table] = OrderedDict()

    def see(
        self, client: bytes, qname: bytes, qtype: int, domain: bytes | None, now: float
    ) -> Tunnel | None:
        """Take in a question of one of the types; return what came to light.

        `domain` is the registrable one.
        """
        zone = domain or NOWHERE
        if qtype not in CARRIERS or qname == zone:
            return None
        table = self._table((client, zone), now)
        if qtype not in table.types:
            table.types += (qtype,)
        if len(table.names) < NAMES and qname not in table.names:
            table.names += (qname,)
            table.length += len(qname) - len(zone)
        if not self._is_tunnel(table, zone) or table.told_at is not None:
            return None
        table.told_at = now
        return Tunnel(now, zone, len(table.names), table.since, tuple(sorted(table.types)))

    def followed(self, client: bytes, domain: bytes | None, now: float) -> None:
        """Note that a client went on to an exchange of a domain: that is mail."""
        table = self._table((client, domain or NOWHERE), now)
        table.names = ()
        table.length = 0

    def _is_tunnel(self, table: _Table, zone: bytes) -> bool:
        is_mixed = len(table.types) > 1 or zone == NOWHERE
        return is_mixed and len(table.names) >= NAMES and table.length >= LENGTH * len(table.names)

    def _table(self, key: tuple[bytes, bytes], now: float) -> _Table:
        table = self._tables.get(key)
        if table is None or now > table.ends:
            table = self._tables[key] = _Table(now)
            if len(self._tables) > TABLES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(key)
        return table
