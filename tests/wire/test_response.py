"""Responses: what is read in them is what dnspython reads in them."""

import ipaddress
from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import WireError
from dnswatch.wire import build, name, query, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response
from tests.strategies import exchanged, mutated, parsed

MAX_NEGATIVE = 3600


def asked(qname: str = "www.example.", qtype: str = "A", *, do: bool = False) -> Query:
    """Read a query as dnspython writes it."""
    found = query.read(dns.message.make_query(qname, qtype, want_dnssec=do).to_wire())
    assert found is not None
    return found


def responded(
    to: Query,
    answer: tuple[str, ...] = (),
    authority: tuple[str, ...] = (),
    additional: tuple[str, ...] = (),
    *,
    rcode: int = 0,
    flags: int = 0x8180,
) -> Response:
    """Read a response with records like `www.example. 300 IN A 192.0.2.1`."""
    message = dns.message.make_response(dns.message.from_wire(b"\0\0" + to_wire(to)))
    message.flags = dns.flags.Flag(flags)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, texts in (
        (message.answer, answer),
        (message.authority, authority),
        (message.additional, additional),
    ):
        for text in texts:
            owner, ttl, qclass, qtype, data = text.split(" ", 4)
            section.append(dns.rrset.from_text(owner, int(ttl), qclass, qtype, data))
    return response.read(message.to_wire(), to, MAX_NEGATIVE)


def to_wire(to: Query) -> bytes:
    """Write a query as an upstream gets it, all but its ID."""
    return query.for_upstream(to, 1232)


def wire_of(exchange: dns.name.Name) -> bytes:
    """Write a name in lower case."""
    return name.from_text(exchange.to_text())


def sections(message: dns.message.Message) -> list[list[dns.rrset.RRset]]:
    """The three sections of records."""
    return [message.answer, message.authority, message.additional]


@given(exchanged())
def test_a_response_is_read_as_dnspython_reads_it(pair: tuple[Query, bytes]) -> None:
    """Rcode, TTLs, addresses and exchanges are those that dnspython finds."""
    asked, wire = pair
    judge, heard = parsed(wire), response.read(wire, asked, MAX_NEGATIVE)
    assert response.answers(wire, asked.asked)
    assert heard.rcode == judge.rcode()
    assert heard.truncated == bool(judge.flags & 0x0200)
    assert heard.authentic == bool(judge.flags & 0x0020)
    in_all = [rrset for section in sections(judge) for rrset in section]
    for ttl, rrset in zip(heard.ttls, in_all, strict=False):
        is_soa = rrset.rdtype == dns.rdatatype.SOA
        no_longer = min(rrset.ttl, rrset[0].minimum, MAX_NEGATIVE) if is_soa else rrset.ttl
        assert ttl in (rrset.ttl, no_longer)
    assert len(heard.ttls) == sum(heard.counts)
    assert heard.counts[:2] == (len(judge.answer), len(judge.authority))
    assert list(heard.addresses) == [
        (ipaddress.ip_address(rrset[0].address).packed, rrset.ttl)
        for rrset in judge.answer
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
    ]
    wants_mx = asked.qtype == dns.rdatatype.MX
    assert list(heard.exchanges) == [
        wire_of(rrset[0].exchange)
        for rrset in judge.answer
        if wants_mx and rrset.rdtype == dns.rdatatype.MX
    ]


@given(exchanged())
def test_places_of_ttls_are_those_of_ttls(pair: tuple[Query, bytes]) -> None:
    """Each place in `ttl_at` holds the TTL that stands beside it, in the bytes as they came.

    But for a SOA's: it counts down no longer than its minimum.
    """
    asked, wire = pair
    heard = response.read(wire, asked, MAX_NEGATIVE)
    came = bytearray(wire[12 + len(asked.question) :][: len(heard.records)])
    for at, ttl in zip(heard.ttl_at, heard.ttls, strict=True):
        if came[at - 4 : at - 2] == dns.rdatatype.SOA.to_bytes(2, "big"):
            assert int.from_bytes(came[at : at + 4], "big") >= ttl
            came[at : at + 4] = ttl.to_bytes(4, "big")
    assert came == heard.records
    written = [int.from_bytes(heard.records[at : at + 4], "big") for at in heard.ttl_at]
    assert written == list(heard.ttls)


