"""The store: what is written is there, once, and comes back after a restart."""

import sqlite3
import stat
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.errors import StoreError
from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.changes import Changes
from dnswatch.model.groups import packed
from dnswatch.model.health import HealthReport
from dnswatch.store import Identity, Store, clients, site
from dnswatch.wire.name import from_text
from tests.records import NOON, asked, changes, plain, record, worm
from tests.records import site as the_site


def test_what_the_watch_counted_is_what_stands_there(tmp_path: Path) -> None:
    """Every count of every client is stored, and under its own name."""
    told = changes(the_site())
    record(tmp_path, the_site())
    with Store.read(tmp_path) as store, store.snapshot() as db:
        keys = {client.id: client.key for client in clients.clients(db)}
        stored = {keys[number]: dict(counts) for number, counts in clients.totals(db, 0).items()}
    expected: dict[str, dict[str, int]] = {}
    for (client, _), account in told.accounts.items():
        sums = expected.setdefault(plain(client), {})
        for measure, count in account.items():
            sums[measure] = sums.get(measure, 0) + count
    assert stored == expected


def test_batches_add_up(tmp_path: Path) -> None:
    """A minute's counts may come in any number of batches."""
    with Store.open(tmp_path) as store:
        for observation in worm():
            store.write(changes([observation]), plain, NOON)
        with store.snapshot() as db:
            [totals] = clients.totals(db, 0).values()
    assert totals["lookup"] == 30
    assert totals["type:MX"] == 10
    assert totals["rcode:NXDOMAIN"] == 10


def test_a_batch_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    """When a write fails halfway nothing of it stands there, and the next one succeeds."""
    with Store.open(tmp_path) as store:
        with store.snapshot() as db:
            db.execute(
                "CREATE TEMP TRIGGER broken BEFORE INSERT ON site"
                " BEGIN SELECT raise(ABORT, 'no'); END"
            )
        with pytest.raises(StoreError):
            store.write(changes(worm()), plain, NOON)
        with store.snapshot() as db:
            assert clients.clients(db) == []
            db.execute("DROP TRIGGER broken")
        store.write(changes(worm()), plain, NOON)
        with store.snapshot() as db:
            assert len(clients.clients(db)) == 1


def test_a_full_disk_is_said_and_overcome(tmp_path: Path) -> None:
    """A full disk is a `StoreError` that says so; with room again the same batch goes through."""
    crowd = changes([asked(n, f"10.1.{n // 250}.{n % 250}", "a.example") for n in range(5000)])
    with Store.open(tmp_path) as store:
        with store.snapshot() as db:
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match="is full: make room"):
            store.write(crowd, plain, NOON)
        with store.snapshot() as db:
            db.execute("PRAGMA max_page_count = 1000000")
        store.write(crowd, plain, NOON)
        with store.snapshot() as db:
            assert len(clients.clients(db)) == 5000
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_mail_related_lookup_is_kept_with_its_answer(tmp_path: Path) -> None:
    """A single mail-related lookup keeps time, client, kind, name and answer."""
    record(tmp_path, worm()[:2])
    with Store.read(tmp_path) as store, store.snapshot() as db:
        address, mx = clients.last_lookups(db, [1], since=0, limit=10)
    assert (mx.at, mx.key, mx.kind, mx.qname) == (NOON, "10.0.0.66", "mx", "victim0.example")
    assert mx.exchanges == ("mx.victim0.example",)
    assert (address.kind, address.domain) == ("exchange", "victim0.example")
    assert address.addresses == (("192.0.2.0", 300),)
    assert address.new == 1


