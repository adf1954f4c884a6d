"""Special names: each row of the table is answered here, by its source's rule, unless forwarded."""

import dns.message
import pytest

from dnswatch.resolver.special import KEPT_HERE, MAX_ASKERS, SPECIAL, Rule, SpecialNames
from dnswatch.wire import build, query
from dnswatch.wire.query import Query
from tests import check
from tests.resolver.scripted import query_body

ROWS = (*SPECIAL, *KEPT_HERE)
NAMES = SpecialNames((), keep_here=True)


def asked(qname: str, qtype: str = "A", qclass: str = "IN") -> Query:
    """Read a query."""
    found = query.read(b"id" + query_body(qname, qtype, rdclass=qclass))
    assert found is not None
    return found


def told(
    to: Query, names: SpecialNames = NAMES, *, local: bool = False
) -> dns.message.Message | None:
    """What a client is told of a name; None where upstreams are asked."""
    found = names.find(to, is_local=local)
    if found is None:
        return None
    tail = build.body(found.response, to, 0, limit=1232, max_ttl=86400, size=1232)
    return dns.message.from_wire(b"id" + tail)


@pytest.mark.parametrize("qtype", ["A", "AAAA", "MX", "PTR", "SVCB", "DS", "ANY"])
def test_no_name_below_a_special_one_leaves_the_site(qtype: str) -> None:
    """Whatever is asked below a domain of the table is answered here, as its rule says."""
    for row in ROWS:
        got = told(asked(f"x.Y.{row.domain}.", qtype))
        assert got is not None, row
        is_address = row.rule is Rule.LOOPBACK and qtype in ("A", "AAAA")
        is_nothing = row.rule in (Rule.NO_DATA, Rule.LOOPBACK)
        zones = [] if is_address else [f"{row.domain}."]
        assert got.rcode() == (0 if is_nothing else 3), row
        assert bool(got.answer) == is_address, row
        assert [str(rrset.name) for rrset in got.authority] == zones, row


@pytest.mark.parametrize(
    ("qname", "qtype", "rcode", "data"),
    [
        ("resolver.arpa.", "SVCB", 0, []),
        ("_dns.resolver.arpa.", "SVCB", 0, []),
        ("onion.", "A", 3, []),
        ("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion.", "AAAA", 3, []),
        ("localhost.", "A", 0, ["127.0.0.1"]),
        ("x.localhost.", "AAAA", 0, ["::1"]),
        ("localhost.", "MX", 0, []),
        ("home.arpa.", "NS", 0, ["home.arpa."]),
        ("home.arpa.", "A", 0, []),
        ("10.in-addr.arpa.", "SOA", 0, ["10.in-addr.arpa. nobody.invalid. 1 3600 1200 604800 300"]),
        ("1.0.168.192.in-addr.arpa.", "PTR", 3, []),
        ("64.100.in-addr.arpa.", "A", 0, []),
        ("use-application-dns.net.", "A", 3, []),
        ("mask.icloud.com.", "A", 0, []),
        ("mask-h2.icloud.com.", "HTTPS", 0, []),
    ],
)
def test_a_special_name_has_what_its_source_says(
    qname: str, qtype: str, rcode: int, data: list[str]
) -> None:
    """NXDOMAIN, nothing of that type, a zone's own records, or the loopback address."""
    got = told(asked(qname, qtype))
    assert got is not None
    assert (got.rcode(), check.data(got, qtype)) == (rcode, data)


@pytest.mark.parametrize(
    ("qname", "qtype", "qclass"),
    [
        ("www.example.", "A", "IN"),
        (".", "A", "IN"),
        ("arpa.", "NS", "IN"),
        ("icloud.com.", "A", "IN"),
        ("mytest.", "A", "IN"),
        ("1.0.0.9.in-addr.arpa.", "PTR", "IN"),
        ("63.100.in-addr.arpa.", "A", "IN"),
        ("15.172.in-addr.arpa.", "A", "IN"),
        ("32.172.in-addr.arpa.", "A", "IN"),
        ("a.test.", "A", "CH"),
        ("home.arpa.", "DS", "IN"),
        ("10.in-addr.arpa.", "DS", "IN"),
    ],
)
def test_other_names_are_asked_upstream(qname: str, qtype: str, qclass: str) -> None:
    """No neighbour of a special name is caught; a zone's DS is its parent's word (RFC 8375)."""
    assert told(asked(qname, qtype, qclass)) is None


def test_a_site_may_serve_a_special_name_itself() -> None:
    """A `[[forward]]` of the domain goes before the table; one of a longer domain for its names."""
    for row in ROWS:
        names = SpecialNames([row.domain], keep_here=True)
        assert told(asked(f"x.{row.domain}."), names) is None, row
        longer = SpecialNames([f"x.{row.domain}"], keep_here=True)
        assert told(asked(f"a.x.{row.domain}."), longer) is None, row
        assert told(asked(f"y.{row.domain}."), longer) is not None, row


def test_every_row_names_its_source() -> None:
    """A name is special because an RFC, or who asks for it, says so; each stands once."""
    assert all(row.source.startswith(("RFC ", "Firefox", "Apple")) for row in ROWS)
    assert len({row.domain for row in ROWS}) == len(ROWS)


def test_a_shorter_forward_does_not_go_before() -> None:
    """Who forwards all of arpa has not said that private addresses are meant."""
    names = SpecialNames(["arpa", "in-addr.arpa"], keep_here=True)
    assert told(asked("1.0.0.10.in-addr.arpa.", "PTR"), names) is not None


def test_names_that_keep_clients_here_can_be_given_up() -> None:
    """With `serve.keep_here` off they are names like others, and nothing else changes."""
    names = SpecialNames((), keep_here=False)
    assert [told(asked(f"{row.domain}."), names) for row in KEPT_HERE] == [None] * len(KEPT_HERE)
    assert told(asked("a.test."), names) is not None


def test_a_name_of_the_site_is_not_denied() -> None:
    """A name of the hosts files in a special domain exists, whatever type is asked for."""
    got = told(asked("printer.home.arpa.", "MX"), local=True)
    assert got is not None
    assert (got.rcode(), got.answer) == (0, [])


def test_who_asks_to_go_round_is_counted_once_a_day() -> None:
    """A client counts once a day, and memory is bounded."""
    names = SpecialNames((), keep_here=True)
    day = 86_400.0
    assert [names.is_new_asker(b"a", at) for at in (0, 5, day - 1, day, day + 1)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    for number in range(2 * MAX_ASKERS):
        names.is_new_asker(number.to_bytes(4, "big"), day)
    assert len(names._asked) <= MAX_ASKERS
