"""Plainer forms: without options, then without EDNS, and never one that may not help."""

from collections import deque
from typing import Any

import dns.edns
import pytest

from dnswatch.codes import Rcode
from dnswatch.resolver.ask import MISUNDERSTOOD, Ask, first_form, has_opt, plainer
from dnswatch.resolver.upstreams import Probe
from dnswatch.wire import query
from tests.resolver.scripted import Scripted, message, query_body

SUBNET = dns.edns.ECSOption("192.0.2.0", 24)


def asking(**options: Any) -> Ask:
    """Make a question as a client wrote it."""
    asked = query.read(b"id" + query_body("www.example.", **options))
    assert asked is not None
    upstream = Scripted().state
    return Ask(Probe(upstream, 0.0, deque()), upstream, asked)


def then(ask: Ask, rcode: int) -> Ask | None:
    """Have an upstream answer it with nothing but an rcode."""
    return plainer(ask, rcode, has_opt=has_opt(message(ask.query, rcode)))


@pytest.mark.parametrize("rcode", sorted(MISUNDERSTOOD))
def test_options_go_first_and_edns_next(rcode: int) -> None:
    """DO is kept as long as there is EDNS, and the third error is the upstream's last word."""
    first = asking(use_edns=0, want_dnssec=True, options=[SUBNET])
    bare = then(first, rcode)
    assert bare is not None
    assert (bare.edns, bare.query.options, bare.query.do) == (True, b"", True)
    none = then(bare, rcode)
    assert none is not None
    assert not none.edns
    assert then(none, rcode) is None


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NXDOMAIN, Rcode.NOERROR])
def test_other_errors_are_not_about_the_form(rcode: int) -> None:
    """What a server understood is not asked anew."""
    first = asking(use_edns=0, options=[SUBNET])
    assert then(first, rcode) is None


def test_who_answers_with_opt_knows_edns() -> None:
    """FORMERR with an OPT record means the question."""
    first = asking(use_edns=0)
    said = bytearray(message(first.query, Rcode.FORMERR)) + b"\0\0\x29\4\xd0" + bytes(6)
    said[11] = 1
    assert plainer(first, Rcode.FORMERR, has_opt=has_opt(bytes(said))) is None


@pytest.mark.parametrize("do", [False, True])
def test_only_questions_without_do_leave_edns(do: bool) -> None:
    """An upstream that knows no EDNS is asked without it, but where DNSSEC is wanted."""
    upstream, first = Scripted().state, asking(use_edns=0, want_dnssec=do)
    assert first_form(first.asker, upstream, first.query).edns
    upstream.health.learn_edns(0.0, knows=False)
    assert first_form(first.asker, upstream, first.query).edns is do
