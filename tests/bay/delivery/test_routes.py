"""From a domain to the exchanges that take its mail."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import cast

import pytest

from dnswatch.bay.delivery.routes import (
    REMEMBERED,
    MailLookups,
    MailRoutes,
    NoRoute,
    OwnAddresses,
    Route,
)
from dnswatch.settings import Domain, Forward, Host, Quarantine, Server, Settings
from dnswatch.settings.bay import Bay, Release
from tests.bay.site import zone
from tests.behaviour import Behaviour, rcode
from tests.upstream import Upstream

A = "198.51.100."
RECORDS = {
    ("two.example", "MX"): ("20 b.two.example.", "10 a.two.example."),
    ("a.two.example", "A"): (f"{A}1",),
    ("a.two.example", "AAAA"): ("2001:db8::1",),
    ("b.two.example", "A"): (f"{A}2", f"{A}3"),
    ("implicit.example", "A"): (f"{A}4",),
    ("null.example", "MX"): ("0 .",),
    ("nowhere.example", "MX"): ("10 gone.example.",),
    ("local.example", "MX"): ("10 here.local.example.",),
    ("here.local.example", "A"): ("127.0.0.1",),
    ("loop.example", "MX"): ("10 first.example.", "20 bay.example.", "30 last.example."),
    ("first.example", "A"): (f"{A}5",),
    ("bay.example", "A"): (f"{A}250",),
    ("last.example", "A"): (f"{A}6",),
    ("ours.example", "MX"): ("10 bay.example.",),
    ("mapped.example", "MX"): ("10 mapped-bay.example.",),
    ("mapped-bay.example", "AAAA"): (f"::ffff:{A}250",),
}
BAY = Quarantine(addresses=(Host(f"{A}250"),))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An upstream that knows these domains."""
    with Upstream(cast(Behaviour, zone(RECORDS))) as running:
        yield running


def ourselves(release: Release | None = None) -> OwnAddresses:
    """Know the bay's address, and this machine."""
    return OwnAddresses(Settings(quarantine=BAY, bay=Bay(release=release or Release())))


def routes(upstream: Upstream, release: Release | None = None, seed: int = 0) -> MailRoutes:
    """Routes as the upstream knows them."""
    lookups = MailLookups((Server(upstream.url),))
    return MailRoutes(
        lookups,
        own=ourselves(release),
        release=release or Release(),
        now=lambda: 0.0,
        chance=Random(seed),
    )


def find(upstream: Upstream, domain: str, release: Release | None = None) -> Route | NoRoute:
    """Find one route."""
    return asyncio.run(routes(upstream, release).of(domain))


def exchanges(upstream: Upstream, domain: str) -> list[tuple[str, tuple[str, ...]]]:
    """The exchanges of a domain, with their addresses, in order."""
    route = find(upstream, domain)
    assert isinstance(route, Route)
    return [(one.name, tuple(sorted(one.addresses))) for one in route.exchanges]


def test_exchanges_are_tried_by_preference(upstream: Upstream) -> None:
    """The lowest preference first; each with all its addresses, of both kinds."""
    assert exchanges(upstream, "two.example") == [
        ("a.two.example", (f"{A}1", "2001:db8::1")),
        ("b.two.example", (f"{A}2", f"{A}3")),
    ]


def test_a_domain_without_mx_is_its_own_exchange(upstream: Upstream) -> None:
    """The implicit MX of RFC 5321 section 5.1."""
    assert exchanges(upstream, "implicit.example") == [("implicit.example", (f"{A}4",))]


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("null.example", "takes no mail"),
        ("missing.example", "there is no domain"),
        ("nowhere.example", "no exchange of nowhere.example has a usable address"),
        ("local.example", "no exchange of local.example has a usable address"),
        ("a..b", "is no domain"),
        ("[198.51.100.250]", "no mail is sent to"),
        ("[127.0.0.1]", "no mail is sent to"),
        ("[IPv6:::1]", "no mail is sent to"),
        ("[IPv6:::ffff:127.0.0.1]", "no mail is sent to"),
        ("[IPv6:::ffff:0:7f00:1]", "no mail is sent to"),
        ("[IPv6:::ffff:198.51.100.250]", "no mail is sent to"),
        ("[IPv6:2002:7f00:1::]", "no mail is sent to"),
        ("[IPv6:2002:c633:64fa:1::9]", "no mail is sent to"),
        ("[IPv6:64:ff9b::127.0.0.1]", "no mail is sent to"),
        ("[IPv6:64:ff9b::198.51.100.250]", "no mail is sent to"),
        ("[IPv6:::127.0.0.1]", "no mail is sent to"),
        ("[ipv6:::]", "no mail is sent to"),
        ("[0.0.0.0]", "no mail is sent to"),
        ("[255.255.255.255]", "no mail is sent to"),
        ("[x]", "is no address"),
        ("", "has no domain"),
    ],
)
def test_where_no_mail_can_go_it_is_refused(upstream: Upstream, domain: str, text: str) -> None:
    """A domain that takes none, or is not there, or is this very machine, is told at once."""
    found = find(upstream, domain)
    assert isinstance(found, NoRoute), found
    assert found.result == "refused"
    assert text in found.text


