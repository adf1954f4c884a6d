"""Rewrite: the answer that leads to the holding bay in place of the exchange.

The answer is made anew, so that nothing of the real one is left in any section: no address in the
additional section, no signature, no claim of authenticity (AD).  Its life is short (`TTL`), so that
a client which is released finds the real exchange within that time.
"""

from collections.abc import Iterable
from typing import Final

import dnslib

from dnswatch.codes import Type
from dnswatch.model.exchanges import SERVICES
from dnswatch.settings import Quarantine
from dnswatch.wire import response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

TTL: Final = 30
"""Seconds: a client that is released reaches the real exchange within this time."""


class BayAnswers:
    """Where the mail of quarantined clients is led."""

    def __init__(self, quarantine: Quarantine) -> None:
        """Lead it to what the settings name."""
        self._host = quarantine.host
        packed = [host.packed for host in quarantine.addresses]
        self._addresses = {
            Type.A.value: [dnslib.A(tuple(address)) for address in packed if len(address) == 4],
            Type.AAAA.value: [dnslib.AAAA(tuple(a)) for a in packed if len(a) == 16],
        }

    def answer(self, query: Query) -> Response:
        """Answer a question for MX records, for all records, or for an exchange's address.

        A family of addresses that the bay does not have is answered with no record, and so is a
        service (SVCB, HTTPS), whose hints would lead past it.
        """
        owner = _label(query.qname)
        if query.qtype in SERVICES:
            return _read(query, [])
        if query.qtype in self._addresses:
            return _read(query, _records(owner, query.qtype, self._addresses[query.qtype]))
        host = dnslib.DNSLabel(str(self._host))
        additional = [
            record
            for qtype, addresses in self._addresses.items()
            for record in _records(host, qtype, addresses)
        ]
        return _read(query, _records(owner, Type.MX, [dnslib.MX(host, 0)]), additional)


def _records(owner: dnslib.DNSLabel, qtype: int, data: Iterable[dnslib.RD]) -> list[dnslib.RR]:
    return [dnslib.RR(owner, qtype, rdata=each, ttl=TTL) for each in data]


def _read(query: Query, answer: list[dnslib.RR], additional: Iterable[dnslib.RR] = ()) -> Response:
    message = dnslib.DNSRecord(
        dnslib.DNSHeader(qr=1, ra=1),
        q=dnslib.DNSQuestion(_label(query.qname), query.qtype),
        rr=answer,
        ar=list(additional),
    )
    return response.read(bytes(message.pack()), query, 0)


def _label(name: bytes) -> dnslib.DNSLabel:
    return dnslib.DNSLabel(dnslib.DNSBuffer(name).decode_name().label)
