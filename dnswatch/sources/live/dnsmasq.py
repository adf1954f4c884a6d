"""dnsmasq's query log (`log-queries`), as Pi-hole FTL writes it too.

It tells who asked for what, and of answers neither TTLs nor the exchanges of MX records.  So a line
is a lookup of which nobody saw the response: enough for the mail lookups of a client, nothing for
the site cache.  It says no year and no time zone: a line is of the moment at which it was read.

Rules of this file: no file and no clock.
"""

import re
from functools import lru_cache
from typing import Final

import dns.rdatatype

from dnswatch import addresses
from dnswatch.codes import UNANSWERED
from dnswatch.errors import WireError
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire import name

_QUERY: Final = re.compile(
    rb"(?: |^)dnsmasq(?:\[\d+\])?: (?:\d+ \S+/\d+ )?"  # with log-queries=extra: serial, client/port
    rb"query\[([A-Za-z0-9=-]{1,20})\] (\S{1,1100}) from ([0-9A-Fa-f:.%\w]{2,64})\s*$"
)


def read(line: bytes, now: float) -> Observation | None:
    """Read a line; None where it is no question.  Raises `WireError` where it makes no sense."""
    found = _QUERY.search(line)
    if found is None:
        return None
    kind, asked, client = (part.decode("ascii", "replace") for part in found.groups())
    try:
        packed, qtype, qname = _packed(client), _type(kind), name.from_text(asked)
    except ValueError:
        raise WireError("a line of dnsmasq's log makes no sense") from None
    return Observation(now, packed, qname, qtype, UNANSWERED, Origin.FAILED)


@lru_cache(10_000)
def _packed(text: str) -> bytes:
    return addresses.read(text).packed


def _type(text: str) -> int:
    """Read a type as dnsmasq writes it: `MX`, or `type=65` where it has no name for it."""
    try:
        return dns.rdatatype.from_text(text.replace("type=", "TYPE"))
    except dns.rdatatype.UnknownRdatatype:
        return 0
