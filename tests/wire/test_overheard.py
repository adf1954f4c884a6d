"""Messages overheard: all that can be had of a message, and nothing but `WireError` of noise."""

import pytest
from dnslib import AAAA, CNAME, MX, QTYPE, RR, A, DNSHeader, DNSQuestion, DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import WireError
from dnswatch.wire.name import from_text
from dnswatch.wire.overheard import Answer, answer, question

WWW, ORG = from_text("www.example.org"), from_text("example.org")


def message(qname: str, qtype: int, *answers: RR, **head: int) -> bytes:
    """Write a response."""
    record = DNSRecord(DNSHeader(id=1, qr=1, rd=1, **head), q=DNSQuestion(qname, qtype))
    for one in answers:
        record.add_answer(one)
    return bytes(record.pack())


def answered(data: bytes) -> Answer:
    """Read a response that has a question."""
    found = question(data)
    assert found is not None
    return answer(data, found[2])


def test_a_question_is_read() -> None:
    """Name in lower case, type, and where it ends."""
    query = bytes(DNSRecord(DNSHeader(id=1, rd=1), q=DNSQuestion("WWW.Example.org", 28)).pack())
    assert question(query) == (WWW, 28, len(query))


def test_addresses_are_taken_from_the_answer() -> None:
    """Also behind an alias, each with its TTL."""
    data = message(
        "www.example.org",
        QTYPE.A,
        RR("www.example.org", QTYPE.CNAME, rdata=CNAME("cdn.net")),
        RR("cdn.net", QTYPE.A, rdata=A("192.0.2.1"), ttl=60),
        RR("cdn.net", QTYPE.AAAA, rdata=AAAA("2001:db8::1"), ttl=30),
    )
    _, addresses, _, _, is_cut = answered(data)
    assert addresses == (
        (b"\xc0\0\2\1", 60),
        (b"\x20\1\x0d\xb8" + bytes(11) + b"\1", 30),
    )
    assert not is_cut


def test_exchanges_are_taken_with_their_smallest_ttl() -> None:
    """In lower case, uncompressed; the root is a null MX."""
    data = message(
        "example.org",
        QTYPE.MX,
        RR("example.org", QTYPE.MX, rdata=MX("MX1.example.org"), ttl=300),
        RR("example.org", QTYPE.MX, rdata=MX("."), ttl=200),
    )
    _, _, exchanges, ttl, _ = answered(data)
    assert (exchanges, ttl) == ((from_text("mx1.example.org"), b"\0"), 200)


@pytest.mark.parametrize("behind", [b"", b"\0\0\x10\0\1\0\0\0\1\0\1x"])
def test_the_extended_rcode_is_found(behind: bytes) -> None:
    """OPT stands last as a rule, but it need not, and may have options."""
    data = bytearray(message("example.org", QTYPE.A, rcode=0))
    opt = b"\0\0\x29\x04\xd0\1\0\0\0" + (b"\0\6\0\x0a\0\2ab" if behind else b"\0\0")
    data[11] = 2 if behind else 1
    assert answered(bytes(data) + opt + behind)[0] == 16


def test_a_message_without_a_question_is_none() -> None:
    """A refusal may be a header alone."""
    assert question(b"\0\1\x80\5" + bytes(8)) is None


def test_what_is_cut_within_the_answer_still_counts() -> None:
    """Question and rcode are there, and what could be read of the answer."""
    record = RR("www.example.org", QTYPE.A, rdata=A("192.0.2.1"), ttl=60)
    data = message("www.example.org", QTYPE.A, record, record)
    assert question(data[:-3]) == question(data)
    assert answered(data[:-3]) == (0, ((b"\xc0\0\2\1", 60),), (), 0, True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        b"\0\1\0\0\0\2" + bytes(30),
        b"\0\1\0\0\0\1" + bytes(6) + b"\xc0\x0c\0\1\0\1",
        b"\0\1\0\0\0\1" + bytes(6) + b"\3ww",
        b"\0\1\0\0\0\1" + bytes(6) + b"\1w\0\0\1",
        b"\0\1\0\0\0\1"
        + bytes(6)
        + b"\x3f"
        + b"a" * 63
        + (b"\x3f" + b"a" * 63) * 3
        + b"\0\0\1\0\1",
    ],
)
def test_a_question_that_cannot_be_read_is_an_error(data: bytes) -> None:
    """Too short, too long, compressed, or several questions."""
    with pytest.raises(WireError):
        question(data)


@given(st.binary(max_size=200), st.booleans())
def test_noise_raises_nothing_else(noise: bytes, is_response: bool) -> None:
    """Whatever a packet holds, it is read, or it is a `WireError`."""
    head = b"\0\1" + (b"\x80\0" if is_response else b"\0\0") + b"\0\1\0\2\0\1\0\1"
    for data in (noise, head + b"\1a\0\0\1\0\1" + noise):
        try:
            found = question(data)
            if found is not None:
                answer(data, found[2])
        except WireError:
            continue
