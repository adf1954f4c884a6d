"""Special names: what is answered here, since it means nothing outside of the site or tells of it.

One table, each row with its source.  A `[[forward]]` of the same domain, or of a longer one that
fits, goes before: a site may serve such names itself.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from dnswatch.codes import Class, Rcode, Type
from dnswatch.wire import name, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

TTL: Final = 300
"""Seconds: these answers change only with the configuration."""

MAX_ASKERS: Final = 10_000
"""Clients remembered to have asked for names of `KEPT_HERE`; then all are counted anew."""

_DAY: Final = 86_400


class Rule(Enum):
    """How the names of a domain are answered."""

    NO_NAME = "there is no such name"
    NO_DATA = "there is nothing of any type"
    EMPTY_ZONE = "a zone with nothing in it (RFC 6303 section 3)"
    LOOPBACK = "the asking machine itself"


class Special(NamedTuple):
    """A domain, its names below included."""

    domain: str
    rule: Rule
    source: str


_PRIVATE_V4: Final = (
    "10",
    *(f"{second}.172" for second in range(16, 32)),
    "168.192",
    "254.169",
    "0",
    "127",
    "2.0.192",
    "100.51.198",
    "113.0.203",
    "255.255.255.255",
)
_PRIVATE_V6: Final = (
    "0." * 31 + "0",
    "1." + "0." * 30 + "0",
    "d.f",
    "8.e.f",
    "9.e.f",
    "a.e.f",
    "b.e.f",
    "8.b.d.0.1.0.0.2",
)

SPECIAL: Final = (
    Special("onion", Rule.NO_NAME, "RFC 7686 section 2"),
    Special("invalid", Rule.NO_NAME, "RFC 6761 section 6.4"),
    Special("test", Rule.NO_NAME, "RFC 6761 section 6.2"),
    Special("alt", Rule.NO_NAME, "RFC 9476 section 2"),
    Special("local", Rule.NO_NAME, "RFC 6762 section 22.1"),
    Special("localhost", Rule.LOOPBACK, "RFC 6761 section 6.3"),
    Special("resolver.arpa", Rule.NO_DATA, "RFC 9462 section 6.1"),
    Special("home.arpa", Rule.EMPTY_ZONE, "RFC 8375 section 4"),
    *(
        Special(f"{zone}.in-addr.arpa", Rule.EMPTY_ZONE, "RFC 6303 section 4")
        for zone in _PRIVATE_V4
    ),
    *(Special(f"{zone}.ip6.arpa", Rule.EMPTY_ZONE, "RFC 6303 section 4") for zone in _PRIVATE_V6),
    *(
        Special(f"{second}.100.in-addr.arpa", Rule.EMPTY_ZONE, "RFC 7793 section 2")
        for second in range(64, 128)
    ),
)
"""Names that must not leave the site."""

KEPT_HERE: Final = (
    Special("use-application-dns.net", Rule.NO_NAME, "Firefox: canary domain"),
    Special("mask.icloud.com", Rule.NO_DATA, "Apple: prepare for iCloud Private Relay"),
    Special("mask-h2.icloud.com", Rule.NO_DATA, "Apple, the same"),
)
"""Names by which browsers and relays ask whether they may go round the site's resolver."""


class SpecialAnswer(NamedTuple):
    """An answer that is given here."""

    response: Response
    would_go_round: bool
    "It was asked whether this resolver may be gone round."


class SpecialNames:
    """The table as a site has it."""

    def __init__(self, forwarded: Iterable[str], *, keep_here: bool) -> None:
        """Answer here what is not `forwarded`; with `keep_here` also the names of `KEPT_HERE`."""
        rows = (*SPECIAL, *KEPT_HERE) if keep_here else SPECIAL
        self._rows: dict[bytes, Special | None] = {name.from_text(row.domain): row for row in rows}
        self._rows.update((name.from_text(domain), None) for domain in forwarded)
        self._has_length = [
            length in set(map(len, self._rows)) for length in range(name.MAX_NAME + 1)
        ]
        "Whether a domain of so many bytes stands here: most of a name's need no look-up."
        self._asked: dict[bytes, int] = {}

    def find(self, query: Query, *, is_local: bool) -> SpecialAnswer | None:
        """Return the answer to a question about a special name, or None.

        `is_local` says that the site has the name all the same: it is only of the type asked for
        that it has nothing.
        """
        found = self._row(query.qname)
        if found is None or query.qclass != Class.IN:
            return None
        zone, row = found
        if query.qtype == Type.DS and query.qname == zone and b"\4arpa\0" in zone:
            return None  # its parent says that the zone is unsigned (RFC 8375 section 4)
        made = _answer(query, zone, Rule.NO_DATA if is_local else row.rule)
        return SpecialAnswer(made, row in KEPT_HERE)

    def is_new_asker(self, client: bytes, now: float) -> bool:
        """Note that a client asked to go round; tell whether it is the first time today."""
        today = int(now // _DAY)
        if self._asked.get(client) == today:
            return False
        if len(self._asked) >= MAX_ASKERS:
            self._asked.clear()
        self._asked[client] = today
        return True

    def _row(self, qname: bytes) -> tuple[bytes, Special] | None:
        """Find the longest domain that a name lies in; one dict probe a label."""
        at, left = 0, len(qname)
        while left > 1:
            if self._has_length[left] and qname[at:] in self._rows:
                row = self._rows[qname[at:]]
                return None if row is None else (qname[at:], row)
            label = qname[at] + 1
            at, left = at + label, left - label
        return None


def _answer(query: Query, zone: bytes, rule: Rule) -> Response:
    """Write an answer by a rule, with the SOA of a zone that exists only here."""
    is_apex = query.qname == zone
    soa = _record(zone, Type.SOA, zone + _NOBODY + _NUMBERS)
    answer, authority, rcode = b"", soa, Rcode.NOERROR
    if rule is Rule.LOOPBACK and query.qtype in _LOOPBACK:
        answer, authority = _record(query.qname, query.qtype, _LOOPBACK[query.qtype]), b""
    elif rule is Rule.EMPTY_ZONE and is_apex and query.qtype in (Type.SOA, Type.NS):
        is_soa = query.qtype == Type.SOA
        answer, authority = soa if is_soa else _record(zone, Type.NS, zone), b""
    elif rule is Rule.NO_NAME or (rule is Rule.EMPTY_ZONE and not is_apex):
        rcode = Rcode.NXDOMAIN
    counts = bytes((0, 1, 0, 1 if answer else 0, 0, 1 if authority else 0, 0, 0))
    head = b"\0\0\x81" + bytes((0x80 | rcode,)) + counts
    return response.read(head + query.question + answer + authority, query, TTL)


def _record(owner: bytes, rtype: int, data: bytes) -> bytes:
    head = rtype.to_bytes(2, "big") + b"\0\1" + TTL.to_bytes(4, "big")
    return owner + head + len(data).to_bytes(2, "big") + data


_NOBODY: Final = name.from_text("nobody.invalid")
_NUMBERS: Final = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 1200, 604800, TTL))
"""Of the SOA: serial, refresh, retry, expire, minimum (RFC 6303 section 3)."""
_LOOPBACK: Final = {Type.A.value: bytes((127, 0, 0, 1)), Type.AAAA.value: bytes(15) + b"\1"}
