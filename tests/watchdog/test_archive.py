"""Clients stand in the store as the site wants it."""

from ipaddress import ip_address
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dnswatch import addresses
from dnswatch.model.changes import Changes
from dnswatch.names.directory import AddressHolder
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.settings import EngineUrl, Fleet, FleetName, Privacy, Settings
from dnswatch.store import Store, replica
from dnswatch.store.bay import findings
from dnswatch.watchdog.archive import Archive, address_text
from tests.watchdog.process import query

V4, V6 = bytes((192, 0, 2, 7)), bytes.fromhex("20010db8000000000000000000000007")
MAPPED = bytes(10) + b"\xff\xff" + V4
PERSON = AddressHolder("laptop", "02:00:5e:00:53:01", "hosts")
NAMED = "SELECT key, name, machine, source FROM client ORDER BY key"


def seen(*clients: bytes) -> Changes:
    changes = Changes()
    for client in clients:
        changes.accounts[client, 1]["lookup"] += 1
    return changes


def test_clients_stand_under_their_addresses(tmp_path: Path) -> None:
    """A client's key is its address as text; an IPv4-mapped IPv6 address is the IPv4 one."""
    archive = Archive(tmp_path, Settings())
    archive.write(seen(V4, V6, MAPPED), 60.0)
    archive.identify({V4: PERSON}, 0.0)
    assert query(tmp_path, NAMED) == [
        ("192.0.2.7", "laptop", "02:00:5e:00:53:01", "hosts"),
        ("2001:db8::7", None, None, None),
    ]


@given(
    st.binary(min_size=4, max_size=4)
    | st.lists(st.sampled_from([0, 1, 255]) | st.integers(0, 255), min_size=16, max_size=16).map(
        bytes
    )
)
def test_an_address_is_written_as_everywhere(packed: bytes) -> None:
    """The quick way to write an address, zeros and IPv4 in it or not, is that of `addresses`."""
    assert address_text(packed) == str(addresses.normal(ip_address(packed)))


def test_with_pseudonyms_nothing_names_a_client(tmp_path: Path) -> None:
    """Address, name and MAC are written as pseudonyms, by the key of the site."""
    archive = Archive(tmp_path, Settings(privacy=Privacy(pseudonyms=True)))
    archive.write(seen(V4), 60.0)
    archive.identify({V4: PERSON}, 0.0)
    of = Pseudonyms.load(tmp_path)
    assert query(tmp_path, NAMED) == [
        (of.of(V4), of.of_text("laptop"), of.of_text("02:00:5e:00:53:01"), "hosts")
    ]


def test_pseudonyms_can_be_switched_on(tmp_path: Path) -> None:
    """From the moment the configuration says so no address is written any more."""
    archive = Archive(tmp_path, Settings())
    archive.write(seen(V4), 60.0)
    archive.reload(Settings(privacy=Privacy(pseudonyms=True)))
    archive.write(seen(V6), 120.0)
    keys = {key for (key,) in query(tmp_path, "SELECT key FROM client")}
    assert keys == {"192.0.2.7", Pseudonyms.load(tmp_path).of(V6)}


def test_a_store_that_left_its_fleet_is_no_replica(tmp_path: Path) -> None:
    """A node by itself again notes no changes for others, and has what its bay found."""
    with Store.open(tmp_path) as store, store.snapshot() as db:
        replica.lead(db, 7)
        findings.add(db, 1.0, "10.0.0.1", "worm", "m1", "why", in_fleet=True)
    in_fleet = Settings(fleet=Fleet(engine=EngineUrl("redis://127.0.0.1"), node=FleetName("a")))
    for settings, is_replica in ((in_fleet, True), (Settings(), False)):
        archive = Archive(tmp_path, settings)
        archive.restore(2.0)
        archive.close()
        with Store.open(tmp_path) as store, store.snapshot() as db:
            assert (replica.read(db).position is not None) == is_replica
    with Store.read(tmp_path) as store, store.snapshot() as db:
        assert [one.ident for one in findings.after(db, 0)] == ["m1"]
