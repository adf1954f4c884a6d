"""The answer that leads to the holding bay."""

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Ede
from dnswatch.resolver.rewrite import TTL, BayAnswers
from dnswatch.settings import Quarantine, read
from dnswatch.wire import build, query
from tests.strategies import hosts

BAY = read('quarantine.addresses = ["192.0.2.250", "2001:db8::250"]', "f").quarantine
ONE_FAMILY = read(
    'quarantine = {host = "bay.corp.example", addresses = ["192.0.2.9"]}', "f"
).quarantine


def answered(
    name: str, kind: str, quarantine: Quarantine = BAY, limit: int = 65535
) -> dns.message.Message:
    """Ask, and have the answer rewritten as a worker does."""
    asked = query.read(dns.message.make_query(name, kind, use_edns=0, want_dnssec=True).to_wire())
    assert asked is not None
    forged = BayAnswers(quarantine).answer(asked)
    extended = build.ede(Ede.FORGED_ANSWER, "why")
    tail = build.body(forged, asked, 0, limit=limit, max_ttl=TTL, size=1232, extended=extended)
    return dns.message.from_wire(b"\0\0" + tail)


@pytest.mark.parametrize("kind", ["MX", "ANY"])
def test_mail_is_led_to_the_bay(kind: str) -> None:
    """MX and ANY name the bay's host, with its addresses beside it."""
    response = answered("victim.example", kind)
    assert [rr.to_text() for rr in response.answer] == [
        f"victim.example. {TTL} IN MX 0 holding-bay.internal."
    ]
    assert [rr.to_text() for rr in response.additional] == [
        f"holding-bay.internal. {TTL} IN A 192.0.2.250",
        f"holding-bay.internal. {TTL} IN AAAA 2001:db8::250",
    ]


def test_an_exchange_has_the_bays_addresses() -> None:
    """A and AAAA of an exchange are the bay's; a family it does not have is empty, not an error."""
    assert "A 192.0.2.250" in answered("mx.victim.example", "A").answer[0].to_text()
    assert "AAAA 2001:db8::250" in answered("mx.victim.example", "AAAA").answer[0].to_text()
    empty = answered("mx.victim.example", "AAAA", ONE_FAMILY)
    assert (empty.rcode(), empty.answer) == (0, [])


@given(hosts, st.sampled_from(["MX", "A", "AAAA", "ANY"]), st.sampled_from([512, 1232, 65535]))
def test_every_rewritten_answer_parses(name: object, kind: str, limit: int) -> None:
    """Whatever was asked: the answer is about that name, short-lived, and claims nothing."""
    response = answered(str(name), kind, limit=limit)
    assert response.rcode() == 0
    assert not response.flags & (dns.flags.AD | dns.flags.TC)
    assert len(response.to_wire()) <= limit
    for rrset in response.answer:
        assert str(rrset.name).lower() == str(name).lower()
        assert rrset.ttl <= 30
        assert rrset.rdtype != dns.rdatatype.RRSIG
    assert response.question[0].name == name
