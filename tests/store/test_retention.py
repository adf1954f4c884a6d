"""Retention: what is old is gone, for good, and the disk has its room back."""

from pathlib import Path

import pytest

from dnswatch.model.changes import Changes
from dnswatch.settings import Duration, Records, Size
from dnswatch.store import Store, clients, site
from tests.records import NOON, asked, changes, plain, record, worm

DAY = 86400.0


def bulk(begin: float, hours: int, crowd: int = 100) -> Changes:
    """Count for many clients in every tenth minute of some hours from `begin` after noon."""
    found = Changes()
    for minute in range(0, hours * 60, 10):
        number = int(NOON + begin) // 60 + minute
        for client in range(crowd):
            counts = {"lookup": 3, "type:A": 2, "type:MX": 1, "rcode:NOERROR": 3, "mail:mx": 1}
            found.accounts[bytes([10, 0, client // 250, client % 250]), number].update(counts)
        found.site[number]["lookup"] += 3 * crowd
        found.counters[number]["queries"] += 3 * crowd
    return found


def keep(store: Store, records: Records, now: float) -> None:
    while store.keep(records, now):
        pass


def size(state: Path) -> int:
    return sum(path.stat().st_size for path in state.iterdir())


def lookups(store: Store) -> int:
    with store.snapshot() as db:
        return sum(counts["lookup"] for counts in clients.totals(db, 0).values())


def test_nothing_of_a_client_outlives_the_retention(tmp_path: Path) -> None:
    """After the retention not a trace of a client is left, while a younger one stays."""
    record(tmp_path, worm("10.0.0.1"))
    record(tmp_path, [asked(8 * DAY, "10.0.0.2", "young.example")])
    with Store.open(tmp_path) as store:
        keep(store, Records(retention=Duration(7 * DAY)), NOON + 8 * DAY)
        with store.snapshot() as db:
            assert [client.key for client in clients.clients(db)] == ["10.0.0.2"]
            assert clients.last_lookups(db, [1, 2], 0, 100) == []
            assert site.extent(db).lookups == 0
            assert clients.totals(db, 0).keys() == {2}


def test_a_client_that_stays_forgets_when_it_came(tmp_path: Path) -> None:
    """When a client was first seen is a record, too: it moves along with the retention."""
    record(tmp_path, [asked(0, "10.0.0.1", "a.example"), asked(8 * DAY, "10.0.0.1", "b.example")])
    with Store.open(tmp_path) as store:
        keep(store, Records(retention=Duration(7 * DAY)), NOON + 8 * DAY)
        with store.snapshot() as db:
            [client] = clients.clients(db)
    assert NOON + DAY <= client.first_seen <= NOON + DAY + 3600


def test_minutes_become_hours_and_no_count_is_lost(tmp_path: Path) -> None:
    """Counts by the minute are summed up to hours after their time, exactly."""
    with Store.open(tmp_path) as store:
        store.write(bulk(0, hours=5), plain, NOON)
        before = lookups(store)
        keep(store, Records(minutes=Duration(7200)), NOON + 5 * 3600)
        with store.snapshot() as db:
            starts = [row[0] for row in db.execute("SELECT DISTINCT start FROM tally")]
            summed = site.counters(db, 0)
            hours = site.measures(db, 0)
    assert [start for start in starts if start < NOON + 3 * 3600] == [
        NOON,
        NOON + 3600,
        NOON + 7200,
    ]
    assert len(starts) == 3 + 12
    assert before == summed["queries"] == hours["lookup"] == 5 * 6 * 300


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Retention that has been enforced finds nothing more to do."""
    with Store.open(tmp_path) as store:
        store.write(bulk(0, hours=5), plain, NOON)
        keep(store, Records(minutes=Duration(7200)), NOON + 5 * 3600)
        with store.snapshot() as db:
            before = db.execute("SELECT * FROM tally").fetchall()
        assert not store.keep(Records(minutes=Duration(7200)), NOON + 5 * 3600)
        with store.snapshot() as db:
            assert db.execute("SELECT * FROM tally").fetchall() == before


def test_what_goes_by_age_is_gone_after_reopening_and_the_file_shrinks(tmp_path: Path) -> None:
    """Deleted records do not come back with the next start, and the disk has its room back."""
    with Store.open(tmp_path) as store:
        store.write(bulk(0, hours=12), plain, NOON)
        store.write(bulk(9 * DAY, hours=1), plain, NOON)
    full = size(tmp_path)
    with Store.open(tmp_path) as store:
        keep(store, Records(retention=Duration(7 * DAY)), NOON + 9 * DAY + 3600)
        assert size(tmp_path) < full / 3
    with Store.open(tmp_path) as store:
        assert lookups(store) == 6 * 300
    assert size(tmp_path) < full / 3


def test_the_store_stays_below_its_size(tmp_path: Path) -> None:
    """Where the files are larger than allowed the oldest records go, and only those."""
    limit = 400_000
    with Store.open(tmp_path) as store:
        for day in range(3):
            store.write(bulk(day * DAY, hours=24, crowd=20), plain, NOON)
        assert size(tmp_path) > limit
        keep(store, Records(size=Size(limit), minutes=Duration(30 * DAY)), NOON + 3 * DAY)
        assert size(tmp_path) <= limit
        with store.snapshot() as db:
            starts = [row[0] for row in db.execute("SELECT DISTINCT start FROM tally")]
    assert starts, "what is young stays"
    assert starts == list(range(starts[0], int(NOON + 3 * DAY), 600))


def test_entries_that_live_are_never_let_go(tmp_path: Path) -> None:
    """Want of room takes no life from the site cache: the watch needs it after a restart."""
    record(tmp_path, [asked(0, "10.0.0.1", "a.example", gives=["192.0.2.1"], ttl=3600)])
    with Store.open(tmp_path) as store:
        keep(store, Records(size=Size(1)), NOON + 60)
        assert len(store.restore(NOON + 60).entries) == 1
        assert lookups(store) == 0


def test_room_comes_back_by_many_pages_at_a_time(tmp_path: Path) -> None:
    """A large deletion gives the disk its room back in one call, not page by page."""
    with Store.open(tmp_path) as store:
        store.write(bulk(0, hours=2, crowd=500), plain, NOON)
        assert not store.keep(Records(retention=Duration(DAY)), NOON + 9 * DAY)
        with store.snapshot() as db:
            assert db.execute("PRAGMA freelist_count").fetchone()[0] == 0


def test_one_call_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long backlog is worked off in several calls, each of a bounded number of steps."""
    monkeypatch.setattr("dnswatch.store.retention.STEPS", 5)
    with Store.open(tmp_path) as store:
        store.write(bulk(0, hours=3, crowd=2), plain, NOON)
        assert store.keep(Records(retention=Duration(DAY)), NOON + 9 * DAY)
        assert lookups(store) == (18 - 5) * 6
        keep(store, Records(retention=Duration(DAY)), NOON + 9 * DAY)
        assert lookups(store) == 0


def test_retention_goes_on_beside_a_reader(tmp_path: Path) -> None:
    """A reader that holds an old snapshot delays the log's return, and harms nothing."""
    with Store.open(tmp_path) as store:
        store.write(changes(worm()), plain, NOON)
        with Store.read(tmp_path) as reader, reader.snapshot() as db:
            assert len(clients.clients(db)) == 1
            keep(store, Records(retention=Duration(DAY)), NOON + 9 * DAY)
            assert len(clients.clients(db)) == 1
        assert not store.keep(Records(retention=Duration(DAY)), NOON + 9 * DAY)
        with store.snapshot() as db:
            assert clients.clients(db) == []
