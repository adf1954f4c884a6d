"""Who the clients are is asked of files first, and of reverse zones where those say nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.settings import Names, Server, Settings
from dnswatch.settings import Upstream as UpstreamSettings
from dnswatch.watchdog.people import MET, People
from tests.behaviour import answer
from tests.upstream import Upstream

ALICE, BOB = bytes((192, 0, 2, 7)), bytes((192, 0, 2, 8))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An upstream whose reverse zone calls everyone a phone."""
    with Upstream(answer("PTR phone.example.")) as running:
        yield running


def people(tmp_path: Path, upstream: Upstream, *, pointers: bool = True) -> People:
    """The people of a site whose hosts file knows Alice alone."""
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.7 laptop.example\n")
    names = Names(hosts=(str(hosts),), neighbours=False, pointers=pointers)
    servers = (Server(upstream.url),)
    return People(Settings(names=names, upstream=UpstreamSettings(servers=servers)))


def test_a_client_without_a_name_is_asked_for(tmp_path: Path, upstream: Upstream) -> None:
    """The reverse zone names whom the hosts file does not, from the next look on."""
    known = people(tmp_path, upstream)
    known.meet([ALICE, BOB], 0.0)
    known.look(0.0)
    known.ask(0.0)
    assert upstream.names() == ["8.2.0.192.in-addr.arpa."]
    found = known.look(30.0)
    assert [found[client].name for client in (ALICE, BOB)] == ["laptop.example", "phone.example"]


def test_nobody_is_asked_for_where_the_site_wants_none(tmp_path: Path, upstream: Upstream) -> None:
    """With `pointers = false` no upstream hears of a client's address."""
    known = people(tmp_path, upstream, pointers=False)
    known.meet([BOB], 0.0)
    assert BOB not in known.look(0.0)
    known.ask(0.0)
    assert upstream.names() == []


def test_a_flood_of_clients_is_not_remembered(tmp_path: Path, upstream: Upstream) -> None:
    """Clients to ask for are bounded; who is passed over is met again."""
    known = people(tmp_path, upstream, pointers=False)
    for number in range(2 * MET):
        known.meet([number.to_bytes(4, "big")], 0.0)
    assert len(known._met) == MET


def test_only_of_ipv6_addresses_is_it_remembered_when_they_were_heard(
    tmp_path: Path, upstream: Upstream
) -> None:
    """Of IPv4 addresses their number alone tells whether a machine is a relay."""
    known, later = people(tmp_path, upstream, pointers=False), bytes(16)
    for now in (1.0, 5.0):
        known.meet([ALICE, later], now)
    assert known._span(ALICE) is None
    assert known._span(later) == (1.0, 5.0)
