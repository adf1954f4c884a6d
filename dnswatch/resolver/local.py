"""Local names: answers from the site's hosts files, for addresses and for the names of addresses.

A name that stands there is answered for both address families, so that no upstream hears of it; its
other types are asked upstream like any name's.

A loopback address is told to no other machine, where it would mean that machine: Debian's hosts
file has `127.0.1.1 thishost`.  What stands at 127.0.0.1 or ::1 alone has no address for others, as
blocklists mean it; for what stands at another loopback address upstreams are asked.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

import dnslib

from dnswatch.codes import Type
from dnswatch.errors import WireError
from dnswatch.settings import Quarantine
from dnswatch.wire import name, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

TTL: Final = 30
"""Seconds: a hosts file may change at any time."""

_CLASS_IN: Final = b"\0\1"
_LOOPBACK_V6: Final = bytes(15) + b"\1"
_MAPPED: Final = bytes(10) + b"\xff\xff"
_BLOCKED: Final = frozenset((bytes((127, 0, 0, 1)), _LOOPBACK_V6))
"""Where blocklists put what is to have no address."""


class LocalNames:
    """What the hosts files say, ready to be answered."""

    def __init__(
        self, names: Mapping[str, tuple[bytes, ...]], addresses: Mapping[bytes, str]
    ) -> None:
        """Take names with their packed addresses, and packed addresses with their names."""
        self._addresses = {_wire(host): known for host, known in names.items()}
        self._names = {
            _wire(ip_address(address).reverse_pointer): host for address, host in addresses.items()
        }
        self._loopback = {
            host for host, known in self._addresses.items() if any(map(_is_loopback, known))
        }
        "Names with a loopback address."
        self._made: dict[tuple[bytes, bool], Response] = {}

    def __contains__(self, qname: bytes) -> bool:
        """Tell whether a name (lower-case wire form) may be local."""
        return qname in self._addresses or qname in self._names

    def find(self, query: Query, client: bytes) -> Response | None:
        """Return the answer to a question about a local name, or None; `client` is packed."""
        question = query.asked
        hides = query.qname in self._loopback and not _is_loopback(client)
        made = self._made.get((question, hides))
        if made is not None:
            return made
        if question[-2:] != _CLASS_IN:
            return None
        records = self._records(query, hides)
        if records is None:
            return None
        message = dnslib.DNSRecord(
            dnslib.DNSHeader(qr=1, ra=1),
            q=dnslib.DNSQuestion(_label(query.qname), query.qtype),
            rr=[
                dnslib.RR(_label(query.qname), query.qtype, rdata=data, ttl=TTL) for data in records
            ],
        ).pack()
        made = self._made[question, hides] = response.read(bytes(message), query, 0)
        return made

    def _records(self, query: Query, hides: bool) -> list[dnslib.RD] | None:
        """Return the data of a local name's records; None where it is not local.

        With `hides` its loopback addresses are left out.
        """
        if query.qtype in (Type.A, Type.AAAA):
            known = self._addresses.get(query.qname)
            if known is None:
                return None
            if hides:
                is_own = all(_is_loopback(one) and one not in _BLOCKED for one in known)
                known = tuple(one for one in known if not _is_loopback(one))
                if is_own:
                    return None
            length, make = (4, dnslib.A) if query.qtype == Type.A else (16, dnslib.AAAA)
            return [make(tuple(address)) for address in known if len(address) == length]
        if query.qtype == Type.PTR and query.qname in self._names:
            return [dnslib.PTR(self._names[query.qname])]
        return None


def _is_loopback(packed: bytes) -> bool:
    """Tell whether a packed address is the machine's own, IPv4 in IPv6 included."""
    if len(packed) == 16:
        return packed == _LOOPBACK_V6 or (packed.startswith(_MAPPED) and packed[12] == 127)
    return packed[0] == 127


def site_names(
    names: Mapping[str, tuple[bytes, ...]],
    addresses: Mapping[bytes, str],
    quarantine: Quarantine,
) -> LocalNames:
    """Return what the hosts files say, and the name of the holding bay."""
    bay = tuple(host.packed for host in quarantine.addresses)
    return LocalNames({**names, str(quarantine.host): bay} if bay else names, addresses)


def _wire(host: str) -> bytes:
    try:
        return name.from_text(host)
    except WireError:
        return b""  # no name that can be asked for


def _label(qname: bytes) -> dnslib.DNSLabel:
    return dnslib.DNSLabel(dnslib.DNSBuffer(qname).decode_name().label)