@given(exchanged())
def test_only_end_to_end_options_are_kept(pair: tuple[Query, bytes]) -> None:
    """ECS and extended errors reach the client; cookies, padding and what is unknown do not."""
    asked, wire = pair
    heard = response.read(wire, asked, MAX_NEGATIVE)
    kept = b"".join(
        option.otype.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data
        for option in parsed(wire).options
        if option.otype in query.RETURNED
        for data in [option.to_wire()]
        if data is not None
    )
    assert heard.options == kept


@given(exchanged(), st.integers(1, 2**20))
def test_an_answer_lives_no_longer_than_its_records(pair: tuple[Query, bytes], bound: int) -> None:
    """The life of an answer is never above any of its answer records' TTLs; failures have none."""
    asked, wire = pair
    heard = response.read(wire, asked, bound)
    answer = heard.ttls[: heard.counts[0]]
    assert heard.ttl <= min(answer, default=bound)
    if heard.rcode == 3 or not answer:
        assert heard.ttl <= bound
    if heard.rcode not in (0, 3) or heard.truncated:
        assert heard.ttl == 0


MESSAGES = exchanged().flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.one_of(
            mutated(st.just(pair[1])),
            st.binary(max_size=60).map(lambda tail: pair[1][: 12 + len(pair[0].question)] + tail),
        ),
    )
)


@given(MESSAGES)
def test_any_bytes_are_a_response_or_an_error(pair: tuple[Query, bytes]) -> None:
    """Hostile bytes behind the question give a response or a `WireError`, nothing else."""
    asked, wire = pair
    if not response.answers(wire, asked.asked):
        return
    try:
        heard = response.read(wire, asked, MAX_NEGATIVE)
    except WireError:
        return
    assert len(heard.records) <= len(wire)
    assert sum(heard.counts) == len(heard.ttls) == len(heard.ttl_at)
    assert all(0 <= at <= len(heard.records) - 4 for at in heard.ttl_at)
    assert 0 <= heard.answer_end <= len(wire)
    assert 0 <= heard.ttl < 2**31


@given(st.binary(max_size=100), exchanged())
def test_any_bytes_answer_a_question_or_not(message: bytes, pair: tuple[Query, bytes]) -> None:
    """Whether a message answers a question can be told of any bytes."""
    if response.answers(message, pair[0].asked):
        assert message[12:].lower().startswith(pair[0].asked[:-4])


def test_claims_of_many_records_are_refused_at_once() -> None:
    """Counts that no message can hold are not walked."""
    to = asked()
    head = b"\0\0\x81\x80\0\1\xff\xff\xff\xff\xff\xff"
    with pytest.raises(WireError):
        response.read(head + to.question, to, MAX_NEGATIVE)


@pytest.mark.parametrize(
    "change",
    [
        lambda wire: wire[:2] + b"\x01" + wire[3:],
        lambda wire: wire[:5] + b"\0" + wire[6:],
        lambda wire: wire[:5] + b"\2" + wire[6:],
        lambda wire: wire[:13] + b"x" + wire[14:],
        lambda wire: wire.replace(b"\0\1\0\1", b"\0\x1c\0\1", 1),
        lambda wire: wire.replace(b"\0\1\0\1", b"\0\1\0\3", 1),
        lambda wire: wire[:20],
    ],
    ids=["a query", "no question", "two questions", "a name", "a type", "a class", "cut off"],
)
def test_answers_to_other_questions_are_told_apart(change: Callable[[bytes], bytes]) -> None:
    """A response must repeat name, type and class of the one question (RFC 5452 section 9.1)."""
    to = asked()
    wire = b"\0\0\x81\x80\0\1\0\0\0\0\0\0" + to.question
    assert response.answers(wire, to.asked)
    assert not response.answers(change(wire), to.asked)


