"""Who is who, from all sources together."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.names.directory import (
    AT_ONCE,
    MAX_IPV4,
    MAX_IPV6,
    PROBATION,
    AddressHolder,
    Directory,
)
from dnswatch.names.hostname import pack
from dnswatch.names.neighbours import Neighbours
from dnswatch.settings import Names

NOW = 1793600000.0
MAC = "02:00:5e:10:00:07"
OTHER = "02:00:5e:10:00:99"


class Site:
    """A site's files in a folder, and what its kernel would say."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts, self.leases = folder / "hosts", folder / "leases"
        self.hosts.touch()
        self.leases.touch()
        self.table: dict[str, str] = {}
        monkeypatch.setattr(Neighbours, "read", lambda _: self.packed(self.table))
        names = Names(hosts=(str(self.hosts),), leases=(str(self.leases),))
        self.directory = Directory(names)

    @staticmethod
    def packed(table: dict[str, str]) -> dict[bytes, str]:
        """A table with packed addresses."""
        return {pack(address) or b"": value for address, value in table.items()}

    def who(self, address: str, now: float = NOW, **pointers: str) -> AddressHolder | None:
        """Who has an address; `pointers` are keyed by any name and begin with their address."""
        reverse = self.packed(dict(text.split() for text in pointers.values()))
        return self.directory.refresh(now, reverse).get(pack(address) or b"")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An empty site."""
    return Site(tmp_path, monkeypatch)


def test_nobody_is_known_at_an_empty_site(site: Site) -> None:
    """Without names and machines there are no identities."""
    assert site.directory.refresh(NOW) == {}


def test_hosts_come_before_leases_before_pointers(site: Site) -> None:
    """What the admin wrote wins over what a machine calls itself, that over the reverse zone."""
    pointer = "192.0.2.7 by-pointer"
    assert site.who("192.0.2.7", a=pointer) == AddressHolder("by-pointer", None, "pointers")
    site.leases.write_text(f"1794000000 {MAC} 192.0.2.7 by-lease *\n")
    assert site.who("192.0.2.7", a=pointer) == AddressHolder("by-lease", MAC, "leases")
    site.hosts.write_text("192.0.2.7 by-hosts\n")
    assert site.who("192.0.2.7", a=pointer) == AddressHolder("by-hosts", MAC, "hosts")


def test_lease_that_ended_counts_no_more(site: Site) -> None:
    """The address of an ended lease may be another machine's by now."""
    site.leases.write_text(f"1793600001 {MAC} 192.0.2.7 anna *\n")
    assert site.who("192.0.2.7") == AddressHolder("anna", MAC, "leases")
    assert site.who("192.0.2.7", now=NOW + 1) is None


def test_addresses_of_one_machine_are_one(site: Site) -> None:
    """IPv4 and IPv6 addresses at one MAC address are one machine, and share its name."""
    site.table = {"192.0.2.7": MAC, "2001:db8::7": MAC, "fe80::7": MAC}
    site.hosts.write_text("192.0.2.7 anna\n")
    assert site.who("192.0.2.7") == AddressHolder("anna", MAC, "hosts")
    assert site.who("2001:db8::7") == AddressHolder("anna", MAC, "hosts")
    assert site.who("fe80::7") == AddressHolder("anna", MAC, "hosts")


def test_machine_without_a_name(site: Site) -> None:
    """A machine that nobody named is still one machine."""
    site.table = {"192.0.2.7": MAC}
    assert site.who("192.0.2.7") == AddressHolder(None, MAC, "neighbours")


def test_lease_knows_the_machine_behind_a_repeater(site: Site) -> None:
    """The MAC address in a lease is the machine's own, the kernel's may be a repeater's."""
    site.table = {"192.0.2.7": OTHER}
    site.leases.write_text(f"1794000000 {MAC} 192.0.2.7 anna *\n")
    assert site.who("192.0.2.7") == AddressHolder("anna", MAC, "leases")


def test_neighbour_table_comes_before_a_duid(site: Site) -> None:
    """A DUID may have been made of another interface's address."""
    site.leases.write_text(f"1794000000 7 2001:db8::7 anna 00:03:00:01:{OTHER}\n")
    assert site.who("2001:db8::7") == AddressHolder("anna", OTHER, "leases")
    site.table = {"2001:db8::7": MAC}
    assert site.who("2001:db8::7") == AddressHolder("anna", MAC, "leases")


