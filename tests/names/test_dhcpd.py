"""The lease files of ISC dhcpd."""

import tracemalloc
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.names.dhcpd import parse_dhcpd
from dnswatch.names.leases import parse_leases
from tests.names.sample import active, lease, packed, sample


def test_ipv4() -> None:
    """The last entry of an address holds; only active leases count."""
    leases = sample("dhcpd.leases")
    assert lease(leases, "192.0.2.7").name == "anna-s-ipad-2"
    assert lease(leases, "192.0.2.7").hardware == "02:00:5e:10:00:07"
    assert lease(leases, "192.0.2.7").until == 1794254400
    assert lease(leases, "192.0.2.8").name == "printer.corp.example"
    assert lease(leases, "192.0.2.8").until == inf
    assert active(leases) == packed("192.0.2.6", "192.0.2.7", "192.0.2.8")
    assert leases.broken == 1


def test_ipv6() -> None:
    """Addresses count, prefixes do not, and a DUID may tell the machine."""
    leases = sample("dhcpd6.leases")
    assert set(leases.entries) == packed("2001:db8::7")
    assert lease(leases, "2001:db8::7").duid == "02:00:5e:10:00:07"
    assert lease(leases, "2001:db8::7").name == "anna.corp.example"
    assert leases.broken == 0


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("ends never;", inf),
        ("ends 1 2026/11/09 20:00:00;", 1794254400.0),
        ("ends epoch 1794254400; # Mon Nov 09 20:00:00 2026", 1794254400.0),
        ("ends never; abandoned;", 0.0),
        ("ends never; binding state backup;", 0.0),
        ("ends 1 2026/13/09 20:00:00;", None),
        ("ends epoch soon;", None),
        ("starts never;", None),
    ],
)
def test_end_of_a_lease(text: str, until: float | None) -> None:
    """A lease ends when it says; one that is not active has ended; one without an end is broken."""
    (found,) = parse_dhcpd(f"lease 192.0.2.7 {{ {text}\n}}")
    assert (found and found.until) == until


@pytest.mark.parametrize("text", ["lease { ends never; }", "lease x { ends never; }"])
def test_lease_of_no_address_is_broken(text: str) -> None:
    """A lease without an address is counted, not guessed at."""
    assert list(parse_dhcpd(text)) == [None]


@given(st.text(alphabet='{};"\\# \nlease', max_size=60))
def test_any_nesting_is_read(text: str) -> None:
    """Blocks that are never closed or never opened do no harm."""
    assert all(found is None for found in parse_dhcpd(text))


@pytest.mark.parametrize(
    "part", ["{", ";", "a ", "lease 192.0.2.9 ", "lease x\n", "\n", "lease a {"]
)
def test_a_file_of_nonsense_costs_little(part: str) -> None:
    """However long it is, time and memory are in proportion to it."""
    text = "lease 192.0.2.7 { ends never; }\n" + part * (200_000 // len(part))
    tracemalloc.start()
    try:
        leases = parse_leases([text])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert list(leases.entries) == [bytes([192, 0, 2, 7])]
    assert peak < 5 * len(text)