def test_an_upstream_may_write_the_name_in_another_case() -> None:
    """Case does not tell names apart (RFC 4343)."""
    to = asked()
    wire = b"\0\0\x81\x80\0\1\0\0\0\0\0\0" + to.question.upper()
    assert response.answers(wire, to.asked)


SOA = "example. 900 IN SOA ns. admin. 1 2 3 4 600"


@pytest.mark.parametrize(
    ("answer", "authority", "rcode", "ttl"),
    [
        (("www.example. 300 IN A 192.0.2.1", "www.example. 60 IN A 192.0.2.2"), (), 0, 60),
        (("www.example. 300 IN A 192.0.2.1",), ("example. 5 IN NS ns.example.",), 0, 300),
        (("www.example. 0 IN A 192.0.2.1",), (), 0, 0),
        ((), (SOA,), 3, 600),
        ((), (SOA,), 0, 600),
        ((), (SOA.replace("900", "100"),), 3, 100),
        ((), (SOA.replace(" 600", " 99999").replace("900", "99999"),), 3, MAX_NEGATIVE),
        ((), (), 3, 0),
        ((), ("example. 5 IN NS ns.example.",), 0, 0),
        (("www.example. 50 IN CNAME x.example.",), (SOA,), 3, 50),
        (("www.example. 5000 IN CNAME x.example.",), (SOA,), 3, 600),
        (("www.example. 5000 IN CNAME x.example.",), (SOA,), 0, 600),
        (("www.example. 5000 IN CNAME x.example.",), (), 0, 0),
        (("www.example. 300 IN A 192.0.2.1",), (), 2, 0),
        (("www.example. 300 IN A 192.0.2.1",), (), 5, 0),
    ],
    ids=[
        "shortest of two",
        "authority does not count",
        "TTL 0",
        "NXDOMAIN by minimum",
        "no data by minimum",
        "NXDOMAIN by the SOA's TTL",
        "bounded",
        "NXDOMAIN without SOA",
        "referral",
        "CNAME to NXDOMAIN, by CNAME",
        "CNAME to NXDOMAIN, by SOA",
        "CNAME to no data",
        "CNAME without SOA",
        "SERVFAIL",
        "REFUSED",
    ],
)
def test_lives_follow_the_rfcs(
    answer: tuple[str, ...], authority: tuple[str, ...], rcode: int, ttl: int
) -> None:
    """An answer lives as its shortest record, a negative one by its SOA (RFC 2308 section 5)."""
    assert responded(asked(), answer, authority, rcode=rcode).ttl == ttl


def test_a_chain_to_nothing_is_a_negative_answer_for_any_type() -> None:
    """A CNAME to a name without MX lives by the SOA, not by the CNAME (RFC 2308 section 2.2)."""
    alias = "www.example. 86400 IN CNAME x.example."
    assert responded(asked(qtype="MX"), (alias,), (SOA,)).ttl == 600
    assert responded(asked(qtype="CNAME"), (alias,)).ttl == 86400
    assert responded(asked(qtype="ANY"), (alias,)).ttl == 86400


def test_proofs_live_as_long_as_the_answer_for_a_validator() -> None:
    """With DO the authority's proofs count too: a validator can do nothing with a part."""
    records = ("www.example. 300 IN A 192.0.2.1",), ("example. 5 IN NS ns.example.",)
    assert responded(asked(do=True), *records).ttl == 5


def test_a_cut_answer_is_not_kept() -> None:
    """A response with TC has no life, whatever is in it."""
    heard = responded(asked(), ("www.example. 300 IN A 192.0.2.1",), flags=0x8380)
    assert heard.truncated
    assert heard.ttl == 0