def test_the_watch_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What has not expired, and the mail domains asked for lately, come back as they were."""
    record(
        tmp_path,
        [
            asked(0, "10.0.0.66", "old.example", Type.MX, exchanges=["mx.old.example"]),
            asked(0, "10.0.0.1", "short.example", gives=["192.0.2.1"], ttl=10),
            asked(80000, "10.0.0.66", "new.example", Type.MX, exchanges=["mx.new.example"]),
            asked(80000, "10.0.0.1", "long.example", gives=["2001:db8::1"], ttl=20000),
            asked(80001, "10.0.0.1", "long.example", gives=["2001:db8::1"], ttl=10),
        ],
    )
    with Store.open(tmp_path) as store:
        remembered = store.restore(NOON + 87000)
    long = CacheEntry(NOON + 100000, NOON + 80000, refreshes=1)
    assert remembered.entries == {ip_address("2001:db8::1").packed: long}
    [domain] = remembered.domains
    assert domain.domain == from_text("new.example")
    assert domain.exchanges == (from_text("mx.new.example"),)
    assert (domain.at, domain.ttl) == (NOON + 80000, 300)


def test_the_lives_of_an_address_add_up(tmp_path: Path) -> None:
    """An address that expired and came back keeps the refreshes of its earlier lives."""
    for start in (0, 1000):
        lookups = [asked(start + n, "10.0.0.1", "a.example", gives=["192.0.2.1"]) for n in range(4)]
        record(tmp_path, lookups)
    with Store.read(tmp_path) as store, store.snapshot() as db:
        [entry] = site.most_refreshed(db, limit=5)
    assert (entry.lives, entry.refreshes, entry.first_seen) == (2, 6, NOON + 1000)


def test_health_keeps_the_last_state_and_the_sums(tmp_path: Path) -> None:
    """An upstream's state is the last one told, its answers and failures are sums."""
    with Store.open(tmp_path) as store:
        for at, up in ((0, True), (9, False)):
            told = changes([])
            told.hear(0, HealthReport("udp://192.0.2.53", up, 0.02, 5, 1))
            store.write(told, plain, NOON + at)
        with store.snapshot() as db:
            [upstream] = site.upstreams(db)
    assert (upstream.up, upstream.at) == (False, NOON + 9)
    assert (upstream.answers, upstream.failures) == (10, 2)


def test_identities_name_clients_and_nobody_else(tmp_path: Path) -> None:
    """A name is kept for a client that asked something, and of nobody else."""
    record(tmp_path, worm())
    with Store.open(tmp_path) as store:
        who = Identity("reception", "02:00:00:00:00:66", "leases")
        store.write_identities([("10.0.0.66", who), ("10.0.0.99", who)])
        with store.snapshot() as db:
            assert clients.names(db) == [("10.0.0.66", "reception")]


def test_a_machine_keeps_its_name_and_an_address_does_not(tmp_path: Path) -> None:
    """A machine whose lease ended keeps its name; an address that went to another one loses it."""
    record(tmp_path, worm())
    with Store.open(tmp_path) as store:

        def named(name: str | None, machine: str) -> str | None:
            store.write_identities([("10.0.0.66", Identity(name, machine, "leases"))])
            with store.snapshot() as db:
                return clients.names(db)[0][1]

        assert named("reception", "02:00:00:00:00:66") == "reception"
        assert named(None, "02:00:00:00:00:66") == "reception"
        assert named(None, "02:00:00:00:00:77") is None


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    """The directory and all files of the store are for their owner alone."""
    state = tmp_path / "deep" / "state"
    with Store.open(state) as store:
        store.write(changes(worm()), plain, NOON)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert modes == {0o600}


def test_the_file_can_be_read_with_sqlite_alone(tmp_path: Path) -> None:
    """The store is an ordinary SQLite file, in WAL mode, that can shrink."""
    record(tmp_path, worm())
    with sqlite3.connect(tmp_path / "dnswatch.db") as conn:
        assert conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert conn.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
        assert conn.execute("SELECT count(*) FROM lookup").fetchone()[0] == 30
    conn.close()


def test_an_expiry_that_no_watch_counted_is_left_to_the_next(tmp_path: Path) -> None:
    """A restart brings back what was alive when the records end, not what is alive now."""
    told = Changes(until=NOON + 10)
    told.entries.add(bytes((192, 0, 2, 1)), packed((NOON, NOON + 60, 0, 0)))
    told.entries.add(bytes(16), packed((NOON, NOON + 5, 0, 0)))
    with Store.open(tmp_path) as store:
        store.write(told, plain, NOON + 10)
        assert list(store.restore(NOON + 9000).entries) == [bytes((192, 0, 2, 1))]
