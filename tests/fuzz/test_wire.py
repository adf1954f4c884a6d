"""Whatever bytes arrive, the wire code reads them or says `WireError`."""

import re
from contextlib import suppress
from random import Random
from typing import Final

import dns.exception
import dns.flags
import dns.message
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dnswatch.codes import Rcode
from dnswatch.errors import WireError
from dnswatch.seams import ingest
from dnswatch.seams.merge import Merge
from dnswatch.wire import build, name, overheard, proxied, query, response
from tests.fuzz.frame import fuzz
from tests.fuzz.messages import CAPTURES, captured, queries, responses, spoilt

LIMIT, SIZE, MAX_TTL = 1232, 1232, 3600

broken_queries = st.builds(spoilt, st.sampled_from(queries()), st.randoms(use_true_random=False))
broken_responses = st.builds(
    spoilt, st.sampled_from(responses()), st.randoms(use_true_random=False)
)
anything = st.binary(max_size=600)


def read_query(wire: bytes) -> query.Query | None:
    """Read a query as a worker does."""
    with suppress(WireError):
        return query.read(wire)
    return None


def answer(wire: bytes) -> bytes | None:
    """Read a response as a worker does and write what a client would get of it."""
    asked = query.Query(0x0100, _question(wire), 0, LIMIT, b"", True)
    if not response.answers(wire, asked.key[: len(asked.question)]):
        return None
    with suppress(WireError):
        heard = response.read(wire, asked, 3600)
        return b"\0\0" + build.body(heard, asked, 0, limit=LIMIT, max_ttl=MAX_TTL, size=SIZE)
    return None


def _question(wire: bytes) -> bytes:
    with suppress(WireError):
        end = name.skip(wire, 12)
        return wire[12 : end + 4] if len(wire) >= end + 4 else b"\0\0\1\0\1"
    return b"\0\0\1\0\1"


INTO_HEADER: Final = re.compile(rb"\xc0[\x00-\x0b]")
"""What may be a pointer into the header, in data of which we read no names: no name is there."""


@given(anything | broken_queries)
@example(b"")
def test_any_bytes_are_a_query_or_an_error(wire: bytes) -> None:
    """A worker reads any datagram as a query, ignores it, or refuses it with an rcode."""
    try:
        query.read(wire)
    except WireError as error:
        refusal = build.refusal(wire, error.rcode, SIZE)
        assert len(refusal) <= 512


@given(broken_queries | st.sampled_from(queries()))
def test_a_query_goes_on_as_it_was_understood(wire: bytes) -> None:
    """What goes upstream asks the very question that the client asked, and dnspython agrees."""
    if (asked := read_query(wire)) is None:
        return
    onward = b"\0\0" + query.for_upstream(asked, SIZE)
    again = query.read(onward)
    assert again is not None
    assert again.key == asked.key
    with suppress(dns.exception.DNSException, ValueError):
        theirs = dns.message.from_wire(wire).question[0]
        ours = dns.message.from_wire(onward).question[0]
        assert (ours.name, ours.rdtype, ours.rdclass) == (
            theirs.name,
            theirs.rdtype,
            theirs.rdclass,
        )


@given(anything | broken_responses | st.sampled_from(responses()))
def test_any_bytes_are_a_response_or_an_error(wire: bytes) -> None:
    """Whatever an upstream sends, what a client gets of it is no longer than it may be."""
    written = answer(wire)
    assert written is None or 12 <= len(written) <= LIMIT


@given(broken_responses | st.sampled_from(responses()))
def test_a_sound_response_stays_sound(wire: bytes) -> None:
    """A response that dnspython can read is one that it can read after us, too, with the same
    answers to the question and no longer lives."""
    try:
        theirs = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return
    if (written := answer(wire)) is None or INTO_HEADER.search(wire):
        return
    ours = dns.message.from_wire(written)
    if ours.flags & dns.flags.TC:
        return
    (asked,) = theirs.question
    for mine in ours.answer:
        (other,) = [rrset for rrset in theirs.answer if rrset == mine]
        assert mine.ttl <= min(other.ttl, MAX_TTL)
    for other in theirs.answer:
        if (other.name, other.rdtype, other.rdclass) == (asked.name, asked.rdtype, asked.rdclass):
            assert other in ours.answer