def test_a_ttl_with_its_top_bit_set_is_zero() -> None:
    """RFC 2181 section 8: such a TTL is taken as 0."""
    to = asked()
    record = b"\xc0\x0c\0\1\0\1\x80\0\0\1\0\4\xc0\0\2\1"
    wire = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + to.question + record
    heard = response.read(wire, to, MAX_NEGATIVE)
    assert heard.ttls == (0,)
    assert heard.ttl == 0


def test_addresses_of_other_classes_are_not_the_internets() -> None:
    """Only class IN has addresses that a mail could go to."""
    to = asked()
    record = b"\xc0\x0c\0\1\0\3\0\0\0\1\0\4\xc0\0\2\1"
    wire = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + to.question + record
    assert response.read(wire, to, MAX_NEGATIVE).addresses == ()


def test_two_opt_records_are_malformed() -> None:
    """A response has at most one OPT record (RFC 6891 section 6.1.1)."""
    to = asked()
    opt = b"\0\0\x29\4\xd0\0\0\0\0\0\0"
    wire = b"\0\0\x81\x80\0\1\0\0\0\0\0\2" + to.question + opt + opt
    with pytest.raises(WireError):
        response.read(wire, to, MAX_NEGATIVE)


def test_a_record_behind_opt_costs_no_other_one() -> None:
    """What stands behind OPT (TSIG above all) goes with it; all in front of it stays."""
    to = asked()
    opt = b"\0\0\x29\4\xd0\0\0\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1"
    wire = b"\0\0\x81\x80\0\1\0\1\0\1\0\3" + to.question + record * 3 + opt + record
    heard = response.read(wire, to, MAX_NEGATIVE)
    assert heard.counts == (1, 1, 1)
    assert heard.records == record * 3


def test_an_exchange_that_loops_makes_the_answer_malformed() -> None:
    """An MX whose exchange is a compression loop is no answer."""
    to = asked(qtype="MX")
    place = (0xC000 | 12 + len(to.question) + 14).to_bytes(2, "big")
    record = b"\xc0\x0c\0\x0f\0\1\0\0\0\1\0\4\0\x0a" + place
    wire = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + to.question + record
    with pytest.raises(WireError):
        response.read(wire, to, MAX_NEGATIVE)


def test_an_owner_that_loops_makes_the_answer_malformed() -> None:
    """A record whose owner is a pointer to itself is never handed to a client."""
    to = asked()
    place = (0xC000 | 12 + len(to.question)).to_bytes(2, "big")
    record = place + b"\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1"
    wire = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + to.question + record
    with pytest.raises(WireError):
        response.read(wire, to, MAX_NEGATIVE)


def test_a_negative_answer_counts_down_for_clients_too() -> None:
    """The SOA of "there is none" comes with the life that is left, not with a longer one of its own
    (RFC 2308 section 5): whoever keeps it by the SOA's minimum keeps it no longer than we do."""
    heard = responded(asked(), (), (SOA,), rcode=3)
    assert (heard.ttl, heard.ttls) == (600, (600,))
    tail = build.body(heard, asked(), 250, limit=1232, max_ttl=86400, size=1232)
    assert parsed(b"id" + tail).authority[0].ttl == 350


MALFORMED = {
    "A of 5 bytes": (1, b"\x7f\0\0\1\0"),
    "A of 3 bytes": (1, b"\x7f\0\0"),
    "AAAA of 4 bytes": (28, b"\x7f\0\0\1"),
    "NS with a tail": (2, b"\2ns\0\0"),
    "CNAME without a name": (5, b""),
    "CNAME that ends early": (5, b"\5www"),
    "PTR into the header": (12, b"\xc0\4"),
    "MX without a name": (15, b"\0\x0a"),
    "MX with a tail": (15, b"\0\x0a\2mx\0more"),
    "SOA without numbers": (6, b"\2ns\0\2me\0"),
    "SOA with one name": (6, b"\2ns\0" + bytes(20)),
    "SRV without a name": (33, bytes(6)),
    "DNAME with a label too long": (39, b"\x40" + bytes(64)),
    "a pointer to itself": (5, b"\xc0\x29"),
}


