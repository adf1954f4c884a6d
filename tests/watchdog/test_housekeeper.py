"""The housekeeper names clients and lets go of old records, each in its time."""

from pathlib import Path

import pytest

from dnswatch.errors import StoreError
from dnswatch.model.changes import Changes
from dnswatch.settings import Names, Settings
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.housekeeper import IDENTIFY_EVERY, Housekeeper
from tests.watchdog.process import query

ALICE = bytes((192, 0, 2, 7))
NAME = "SELECT name FROM client"
OLD = "SELECT count(*) FROM tally"
YEAR = 365 * 86400.0


def site(tmp_path: Path) -> tuple[Housekeeper, Path]:
    """A housekeeper of a site with a hosts file; Alice made one lookup at time 0."""
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.7 laptop.example\n")
    settings = Settings(names=Names(hosts=(str(hosts),), neighbours=False, pointers=False))
    archive = Archive(tmp_path, settings)
    changes = Changes()
    changes.accounts[ALICE, 0]["lookup"] += 1
    archive.write(changes, 0.0)
    return Housekeeper(archive, settings, lambda: 0.0), hosts


def test_clients_are_named_every_half_minute(tmp_path: Path) -> None:
    """A name that changes in the hosts file changes in the records, at the next look."""
    housekeeper, hosts = site(tmp_path)
    housekeeper.work(1.0)
    assert query(tmp_path, NAME) == [("laptop.example",)]
    hosts.write_text("192.0.2.7 desktop.example\n")
    housekeeper.work(2.0)
    assert query(tmp_path, NAME) == [("laptop.example",)]
    housekeeper.work(1.0 + IDENTIFY_EVERY)
    assert query(tmp_path, NAME) == [("desktop.example",)]


def test_who_waits_is_looked_for_out_of_turn(tmp_path: Path) -> None:
    """Only where somebody waits; what is known of whom has another key then."""
    housekeeper, hosts = site(tmp_path)
    housekeeper.work(1.0)
    hosts.write_text("192.0.2.7 desktop.example\n")
    housekeeper.work(2.0)
    assert housekeeper.machines is not None
    assert housekeeper.machines.key("192.0.2.7") == "laptop.example"
    housekeeper.hurry()
    housekeeper.work(3.0)
    assert housekeeper.machines.key("192.0.2.7") == "desktop.example"
    assert housekeeper.machines.asked == 3.0


def test_old_records_go(tmp_path: Path) -> None:
    """What is older than the retention goes at the next search, and not before."""
    housekeeper, _ = site(tmp_path)
    housekeeper.work(1.0)
    assert query(tmp_path, OLD) == [(1,)]
    housekeeper.work(YEAR)
    assert query(tmp_path, OLD) == [(0,)]


def test_what_failed_is_due_again(tmp_path: Path) -> None:
    """It is not taken for done: the store's trouble is over only when the work was."""
    (tmp_path / "no folder").touch()
    archive = Archive(tmp_path / "no folder", Settings())
    housekeeper = Housekeeper(archive, Settings(names=Names(hosts=())), lambda: 0.0)
    for now in (1.0, 2.0):
        with pytest.raises(StoreError):
            housekeeper.work(now)


def test_new_settings_are_looked_at_at_once(tmp_path: Path) -> None:
    """Other hosts files count from the next job on."""
    housekeeper, hosts = site(tmp_path)
    housekeeper.work(1.0)
    other = hosts.with_name("other")
    other.write_text("192.0.2.7 phone.example\n")
    names = Names(hosts=(str(other),), neighbours=False, pointers=False)
    housekeeper.reload(Settings(names=names))
    housekeeper.work(2.0)
    assert query(tmp_path, NAME) == [("phone.example",)]
