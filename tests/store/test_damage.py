"""A damaged store is moved aside, said once, and recording is whole again in a new one."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from math import inf
from pathlib import Path

from dnswatch.codes import Type
from dnswatch.errors import StoreError
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.store import Store, damage, orders
from dnswatch.store.damage import MOST, tell, told
from tests.check import eventually
from tests.watchdog.process import Site, saw

ALICE = bytes((192, 0, 2, 7))
NAME = b"\x03www\x07example\x00"
PAGE = 4096


def overwrite(state: Path, begin: int) -> None:
    """Write rubbish over the middle of the database, as a failing disk does; keep its length."""
    with (state / "dnswatch.db").open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(begin)
        file.write(b"\xa5" * (end - begin))
        os.fsync(file.fileno())


def bring_log_home(state: Path) -> None:
    """Close the store of a stopped site in order: what its log holds would be read from there."""
    Store.open(state).close()


def distrust(state: Path) -> None:
    with Store.open(state) as store, store.snapshot() as db:
        orders.overrule(db, ["192.0.2.7"], Overrule(Word.DISTRUST, time.time(), inf, "seen"))


def ask(site: Site) -> None:
    site.send(saw(time.time(), ALICE, NAME, Type.A))


def aside(state: Path) -> list[Path]:
    """Damaged stores that were moved, without their logs."""
    return sorted(state.glob("dnswatch.db.damaged-*Z"))


def begin(tmp_path: Path) -> Site:
    """A site with one lookup and one order on its disk."""
    site = Site(tmp_path / "state")
    ask(site)
    eventually(lambda: site.measure("lookup") == 1)
    distrust(site.state)
    return site


def pages(state: Path, table: str) -> list[int]:
    """Return where the pages of a table begin."""
    with closing(sqlite3.connect(f"file:{state}/dnswatch.db?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,))
        return [(number - 1) * PAGE for (number,) in rows]


def test_a_stopped_server_begins_anew_with_what_persons_ordered(tmp_path: Path) -> None:
    """Pages of the accounts are rubbish: it starts, says so once, and records in a new store."""
    with begin(tmp_path) as site:
        site.stop()
        bring_log_home(site.state)
        with (site.state / "dnswatch.db").open("r+b") as file:
            for place in pages(site.state, "entry"):
                file.seek(place)
                file.write(b"\xa5" * PAGE)
        site.start()
        eventually(lambda: aside(site.state) and site.said("the store was damaged"))
        ask(site)
        eventually(lambda: site.measure("lookup") == 1)
        eventually(lambda: site.rows("SELECT client, word FROM overrule"))
        assert site.rows("SELECT client, word FROM overrule") == [("192.0.2.7", "distrust")]
        [damaged] = aside(site.state)
        assert b"\xa5" * PAGE in damaged.read_bytes()
        assert site.said("the store was damaged") == 1
        assert site.said("goes on") == site.said("go again") == 0


def test_orders_of_an_older_store_are_rescued(tmp_path: Path) -> None:
    """Its tables may lack the columns that came later."""
    with Store.open(tmp_path) as store, store.snapshot() as db:
        orders.enable(db, "delay", "alice", 1.0)
        db.execute("ALTER TABLE enabled DROP COLUMN dry_run")
    damage.set_aside(tmp_path, 2.0)
    with Store.read(tmp_path) as store, store.snapshot() as db:
        found = orders.read(db, 2.0)
    assert found.enabled == {"delay"}
    assert not found.dry_runs


def test_a_file_that_is_no_database_any_more_is_replaced(tmp_path: Path) -> None:
    """With its first page gone nothing can be read: recording begins anew all the same."""
    with begin(tmp_path) as site:
        site.stop()
        bring_log_home(site.state)
        overwrite(site.state, 0)
        site.start()
        eventually(lambda: aside(site.state) and site.said("the store was damaged"))
        ask(site)
        eventually(lambda: site.measure("lookup") == 1)
        assert len(aside(site.state)) == 1
        assert site.said("the store was damaged (file is not a database)") == 1
        assert site.said(str(aside(site.state)[0])) == 1


def test_a_running_server_ends_and_the_next_one_has_a_new_store(tmp_path: Path) -> None:
    """Damage that a thread meets while it runs ends the watch quietly; the next says it once."""
    with begin(tmp_path) as site:
        site.stop(signal.SIGKILL)
        bring_log_home(site.state)
        site.start()
        ask(site)
        eventually(lambda: site.measure("lookup") == 2)
        overwrite(site.state, PAGE)
        while site.process.poll() is None:
            ask(site)
            time.sleep(0.05)
        assert site.process.returncode == 0
        site.start()
        ask(site)
        eventually(lambda: aside(site.state) and site.measure("lookup") > 0)
        assert site.said("the store was damaged") == 1
        assert site.said("will try again") == site.said("goes on") == site.said("go again") == 0
        assert not (site.state / "damaged").exists()


def test_a_disk_that_goes_on_damaging_is_not_filled(tmp_path: Path) -> None:
    """Where some damaged stores lie already the next stays, and the mend is said once."""
    with begin(tmp_path) as site:
        site.stop()
        bring_log_home(site.state)
        for number in range(MOST):
            (site.state / f"dnswatch.db.damaged-{number}Z").touch()
        overwrite(site.state, 0)
        site.start()
        eventually(lambda: site.said("see to the disk") == 1)
        ask(site)
        assert site.stop() == 0
        assert site.said("see to the disk") == site.said("is damaged") == 1
        assert site.said("goes on") == site.said("will try again") == 0
        assert len(aside(site.state)) == MOST


def test_word_of_damage_is_about_one_file(tmp_path: Path) -> None:
    """A store that a person put in the damaged one's place, a backup, is not moved aside."""
    Store.open(tmp_path).close()
    tell(tmp_path, StoreError("bad page", damaged=True))
    assert told(tmp_path) == "bad page"
    (tmp_path / "dnswatch.db").rename(tmp_path / "by hand")
    assert told(tmp_path) is None
    Store.open(tmp_path).close()
    assert told(tmp_path) is None
