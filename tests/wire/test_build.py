"""Messages that dnswatch writes: dnspython reads in them what was meant."""

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Ede, Rcode
from dnswatch.wire import build, query, response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response
from tests.strategies import exchanged, parsed, queries

ID = b"id"
MAX_TTL = 86400
WHOLE = build.MAX_TCP


@st.composite
def answers(draw: st.DrawFn) -> tuple[Query, bytes, Response, Query]:
    """A question, what came from upstream, how it was read, and a client that shares the answer."""
    asked, wire = draw(exchanged())
    question = parsed(wire).question[0]
    judge = dns.message.make_query(
        question.name.to_text().swapcase(), question.rdtype, question.rdclass
    )
    judge.flags = dns.flags.Flag(asked.flags)
    if asked.edns_flags or asked.options or draw(st.booleans()):
        options: list[dns.edns.Option] = [
            dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"another!")
        ]
        judge.use_edns(0, asked.edns_flags, 4096, options=options)
    client = query.read(judge.to_wire())
    assert client is not None
    return asked, wire, response.read(wire, asked, 3600), client


def written(
    heard: Response,
    client: Query,
    age: float = 0,
    *,
    limit: int = WHOLE,
    max_ttl: int = MAX_TTL,
    stale: bool = False,
    extended: bytes = b"",
) -> dns.message.Message:
    """What a client reads in our answer."""
    tail = build.body(
        heard, client, age, limit=limit, max_ttl=max_ttl, size=1232, stale=stale, extended=extended
    )
    assert len(ID + tail) <= limit
    return parsed(ID + tail)


def flat(message: dns.message.Message) -> list[list[tuple[object, ...]]]:
    """Sections as lists of what stands in their records, but for the TTLs."""
    return [
        [(r.name, r.rdclass, r.rdtype, r[0]) for r in section]
        for section in (message.answer, message.authority, message.additional)
    ]


def ttls(message: dns.message.Message) -> list[int]:
    """The TTLs of all records, in order."""
    records = [*message.answer, *message.authority, *message.additional]
    return [int(record.ttl) for record in records]


@given(answers(), st.floats(0, 10**6), st.integers(1, 2**31 - 1))
def test_an_answer_is_what_upstream_said_with_the_ttls_of_now(
    exchange: tuple[Query, bytes, Response, Query], age: float, max_ttl: int
) -> None:
    """Records stay as they came; a TTL is what is left of it, never above the bound, never < 0.

    Authority and additional records that have ended are left out while the answer lives on.
    """
    _, wire, heard, client = exchange
    judge, got = parsed(wire), written(heard, client, age, max_ttl=max_ttl)
    came, gone = flat(judge), flat(got)
    assert gone[0] == came[0]
    assert gone[1] in (came[1], [])
    assert gone[2] == came[2][: len(gone[2])]
    kept = heard.ttls[: sum(map(len, gone))]
    assert ttls(got) == [max(0, min(ttl, max_ttl) - int(age)) for ttl in kept]
    if not age:
        assert gone[1] == came[1]


@given(answers())
def test_the_header_is_ours_and_the_question_the_clients(
    exchange: tuple[Query, bytes, Response, Query],
) -> None:
    """QR and RA are set, AA never; RD and CD are the client's; rcode is the upstream's, and AD, for
    a client that sent AD or DO (RFC 6840 section 5.8)."""
    _, wire, heard, client = exchange
    judge, got = parsed(wire), written(heard, client)
    assert got.flags & (dns.flags.QR | dns.flags.RA | dns.flags.AA) == 0x8080
    assert got.flags & (dns.flags.RD | dns.flags.CD) == client.flags & 0x0110
    understands = client.do or client.flags & dns.flags.AD
    assert got.flags & dns.flags.AD == (judge.flags & dns.flags.AD if understands else 0)
    assert got.flags & dns.flags.TC == judge.flags & dns.flags.TC
    if client.edns:
        assert got.rcode() == judge.rcode()


@given(answers())
def test_the_question_comes_back_in_the_clients_case(
    exchange: tuple[Query, bytes, Response, Query],
) -> None:
    """The question section is the client's to the bit, whoever asked first (0x20)."""
    _, _, heard, client = exchange
    tail = build.body(heard, client, 3, limit=WHOLE, max_ttl=MAX_TTL, size=1232)
    assert tail[10 : 10 + len(client.question)] == client.question


@given(answers())
def test_opt_is_for_clients_that_sent_one(
    exchange: tuple[Query, bytes, Response, Query],
) -> None:
    """A client with EDNS gets our size, its own flags and the far end's options; others no OPT."""
    _, _, heard, client = exchange
    got = written(heard, client)
    assert (got.edns >= 0) == client.edns
    if client.edns:
        assert got.payload == 1232
        assert got.ednsflags & 0xFFFF == client.edns_flags
        kept = [option for option in got.options if option.otype in query.RETURNED]
        assert kept == list(got.options)