def test_mail_never_comes_back_to_the_bay(upstream: Upstream) -> None:
    """Of exchanges among which is the bay, only those more preferred than it are used."""
    assert exchanges(upstream, "loop.example") == [("first.example", (f"{A}5",))]
    for domain in ("ours.example", "mapped.example"):
        found = find(upstream, domain)
        assert isinstance(found, NoRoute)
        assert found.result == "later"
        assert "in circles" in found.text


def test_loopback_is_for_trying_out(upstream: Upstream) -> None:
    """An exchange on this machine is used where the settings say so."""
    found = find(upstream, "local.example", Release(loopback=True, port=2525))
    assert isinstance(found, Route)
    assert (found.exchanges[0].addresses, found.exchanges[0].port) == (("127.0.0.1",), 2525)


def test_an_address_literal_needs_no_lookup(upstream: Upstream) -> None:
    """RFC 5321 section 4.1.3."""
    found = find(upstream, "[IPv6:2001:db8::9]")
    assert isinstance(found, Route)
    assert found.exchanges[0].addresses == ("2001:db8::9",)
    assert upstream.asked == []


def test_upstreams_that_cannot_say_are_asked_later(upstream: Upstream) -> None:
    """A failing upstream fails no message."""
    upstream.behaviour = rcode("SERVFAIL")
    found = find(upstream, "two.example")
    assert isinstance(found, NoRoute)
    assert found.result == "later"


def test_equal_exchanges_share_the_mail(upstream: Upstream) -> None:
    """Of equal preference, each one comes first now and then (RFC 5321 section 5.1)."""
    equal = {("e.example", "MX"): tuple(f"10 h{n}.e.example." for n in range(3))}
    hosts = {(f"h{n}.e.example", "A"): (f"{A}{n + 1}",) for n in range(3)}
    upstream.behaviour = cast(Behaviour, zone({**equal, **hosts}))
    firsts = set()
    for seed in range(12):
        found = asyncio.run(routes(upstream, seed=seed).of("e.example"))
        assert isinstance(found, Route)
        firsts.add(found.name)
    assert len(firsts) == 3


def test_many_messages_to_a_domain_share_one_search(upstream: Upstream) -> None:
    """A thousand recipients of a domain ask its route once, and it is remembered for a while."""
    clock = [0.0]
    lookups = MailLookups((Server(upstream.url),))
    known = MailRoutes(
        lookups, own=ourselves(), release=Release(), now=lambda: clock[0], chance=Random(0)
    )

    async def search() -> None:
        await asyncio.gather(*(known.of("Implicit.example") for _ in range(1000)))
        await known.of("implicit.example")

    asyncio.run(search())
    assert upstream.names().count("implicit.example.") == 3  # MX, AAAA and A
    clock[0] = REMEMBERED
    asyncio.run(search())
    assert upstream.names().count("implicit.example.") == 6


def test_a_forwarded_domain_is_asked_where_it_is_known(upstream: Upstream) -> None:
    """The site's own domains have their exchanges from the site's own servers."""
    with Upstream(cast(Behaviour, zone({("in.example", "A"): ("10.0.0.25",)}))) as inside:
        forward = (Forward(domain=Domain("in.example"), servers=(Server(inside.url),)),)
        lookups = MailLookups((Server(upstream.url),), forward)
        known = MailRoutes(
            lookups, own=ourselves(), release=Release(), now=lambda: 0.0, chance=Random(0)
        )
        found = asyncio.run(known.of("in.example"))
        assert isinstance(found, Route)
        assert upstream.asked == []
