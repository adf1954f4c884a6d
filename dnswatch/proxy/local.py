"""Local names: answers from the site's hosts files, for addresses and for the names of addresses.

A name that stands there is answered for both address families, so that no upstream hears of it; its
other types are asked upstream like any name's.
"""

from ipaddress import ip_address
from typing import Final

import dnslib

from dnswatch.codes import Type
from dnswatch.errors import WireError
from dnswatch.names.hosts import Hosts
from dnswatch.wire import name, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

TTL: Final = 30
"""Seconds: a hosts file may change at any time."""

_CLASS_IN: Final = b"\0\1"


class LocalNames:
    """What the hosts files say, ready to be answered."""

    def __init__(self, hosts: Hosts) -> None:
        """Take what the files say now."""
        self._addresses = {_wire(host): known for host, known in hosts.names.items()}
        self._names = {
            _wire(ip_address(address).reverse_pointer): host
            for address, host in hosts.addresses.items()
        }
        self._made: dict[bytes, Response] = {}

    def __contains__(self, qname: bytes) -> bool:
        """Tell whether a name (lower-case wire form) may be local."""
        return qname in self._addresses or qname in self._names

    def find(self, query: Query) -> Response | None:
        """Return the answer to a question about a local name, or None."""
        question = query.asked
        made = self._made.get(question)
        if made is not None:
            return made
        if question[-2:] != _CLASS_IN:
            return None
        records = self._records(query)
        if records is None:
            return None
        message = dnslib.DNSRecord(
            dnslib.DNSHeader(qr=1, ra=1),
            q=dnslib.DNSQuestion(_label(query.qname), query.qtype),
            rr=[
                dnslib.RR(_label(query.qname), query.qtype, rdata=data, ttl=TTL) for data in records
            ],
        ).pack()
        made = self._made[question] = response.read(bytes(message), query, 0)
        return made

    def _records(self, query: Query) -> list[dnslib.RD] | None:
        """Return the data of a local name's records; none at all for a name that is not local."""
        if query.qtype in (Type.A, Type.AAAA):
            known = self._addresses.get(query.qname)
            if known is None:
                return None
            length, make = (4, dnslib.A) if query.qtype == Type.A else (16, dnslib.AAAA)
            return [make(tuple(address)) for address in known if len(address) == length]
        if query.qtype == Type.PTR and query.qname in self._names:
            return [dnslib.PTR(self._names[query.qname])]
        return None


def _wire(host: str) -> bytes:
    try:
        return name.from_text(host)
    except WireError:
        return b""  # no name that can be asked for


def _label(qname: bytes) -> dnslib.DNSLabel:
    return dnslib.DNSLabel(dnslib.DNSBuffer(qname).decode_name().label)
