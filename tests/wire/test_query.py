"""Queries: what a client asks, what may share an answer, and what an upstream is asked."""

import dns.edns
import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Rcode
from dnswatch.errors import WireError
from dnswatch.wire import name, query
from dnswatch.wire.query import Query
from tests.strategies import mutated, queries

ECS = dns.edns.ECSOption("192.0.2.0", 24)
OTHER_ECS = dns.edns.ECSOption("198.51.100.0", 24)
COOKIE = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
KEEPALIVE = dns.edns.GenericOption(dns.edns.OptionType.make(11), b"")
PADDING = dns.edns.GenericOption(dns.edns.OptionType.PADDING, bytes(31))
DAU = dns.edns.GenericOption(dns.edns.OptionType.make(5), b"\x08\x0d")
NSID = dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")


def asked(
    qname: str = "www.example.",
    qtype: str = "A",
    qclass: str = "IN",
    *,
    flags: int = dns.flags.RD,
    edns: bool = False,
    do: bool = False,
    size: int = 1232,
    edns_flags: int = 0,
    options: tuple[dns.edns.Option, ...] = (),
) -> Query:
    """Read a query as dnspython writes it."""
    message = dns.message.make_query(qname, qtype, qclass, flags=flags)
    if edns or do or options or edns_flags:
        message.use_edns(0, edns_flags | (dns.flags.DO if do else 0), size, options=list(options))
    found = query.read(message.to_wire())
    assert found is not None
    return found


@given(st.one_of(st.binary(max_size=100), mutated(queries().map(lambda exact: b"id" + exact))))
def test_any_bytes_are_a_query_an_error_or_nothing(message: bytes) -> None:
    """Hostile bytes give a query, a `WireError` or None; a query's parts are those of the bytes."""
    try:
        found = query.read(message)
    except WireError as error:
        rcode = error.rcode
    else:
        rcode = Rcode.NOERROR
    assert rcode in (Rcode.NOERROR, Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS)
    if rcode:
        return
    if found is None:
        assert len(message) < query.HEADER or message[2] & 0x80
        return
    assert message[12:].startswith(found.question)
    assert found.size >= query.MIN_UDP


@given(queries())
def test_good_queries_are_read(exact: bytes) -> None:
    """What dnspython writes as a query is read as one, with its flags, size and question."""
    judge = dns.message.from_wire(b"id" + exact)
    found = query.read(b"id" + exact)
    assert found is not None
    assert found.qname == name.from_text(judge.question[0].name.to_text())
    assert found.qtype == judge.question[0].rdtype
    assert found.edns == (judge.edns >= 0)
    assert found.do == bool(judge.ednsflags & dns.flags.DO)
    assert found.size == (max(512, judge.payload) if judge.edns >= 0 else 512)


@pytest.mark.parametrize(
    "other",
    [
        asked("WWW.Example."),
        asked(edns=True),
        asked(edns=True, size=4096),
        asked(options=(COOKIE,)),
        asked(options=(PADDING,)),
        asked(options=(KEEPALIVE, COOKIE, PADDING)),
        asked(options=(NSID,)),
        asked(options=(dns.edns.GenericOption(dns.edns.OptionType.make(65073), bytes(6)),)),
        asked(edns_flags=0x4001),
    ],
)
def test_what_changes_no_answer_splits_no_cache(other: Query) -> None:
    """Case, EDNS size, undefined flags and options that end here leave the key as it is."""
    assert other.key == asked().key
    again = dns.message.from_wire(b"\0\0" + query.for_upstream(other, 1232))
    assert (again.ednsflags, again.options) == (0, ())


DIFFERENT = [
    asked(),
    asked("ww.example."),
    asked(qtype="AAAA"),
    asked(qclass="CH"),
    asked(flags=0),
    asked(flags=dns.flags.RD | dns.flags.CD),
    asked(flags=dns.flags.RD | dns.flags.AD),
    asked(do=True),
    asked(options=(ECS,)),
    asked(options=(OTHER_ECS,)),
    asked(options=(DAU,)),
    asked(do=True, options=(ECS,)),
]


def test_what_may_change_the_answer_splits_the_cache() -> None:
    """Name, type, class, RD, AD, CD, DO and each end-to-end option lead to keys of their own."""
    assert len({one.key for one in DIFFERENT}) == len(DIFFERENT)