@pytest.mark.parametrize("rcode", [16, 23, 3841])
def test_an_extended_rcode_never_looks_like_success(rcode: int) -> None:
    """An rcode above 15 needs OPT; a client without EDNS is told SERVFAIL in its place."""
    client = query.read(dns.message.make_query("www.example.", "A").to_wire())
    assert client is not None
    assert written(Response(0, rcode), client).rcode() == dns.rcode.SERVFAIL


@given(answers(), st.integers(512, 1400), st.floats(0, 1000))
def test_what_does_not_fit_is_cut(
    exchange: tuple[Query, bytes, Response, Query], limit: int, age: float
) -> None:
    """A message is never longer than its limit; what does not fit leaves only TC (RFC 2181, 9)."""
    _, _, heard, client = exchange
    whole, got = written(heard, client, age), written(heard, client, age, limit=limit)
    if flat(got) != flat(whole):
        assert got.flags & dns.flags.TC
        assert flat(got) == [[], [], []]
        assert (
            len(build.body(heard, client, age, limit=WHOLE, max_ttl=MAX_TTL, size=1232)) > limit - 2
        )


@given(answers(), st.floats(0, 10**6))
def test_stale_answers_say_so(exchange: tuple[Query, bytes, Response, Query], age: float) -> None:
    """A stale answer may be used for 30 s (RFC 8767 section 4), carries no AD and its reason."""
    _, _, heard, client = exchange
    got = written(heard, client, age, stale=True, extended=build.ede(Ede.STALE_ANSWER))
    assert set(ttls(got)) <= {build.STALE_TTL}
    assert not got.flags & dns.flags.AD
    if client.edns:
        assert dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER) in got.options


@pytest.mark.parametrize("age", [0, 1])
def test_a_ttl_with_its_top_bit_set_reaches_clients_as_zero(age: int) -> None:
    """RFC 2181 section 8: such a TTL is 0, also for the client that is answered at once."""
    asked = query.read(dns.message.make_query("www.example.", "A").to_wire())
    assert asked is not None
    record = b"\xc0\x0c\0\1\0\1\x80\0\0\1\0\4\xc0\0\2\1"
    wire = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + asked.question + record
    heard = response.read(wire, asked, 3600)
    tail = build.body(heard, asked, age, limit=WHOLE, max_ttl=MAX_TTL, size=1232)
    assert b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1" in tail


@given(queries(), st.sampled_from([Rcode.SERVFAIL, Rcode.REFUSED]), st.text(max_size=30))
def test_failures_are_said_with_their_reason(exact: bytes, rcode: Rcode, text: str) -> None:
    """An error repeats the question; with EDNS it says why (RFC 8914)."""
    asked = query.read(ID + exact)
    assert asked is not None
    got = parsed(ID + build.error_body(asked, rcode, 1232, build.ede(Ede.NETWORK_ERROR, text)))
    assert got.rcode() == int(rcode)
    assert got.question == parsed(ID + exact).question
    assert flat(got) == [[], [], []]
    assert (got.edns >= 0) == asked.edns
    if asked.edns:
        (option,) = got.options
        assert isinstance(option, dns.edns.EDEOption)
        assert (int(option.code), option.text or "") == (
            int(Ede.NETWORK_ERROR),
            text.removesuffix("\0"),
        )


@given(st.binary(min_size=10, max_size=40), st.sampled_from([1, 4, 16]))
def test_refusals_keep_the_opcode(exact: bytes, rcode: int) -> None:
    """What could not be read is answered under its opcode and RD, with BADVERS in an OPT record.

    A question that can be read all the same is given back.
    """
    got = dns.message.from_wire(ID + build.refusal(ID + exact, rcode, 1232))
    assert got.rcode() == rcode
    assert got.flags & dns.flags.QR
    assert got.opcode() == dns.opcode.from_flags(exact[0] << 8)
    assert got.flags & dns.flags.RD == exact[0] << 8 & 0x0100
    assert bool(got.question) == bool(query.readable_question(ID + exact))
    assert got.edns == (0 if rcode == Rcode.BADVERS else -1)


@pytest.mark.parametrize(("opcode", "says_ra"), [(0, True), (2, False), (4, False), (5, False)])
def test_recursion_is_offered_for_queries_only(opcode: int, says_ra: bool) -> None:
    """RA stands in refusals of queries; of other operations it says nothing."""
    asked = dns.message.make_query("www.example.", "A")
    asked.set_opcode(dns.opcode.Opcode(opcode))
    wire = asked.to_wire()
    refused = wire[:2] + build.refusal(wire, Rcode.NOTIMP, 1232)
    assert (refused[3] & 0x80 != 0) == says_ra
    assert refused[2] >> 3 & 15 == opcode
