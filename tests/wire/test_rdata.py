"""Rdata: judged by dnspython on every type that is looked into."""

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import WireError
from dnswatch.wire import rdata

HEAD = bytes(12) + b"\7example\0"
"""A message with a name to point to."""

PIECES = st.lists(
    st.sampled_from([b"\0", b"\1", b"\2ns", b"\4mail", b"\xc0\x0c", bytes(4), bytes(16)]),
    max_size=9,
).map(b"".join)


UNKNOWN_TO_DNSPYTHON = 14  # MINFO


@given(st.sampled_from(sorted(set(rdata.LAYOUTS) - {UNKNOWN_TO_DNSPYTHON})), PIECES)
def test_what_passes_is_what_dnspython_reads(rtype: int, data: bytes) -> None:
    """Data passes where dnspython reads it, and means the same once its names are written out."""
    message, at, end = HEAD + data, len(HEAD), len(HEAD) + len(data)
    try:
        judge = dns.rdata.from_wire(dns.rdataclass.IN, RdataType(rtype), message, at, len(data))
    except dns.name.DecompressionForbidden:
        return  # it is stricter: old software does compress there
    except (dns.exception.DNSException, ValueError):
        with pytest.raises(WireError):
            rdata.check(message, rtype, at, end)
        return
    rdata.check(message, rtype, at, end)
    whole = rdata.expanded(message, rtype, at, end)
    assert dns.rdata.from_wire(dns.rdataclass.IN, RdataType(rtype), whole, 0, len(whole)) == judge


def test_other_types_are_opaque() -> None:
    """Data of a type that nobody here reads passes whatever it is (RFC 3597 section 3)."""
    rdata.check(b"anything", dns.rdatatype.TXT, 0, 8)
