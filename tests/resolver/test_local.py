"""Local names: the hosts files' names are answered here, and only those."""

from ipaddress import ip_address

import dns.message
import dns.reversename
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver.local import TTL, LocalNames
from dnswatch.wire import build, query
from dnswatch.wire.query import Query
from tests import check
from tests.resolver.scripted import local_names, query_body

HOSTS = """
192.168.0.5  printer.lan printer
fd00::5      printer.lan
192.168.0.6  six.lan
192.168.0.7  six.lan
"""


def asked(qname: str, qtype: str = "A", qclass: str = "IN") -> Query:
    """Read a query."""
    found = query.read(b"id" + query_body(qname, qtype, rdclass=qclass))
    assert found is not None
    return found


def answer(local: LocalNames, to: Query, client: str = "192.168.0.9") -> dns.message.Message | None:
    """What a client is told of a local name."""
    found = local.find(to, ip_address(client).packed)
    if found is None:
        return None
    return dns.message.from_wire(
        b"id" + build.body(found, to, 0, limit=1232, max_ttl=86400, size=1232)
    )


@pytest.mark.parametrize(
    ("qname", "qtype", "data"),
    [
        ("printer.lan.", "A", ["192.168.0.5"]),
        ("PRINTER.lan.", "AAAA", ["fd00::5"]),
        ("printer.", "A", ["192.168.0.5"]),
        ("six.lan.", "A", ["192.168.0.6", "192.168.0.7"]),
        ("6.0.168.192.in-addr.arpa.", "PTR", ["six.lan."]),
        (dns.reversename.from_address("fd00::5").to_text(), "PTR", ["printer.lan."]),
    ],
)
def test_names_and_addresses_are_answered(qname: str, qtype: str, data: list[str]) -> None:
    """All addresses of a name, and the first name of an address, with a short life."""
    got = answer(local_names([HOSTS]), asked(qname, qtype))
    assert got is not None
    check.noerror(got)
    assert check.data(got, qtype) == data
    assert check.ttl(got) == TTL


def test_a_family_that_is_missing_is_an_empty_answer() -> None:
    """A local name without IPv6 has no IPv6 address, whatever upstreams would say."""
    got = answer(local_names([HOSTS]), asked("six.lan.", "AAAA"))
    assert got is not None
    check.noerror(got)
    assert got.answer == []


@pytest.mark.parametrize(
    ("qname", "qtype", "qclass"),
    [
        ("www.example.", "A", "IN"),
        ("printer.lan.", "A", "CH"),
        ("x.printer.lan.", "A", "IN"),
        ("lan.", "A", "IN"),
        (".", "A", "IN"),
        ("9.0.168.192.in-addr.arpa.", "PTR", "IN"),
    ],
)
def test_other_names_are_not_ours(qname: str, qtype: str, qclass: str) -> None:
    """Nothing is said of names, classes and addresses that do not stand in a file."""
    assert local_names([HOSTS]).find(asked(qname, qtype, qclass), bytes(4)) is None


@given(st.text(max_size=200))
def test_any_file_gives_local_names(text: str) -> None:
    """Whatever stands in a hosts file, questions are answered or passed on."""
    local = local_names([text, "10.0.0.1 good.lan"])
    got = answer(local, asked("good.lan."))
    assert got is not None
    assert "10.0.0.1" in check.data(got)


DEBIAN = """
127.0.0.1  localhost
127.0.1.1  dnsbox.corp.example dnsbox
::1        localhost ip6-localhost
127.0.0.1  ads.example
127.0.0.1  both.lan
10.0.0.7   both.lan
"""


@pytest.mark.parametrize("client", ["127.0.0.1", "127.0.0.66", "::1"])
def test_this_machine_is_told_its_loopback_addresses(client: str) -> None:
    """A client on loopback gets what stands in the file."""
    local = local_names([DEBIAN])
    for qname, qtype, data in (
        ("dnsbox.", "A", ["127.0.1.1"]),
        ("localhost.", "AAAA", ["::1"]),
        ("both.lan.", "A", ["10.0.0.7", "127.0.0.1"]),
    ):
        got = answer(local, asked(qname, qtype), client)
        assert got is not None
        assert check.data(got, qtype) == data


@pytest.mark.parametrize("client", ["192.168.0.9", "10.0.0.1", "2001:db8::1", "fe80::1"])
def test_no_other_machine_is_told_a_loopback_address(client: str) -> None:
    """It would mean that machine itself: others get the other addresses, none, or ask upstream."""
    local = local_names([DEBIAN])
    for qname in ("dnsbox.", "dnsbox.corp.example."):
        for qtype in ("A", "AAAA"):
            assert answer(local, asked(qname, qtype), client) is None, "an upstream may know"
    both, blocked = (answer(local, asked(qname), client) for qname in ("both.lan.", "ads.example."))
    assert both is not None
    assert check.data(both) == ["10.0.0.7"]
    assert blocked is not None, "a blocklist's name stays without an address"
    assert (blocked.rcode(), blocked.answer) == (0, [])


def test_who_is_on_loopback_does_not_change_what_others_are_told() -> None:
    """Answers that are kept for one are not given to the other."""
    local = local_names([DEBIAN])
    for _ in range(2):
        here, there = (answer(local, asked("both.lan."), one) for one in ("127.0.0.1", "10.0.0.1"))
        assert here is not None
        assert there is not None
        assert (len(check.data(here)), len(check.data(there))) == (2, 1)
