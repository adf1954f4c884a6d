"""Plainer forms: without options, then without EDNS, and never one that may not help."""

from typing import Any

import dns.edns
import pytest

from dnswatch.codes import Rcode
from dnswatch.proxy.upstream.edns import MISUNDERSTOOD, Plainer, fitting, plainer
from dnswatch.wire import query
from tests.proxy.scripted import Scripted, exact, message
from tests.proxy.upstream.questions import Question

SUBNET = dns.edns.ECSOption("192.0.2.0", 24)


def asking(**options: Any) -> Question:
    """Make a question as a client wrote it."""
    made = Question()
    asked = query.read(b"id" + exact("www.example.", **options))
    assert asked is not None
    made.query = asked
    return made


@pytest.mark.parametrize("rcode", sorted(MISUNDERSTOOD))
def test_options_go_first_and_edns_next(rcode: int) -> None:
    """DO is kept as long as there is EDNS, and the third error is the upstream's last word."""
    first = asking(use_edns=0, want_dnssec=True, options=[SUBNET])
    bare = plainer(first, first, rcode, message(first.query, rcode))
    assert bare is not None
    assert (bare.edns, bare.query.options, bare.query.do) == (True, b"", True)
    none = plainer(first, bare, rcode, message(first.query, rcode))
    assert none is not None
    assert not none.edns
    assert plainer(first, none, rcode, message(first.query, rcode)) is None


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NXDOMAIN, Rcode.NOERROR])
def test_other_errors_are_not_about_the_form(rcode: int) -> None:
    """What a server understood is not asked anew."""
    first = asking(use_edns=0, options=[SUBNET])
    assert plainer(first, first, rcode, message(first.query, rcode)) is None


def test_who_answers_with_opt_knows_edns() -> None:
    """FORMERR with an OPT record means the question."""
    first = asking(use_edns=0)
    said = bytearray(message(first.query, Rcode.FORMERR)) + b"\0\0\x29\4\xd0" + bytes(6)
    said[11] = 1
    assert plainer(first, first, Rcode.FORMERR, bytes(said)) is None


@pytest.mark.parametrize("do", [False, True])
def test_only_questions_without_do_leave_edns(do: bool) -> None:
    """An upstream that knows no EDNS is asked without it, but where DNSSEC is wanted."""
    upstream, first = Scripted(), asking(use_edns=0, want_dnssec=do)
    assert fitting(first, upstream) is first
    upstream.health.learn_edns(0.0, knows=False)
    form = fitting(first, upstream)
    assert form.edns is do
    assert isinstance(form, Plainer) is not do
