"""Translations: the first contact to a fresh address tells what the lookup was for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Type
from dnswatch.model.flow import Contact
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.sitecache import SiteCache
from dnswatch.model.translations import LEAST, WINDOW, Translations
from dnswatch.wire.name import from_text

HOST, OTHER, WEB = b"\x0a\0\0\1", b"\x0a\0\0\2", b"\xc0\0\2\x50"
NAME = from_text("www.example.org")


def answer(at: float, ttl: int = 300, *addresses: bytes) -> Observation:
    """Tell of an answer."""
    gives = tuple((address, ttl) for address in addresses or (WEB,))
    return Observation(at, HOST, NAME, Type.A, 0, Origin.UPSTREAM, gives)


def contact(at: float, port: int | None = 80, protocol: int = 6, who: bytes = HOST) -> Contact:
    """Tell of the beginning of a flow."""
    return Contact(at, who, WEB, protocol, port)


@pytest.mark.parametrize(
    ("port", "purposes"),
    [
        (25, {"all", "tcp", "smtp"}),
        (80, {"all", "tcp", "http"}),
        (443, {"all", "tcp", "http"}),
        (22, {"all", "tcp"}),
    ],
)
def test_the_port_tells_what_for(port: int, purposes: set[str]) -> None:
    """SMTP and HTTP are TCP as well."""
    found = Translations()
    found.answer(answer(0.0))
    found.contact(contact(1.0, port))
    assert found.counts == {(purpose, "new"): 1 for purpose in purposes}


def test_only_the_first_contact_counts() -> None:
    """Whoever makes it: at the edge nobody sees who asked."""
    found = Translations()
    found.answer(answer(0.0))
    found.contact(contact(1.0, 25, who=OTHER))
    found.contact(contact(2.0, 80))
    assert found.counts == {("all", "new"): 1, ("tcp", "new"): 1, ("smtp", "new"): 1}


def test_a_contact_that_is_no_tcp_uses_the_translation_up() -> None:
    """UDP first, TCP later: it was for UDP."""
    found = Translations()
    found.answer(answer(0.0))
    found.contact(contact(1.0, 123, 17))
    found.contact(contact(2.0))
    assert found.counts == {("all", "new"): 1}


@pytest.mark.parametrize(
    ("ttl", "fresh"), [(0, LEAST), (30, 30.0), (86400, WINDOW)], ids=["0", "30", "a day"]
)
def test_an_address_is_fresh_for_its_ttl_but_not_for_long(ttl: int, fresh: float) -> None:
    """At least a second, at most a minute."""
    for after, counted in ((fresh, 1), (fresh + 0.01, 0)):
        found = Translations()
        found.answer(answer(5.0, ttl))
        found.contact(contact(5.0 + after))
        assert found.counts["tcp", "new"] == counted


def test_new_and_refreshed_are_told_apart() -> None:
    """Two answers before one contact were both for it."""
    found = Translations()
    found.answer(answer(0.0))
    found.answer(answer(1.0))
    found.contact(contact(2.0, 25))
    assert (found.counts["smtp", "new"], found.counts["smtp", "refresh"]) == (1, 1)


def test_each_address_of_an_answer_counts() -> None:
    """Those that nobody contacts are in all only."""
    found = Translations()
    found.answer(answer(0.0, 300, WEB, b"\xc0\0\2\x51", b"\xc0\0\2\x52"))
    found.contact(contact(1.0))
    assert (found.counts["all", "new"], found.counts["tcp", "new"]) == (3, 1)


def test_fresh_addresses_are_bounded() -> None:
    """Of too many the one translated longest ago goes."""
    found = Translations(addresses=10)
    found.answer(answer(0.0))
    found.answer(answer(1.0, 300, *(bytes((192, 0, 3, n)) for n in range(10))))
    found.contact(contact(2.0))
    assert found.counts["tcp", "new"] == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 12)), max_size=60))
def test_new_and_refreshed_are_those_of_the_site_cache(rows: list[tuple[int, int, int]]) -> None:
    """Seconds since the answer before, which address, and its TTL."""
    found, cache, now, new = Translations(), SiteCache(100), 1_000_000.0, 0
    for later, number, ttl in rows:
        now += later
        address = bytes((192, 0, 2, number))
        found.answer(answer(now, ttl, address))
        new += cache.renew(address, ttl, now)
    assert (found.counts["all", "new"], found.counts["all", "refresh"]) == (new, len(rows) - new)


def test_lives_are_bounded_too() -> None:
    """Of too many addresses that the site holds those go that end first."""
    found = Translations(addresses=4)
    found.answer(answer(0.0, 10, WEB))
    found.answer(answer(1.0, 1000, *(bytes((192, 0, 3, n)) for n in range(4))))
    found.answer(answer(2.0, 1000, bytes((192, 0, 3, 3)), WEB))
    assert (found.counts["all", "new"], found.counts["all", "refresh"]) == (6, 1)