@given(anything, st.integers(0, 600))
def test_names_end(wire: bytes, at: int) -> None:
    """A name is read or refused, wherever one begins to read and wherever its pointers lead."""
    for read in (name.read, name.skip):
        with suppress(WireError):
            read(wire, at)


@given(st.binary(max_size=300))
def test_a_name_is_text_and_back(wire: bytes) -> None:
    """A name that was read is written as text and read again without loss."""
    with suppress(WireError):
        whole = name.read(wire, 0)
        assert name.from_text(name.to_text(whole)) == whole


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="needs the shared captures")
def test_captured_messages_and_their_like() -> None:
    """Messages out of real captures, malformed ones among them, and 200 spoilt copies of each."""
    chance, seen = Random(2004), 0
    for wire in captured():
        for version in (wire, *(spoilt(wire, chance) for _ in range(200))):
            seen += (read_query(version) is not None) + (answer(version) is not None)
    assert seen > 1000


def test_deep_pointers_cost_little() -> None:
    """A message of 64 KiB whose every name is a chain of pointers is refused or read at once."""
    hops = b"".join((0xC000 | max(12, 12 + 2 * n - 2)).to_bytes(2, "big") for n in range(8000))
    head = b"\0\0\x81\x80\0\1\xff\xff\0\0\0\0"
    answer((head + b"\0\0\1\0\1" + hops)[:65535])
    with suppress(WireError):
        name.read(head + hops, 12 + 2 * 7999)


def test_every_refusal_can_be_read() -> None:
    """A refusal of any query is a response that dnspython can read, under the query's ID."""
    for wire in queries():
        for rcode in (Rcode.FORMERR, Rcode.NOTIMP, Rcode.REFUSED, Rcode.BADVERS):
            refusal = dns.message.from_wire(wire[:2] + build.refusal(wire, rcode, SIZE))
            assert int(refusal.rcode()) == rcode
            assert refusal.id == int.from_bytes(wire[:2], "big")


def test_any_query_is_read_or_refused() -> None:
    """What a client sends is a question, nothing, or a refusal that fits into any datagram."""

    def read(wire: bytes) -> None:
        assert len(build.refusal(wire.ljust(query.HEADER, b"\0"), Rcode.FORMERR, SIZE)) <= 512
        asked = query.read(wire)
        if asked is not None:
            assert len(query.for_upstream(asked, SIZE, block=128)) % 128 == 126

    fuzz("query", read, WireError)


def test_any_response_is_read_or_an_error() -> None:
    """What an upstream sends is read, aged and handed on whole, or is a `WireError`."""

    def read(wire: bytes) -> None:
        written = answer(wire)
        assert written is None or len(written) <= LIMIT
        response.older(wire, 60)

    fuzz("response", read, WireError)


@pytest.mark.parametrize("kind", ["query", "response"])
def test_any_message_is_overheard_or_an_error(kind: str) -> None:
    """A bystander reads what he can of any message."""

    def read(wire: bytes) -> None:
        question = overheard.question(wire)
        if question is not None:
            overheard.answer(wire, question[2])

    fuzz(kind, read, WireError)


def test_any_header_of_a_front_is_read_or_an_error() -> None:
    """Of what a front sends some is the header, or more must come, or it is a `WireError`."""

    def read(wire: bytes) -> None:
        said = proxied.read(wire)
        assert said is None or 16 <= said.end <= min(len(wire), proxied.LONGEST)
        assert said is None or said.client is None or len(said.client) in (4, 16)

    fuzz("proxied", read, WireError)


def test_what_vantage_points_say_is_read_or_refused() -> None:
    """Batches and hellos of other programs, spoilt in any way, raise `ValueError` and nothing else;
    what is read, the merge can take."""
    now = 1764349703.0

    def take(message: bytes) -> None:
        with suppress(ValueError):
            ingest.read_hello(message)
        merge = Merge()
        merge.join("noise", now, lag=1.0, behind=1.0)
        merge.add("noise", ingest.read(message, now), now)
        merge.flush()

    fuzz("ingest", take, ValueError)