@pytest.mark.parametrize("section", [0, 1, 2])
@pytest.mark.parametrize("what", MALFORMED)
def test_data_that_is_not_what_its_type_demands_is_refused(what: str, section: int) -> None:
    """Lengths and names in records are checked before anybody else trusts them (RFC 9267)."""
    rtype, data = MALFORMED[what]
    to = asked(qtype="ANY")
    record = b"\xc0\x0c" + rtype.to_bytes(2, "big") + b"\0\1\0\0\0\x3c"
    counts = b"".join(b"\0\1" if place == section else b"\0\0" for place in range(3))
    wire = b"\0\0\x81\x80\0\1" + counts + to.question
    with pytest.raises(WireError):
        response.read(wire + record + len(data).to_bytes(2, "big") + data, to, MAX_NEGATIVE)


def test_cnames_that_go_round_in_circles_are_refused() -> None:
    """A chain of CNAMEs that comes back to itself is handed to nobody."""
    with pytest.raises(WireError):
        responded(
            asked(),
            (
                "www.example. 60 IN CNAME a.example.",
                "a.example. 60 IN CNAME b.example.",
                "b.example. 60 IN CNAME a.example.",
            ),
        )


REAL = "www.example. 300 IN A 192.0.2.1"


@pytest.mark.parametrize(
    "beside",
    [
        "bank.example. 300 IN A 192.0.2.66",
        "www.example. 300 IN AAAA 2001:db8::66",
        "bank.example. 300 IN CNAME x.evil.",
        "example. 300 IN MX 1 mx.evil.",
        "example. 300 IN TXT x",
        "xwww.example. 300 IN DNAME evil.",
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_what_was_not_asked_for_is_not_taken(beside: str, is_first: bool) -> None:
    """Records of other names and types reach nobody, and nothing is learned from them."""
    answer = (beside, REAL) if is_first else (REAL, beside)
    heard = responded(asked(), answer, (), ("bank.example. 300 IN A 192.0.2.66",))
    assert [address[0] for address in heard.addresses] == [bytes((192, 0, 2, 1))]
    told = parsed(b"id" + build.body(heard, asked(), 0, limit=1232, max_ttl=86400, size=1232))
    assert [rrset.to_text() for rrset in told.answer] == [REAL]
    assert told.additional == []


def test_what_cnames_and_dnames_lead_to_was_asked_for() -> None:
    """A chain is taken as a whole, in any order, with the DNAME that it rests on."""
    chain = (
        "alias.evil. 60 IN A 192.0.2.1",
        "www.old.example. 60 IN CNAME www.new.example.",
        "old.example. 60 IN DNAME new.example.",
        "www.new.example. 60 IN CNAME alias.evil.",
    )
    heard = responded(asked("www.old.example."), chain)
    assert (heard.counts[0], len(heard.addresses)) == (4, 1)


def test_a_long_answer_is_scrubbed_whole() -> None:
    """Names in what is left are still those that were meant, compressed as they came."""
    answer = (
        "mail.example. 60 IN TXT x",
        "example. 60 IN MX 10 mx1.mail.example.",
        "example. 60 IN MX 20 mx2.mail.example.",
    )
    heard = responded(asked("example.", "MX"), answer)
    assert heard.exchanges == (b"\3mx1\4mail\7example\0", b"\3mx2\4mail\7example\0")
    tail = build.body(heard, asked("example.", "MX"), 0, limit=1232, max_ttl=86400, size=1232)
    assert [str(rrset[0].exchange) for rrset in parsed(b"id" + tail).answer] == [
        "mx1.mail.example.",
        "mx2.mail.example.",
    ]