@pytest.mark.parametrize(("pattern", "bound"), [("192.0.2.{}", MAX_IPV4), ("fe80::{}", MAX_IPV6)])
def test_relay_is_no_machine(site: Site, pattern: str, bound: int) -> None:
    """A MAC address with too many addresses answers for others: they stay clients of their own."""
    site.table = {pattern.format(n + 1): MAC for n in range(bound)}
    assert site.who(pattern.format(1)) == AddressHolder(None, MAC, "neighbours")
    assert site.directory.relays == 0
    site.table[pattern.format(bound + 1)] = MAC
    site.hosts.write_text(f"{pattern.format(1)} anna\n")
    assert site.who(pattern.format(1)) == AddressHolder("anna", None, "hosts")
    assert site.who(pattern.format(2)) == AddressHolder(None, None, "neighbours")
    assert site.directory.relays == 1


def taken(site: Site, spans: dict[str, tuple[float, float]]) -> AddressHolder | None:
    """Tell who has the first of some addresses of one MAC, each heard from in its span."""
    site.table = dict.fromkeys(spans, MAC)
    heard = {pack(address): span for address, span in spans.items()}
    directory = Directory(Names(hosts=(), leases=()), heard.get)
    directory.refresh(NOW - PROBATION)
    return directory.refresh(NOW)[pack(next(iter(spans))) or b""]


@given(st.integers(MAX_IPV6 + 1, 80), st.integers(0, 3))
def test_temporary_addresses_are_one_machine_however_many(count: int, overlap: int) -> None:
    """They come and go one after the other; a few may still be in use when the next one is."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        site = Site(Path(folder), patch)
        spans = {
            f"2001:db8::{n:x}": (NOW + 10.0 * n, NOW + 10.0 * (n + 1 + overlap))
            for n in range(count)
        }
        assert taken(site, spans) == AddressHolder(None, MAC, "neighbours")


def test_many_addresses_in_use_at_the_same_time_are_a_relay(site: Site) -> None:
    """Whoever stands behind a gateway comes back to his own address."""
    at_once = {f"2001:db8::{n:x}": (NOW + n, NOW + 3600) for n in range(AT_ONCE + 1)}
    assert taken(site, at_once) == AddressHolder(None, None, "neighbours")
    del at_once["2001:db8::1"]
    assert taken(site, at_once) == AddressHolder(None, MAC, "neighbours")


def test_a_relay_stays_one_when_few_are_behind_it(site: Site) -> None:
    """What was told apart in the day is not joined at night."""
    behind = [f"2001:db8::{n:x}" for n in range(AT_ONCE + 1)]
    heard = {pack(address): (NOW, NOW + 3600) for address in behind}
    directory = Directory(Names(hosts=(), leases=()), heard.get)
    site.table = dict.fromkeys(behind, MAC)
    directory.refresh(NOW + 3600)
    site.table = dict.fromkeys(behind[:2], MAC)
    assert directory.refresh(NOW + 40_000)[pack(behind[0]) or b""].machine is None


def test_who_is_new_and_has_many_addresses_may_be_a_relay(site: Site) -> None:
    """Until there was time to see who comes back."""
    new = [f"2001:db8::{n:x}" for n in range(AT_ONCE + 1)]
    heard = {pack(address): (NOW + n, NOW + n) for n, address in enumerate(new)}
    directory = Directory(Names(hosts=(), leases=()), heard.get)
    site.table = dict.fromkeys(new, MAC)
    assert directory.refresh(NOW)[pack(new[0]) or b""].machine is None
    assert directory.refresh(NOW + PROBATION)[pack(new[0]) or b""].machine == MAC


def test_broken_lines_are_counted(site: Site) -> None:
    """What could not be read in all files is one number."""
    site.hosts.write_text("broken\n")
    site.leases.write_text("broken\nbroken too\n")
    site.directory.refresh(NOW)
    assert site.directory.broken == 3


def test_kernel_is_left_alone_where_it_shall_be(site: Site, tmp_path: Path) -> None:
    """`neighbours = false` means that the table is not read."""
    site.table = {"192.0.2.7": MAC}
    assert Directory(Names(hosts=(), neighbours=False)).refresh(NOW) == {}
