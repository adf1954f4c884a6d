"""Answers in bytes: each form is what it says to a client, read by another's library."""

import dns.flags
import dns.message
import pytest

from dnswatch.codes import Ede, Rcode
from dnswatch.resolver.events import Answer, Form
from dnswatch.resolver.writer import Writer, failure
from dnswatch.wire import response
from dnswatch.wire.build import ede
from tests import check
from tests.resolver.scripted import Client, configured, message

SITE = 'quarantine = {i_have_authority = true, addresses = ["10.0.0.99"]}'


def written(form: Form, *, rcode: int = 0, stored_at: float = 90.0) -> dns.message.Message:
    """Write an answer at the moment 100."""
    pending = Client().asks("www.example.", use_edns=0)
    heard = response.read(message(pending.query, rcode), pending.query, 900)
    heard.stored_at = stored_at
    body = Writer(configured(SITE)).body(Answer(pending, heard, form), 100.0)
    return dns.message.from_wire(b"id" + body)


def test_a_true_answer_has_the_ttls_of_the_moment() -> None:
    """Ten seconds after it came there are ten less; one that is not kept has all."""
    assert check.ttl(written(Form.TRUE)) == 290
    assert check.ttl(written(Form.TRUE, stored_at=0.0)) == 300


@pytest.mark.parametrize(
    ("rcode", "code"), [(0, Ede.STALE_ANSWER), (Rcode.NXDOMAIN, Ede.STALE_NXDOMAIN)]
)
def test_a_stale_answer_is_marked_as_one(rcode: int, code: int) -> None:
    """By an extended error of its own, with a short life (RFC 8767, 8914)."""
    got = written(Form.STALE, rcode=rcode)
    assert check.errors(got) == [code]
    assert rcode or check.ttl(got) == 30


def test_a_forged_answer_leads_to_the_bay_and_says_so() -> None:
    """Nothing of the true one is left in it."""
    got = written(Form.FORGED)
    assert check.data(got) == ["10.0.0.99"]
    assert check.errors(got) == [Ede.FORGED_ANSWER]


def test_a_cut_answer_and_a_minimal_one_have_no_address() -> None:
    """TC sends the client to TCP; in place of all records stands one (RFC 8482)."""
    assert check.is_truncated(written(Form.TRUNCATED))
    assert not written(Form.TRUNCATED).answer
    assert "RFC8482" in str(written(Form.MINIMAL_ANY).answer[0])


def test_a_failure_says_why_to_who_speaks_edns() -> None:
    """Its words are an extended error; who speaks no EDNS gets the rcode alone."""
    writer = Writer(configured())
    said = failure(Rcode.SERVFAIL, ede(Ede.NETWORK_ERROR, "nobody there"))
    for edns, errors in ((0, [Ede.NETWORK_ERROR]), (-1, [])):
        pending = Client().asks("www.example.", use_edns=edns)
        got = dns.message.from_wire(b"id" + writer.body(Answer(pending, said), 100.0))
        check.servfail(got)
        assert check.errors(got) == errors
        assert got.flags & dns.flags.RA