@given(queries(), queries())
def test_equal_keys_ask_upstreams_the_same(one: bytes, other: bytes) -> None:
    """Two queries that share an answer are one and the same question to an upstream."""
    first, second = query.read(b"id" + one), query.read(b"id" + other)
    assert first is not None
    assert second is not None
    are_the_same = query.for_upstream(first, 1232) == query.for_upstream(second, 1232)
    assert (first.key == second.key) == are_the_same


@given(queries())
def test_an_upstream_is_asked_the_same_question(exact: bytes) -> None:
    """Name, type, class, RD, AD, CD and DO pass; the EDNS size is ours (RFC 5625 section 4.4)."""
    judge = dns.message.from_wire(b"id" + exact)
    found = query.read(b"id" + exact)
    assert found is not None
    sent = dns.message.from_wire(b"\0\0" + query.for_upstream(found, 1400))
    assert sent.question == judge.question
    assert sent.question[0].name.to_wire() == found.qname
    passed = dns.flags.RD | dns.flags.AD | dns.flags.CD
    assert sent.flags == judge.flags & passed
    assert sent.ednsflags & dns.flags.DO == judge.ednsflags & dns.flags.DO
    assert sent.payload == 1400
    assert list(sent.options) == [o for o in judge.options if o.otype in query.FORWARDED]


@given(queries())
def test_an_upstream_without_edns_is_asked_without(exact: bytes) -> None:
    """The question without OPT is the same question (RFC 6891 section 7)."""
    found = query.read(b"id" + exact)
    assert found is not None
    sent = dns.message.from_wire(b"\0\0" + query.for_upstream(found, 1232, edns=False))
    assert sent.question == dns.message.from_wire(b"id" + exact).question
    assert sent.edns == -1


GOOD = dns.message.make_query("a.example.", "A", use_edns=0, id=7).to_wire()
PLAIN = dns.message.make_query("a.example.", "A", id=7).to_wire()


@pytest.mark.parametrize(
    ("message", "rcode"),
    [
        (PLAIN + b"\0", Rcode.FORMERR),
        (GOOD + b"\0", Rcode.FORMERR),
        (PLAIN[:-1], Rcode.FORMERR),
        (GOOD[:-1], Rcode.FORMERR),
        (PLAIN[:5] + b"\0" + PLAIN[6:], Rcode.FORMERR),
        (PLAIN[:5] + b"\2" + PLAIN[6:] + PLAIN[12:], Rcode.FORMERR),
        (PLAIN[:12] + b"\xc0\x0c" + PLAIN[-4:], Rcode.FORMERR),
        (PLAIN[:12] + (b"\x3f" + b"a" * 63) * 4 + b"\0" + PLAIN[-4:], Rcode.FORMERR),
        (PLAIN[:2] + b"\x09" + PLAIN[3:], Rcode.NOTIMP),
        (PLAIN[:2] + b"\x29" + PLAIN[3:], Rcode.NOTIMP),
        (GOOD[:-5] + b"\1" + GOOD[-4:], Rcode.BADVERS),
        (GOOD[:11] + b"\2" + GOOD[12:] + GOOD[-11:], Rcode.FORMERR),
        (GOOD[:-11] + PLAIN[12:-4] + GOOD[-10:], Rcode.FORMERR),
        (GOOD[:-2] + b"\0\3\0\x0a\0", Rcode.FORMERR),
        (GOOD[:-2] + b"\0\4\0\x0a\0\1", Rcode.FORMERR),
    ],
    ids=[
        "trailing byte",
        "trailing byte behind OPT",
        "cut question",
        "cut OPT",
        "no question",
        "two questions",
        "compressed name",
        "long name",
        "IQUERY",
        "UPDATE",
        "EDNS version 1",
        "two OPT records",
        "OPT with a name",
        "cut option head",
        "cut option",
    ],
)
def test_malformed_queries_are_told_what_is_wrong(message: bytes, rcode: Rcode) -> None:
    """What is no single question with at most one good OPT record is refused with its rcode."""
    with pytest.raises(WireError) as caught:
        query.read(message)
    assert caught.value.rcode == rcode


@pytest.mark.parametrize(
    "message",
    [b"", PLAIN[:11], PLAIN[:2] + b"\x81" + PLAIN[3:]],
    ids=["nothing", "no whole header", "a response"],
)
def test_responses_and_fragments_deserve_no_answer(message: bytes) -> None:
    """Nothing is ever said to a response, or to less than a header."""
    assert query.read(message) is None
