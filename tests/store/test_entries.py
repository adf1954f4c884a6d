"""However the states of entries are written, and whenever they become rows, they tell the same."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.changes import Changes
from dnswatch.model.exchanges import Exchanges
from dnswatch.model.groups import packed
from dnswatch.model.watch import Watch
from dnswatch.settings import Records
from dnswatch.settings.units import Size
from dnswatch.store import Store, entries
from dnswatch.store.schema import MIGRATIONS
from dnswatch.store.sqlite import Database
from tests.records import NOON, asked, plain

ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]

steps = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(ADDRESSES),
        st.integers(0, 20),
        st.sampled_from(["fold", "fold", "fold", "write", "settle", "restart"]),
    ),
    max_size=40,
)


def plainly(lives: list[tuple[str, float, float, int]]) -> dict[str, tuple[int, int, float]]:
    """Say of each address how many lives it had, how often it was refreshed, and its last end."""
    return {
        one: (
            len(theirs := [life for life in lives if life[0] == one]),
            sum(refreshes for *_, refreshes in theirs),
            max(theirs, key=lambda life: life[1])[2],
        )
        for one in {address for address, *_ in lives}
    }


@settings(max_examples=30, deadline=None)
@given(steps)
def test_log_and_rows_together_tell_every_life(steps: list[tuple[int, str, int, str]]) -> None:
    """Lives, refreshes and ends are those of the lookups, whatever was settled or restarted."""
    with TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        watch, at = Watch(1000), 0
        lives: list[tuple[str, float, float, int]] = []
        for step, address, ttl, what in steps:
            at += step
            if what == "fold":
                watch.fold(asked(at, "10.0.0.1", "a.example", gives=[address], ttl=ttl))
                add(lives, address, NOON + at, ttl)
                continue
            watch.expire(NOON + at)
            store.write(watch.drain(), plain, NOON + at)
            if what != "write":
                with store.snapshot() as db:
                    entries.settle(db)
            if what == "restart":
                known = store.restore(NOON + at)
                watch = Watch(1000)
                watch.restore(known.entries, Exchanges())
        store.write(watch.drain(), plain, NOON + at)
        with store.snapshot() as db:
            assert shown(db) == plainly(lives)
            entries.settle(db, most=0)
            assert shown(db) == plainly(lives)
            assert db.conn.execute("SELECT count(*) FROM entry_log").fetchone() == (0,)


def add(lives: list[tuple[str, float, float, int]], address: str, at: float, ttl: int) -> None:
    """Take an answer into the lives, by the definition of the site cache."""
    last = max((n for n, life in enumerate(lives) if life[0] == address), default=None)
    if last is not None and at < lives[last][2]:
        _, begun, end, refreshes = lives[last]
        lives[last] = address, begun, max(end, at + ttl), refreshes + 1
    elif last is not None and lives[last][1] == at:
        lives[last] = address, at, at + ttl, 0  # two of one moment are one to the store
    else:
        lives.append((address, at, at + ttl, 0))


def shown(db: Database) -> dict[str, tuple[int, int, float]]:
    """Read what readers see."""
    entries.show(db)
    rows = db.conn.execute(
        "SELECT address, lives, refreshes + earlier_refreshes, expiry FROM entry_now"
    )
    return {address: (lives, refreshes, expiry) for address, lives, refreshes, expiry in rows}


def touched(count: int, expiry: float, first_seen: float = 0.0) -> Changes:
    """Tell of so many addresses that live until then."""
    found = Changes(until=NOON)
    for number in range(count):
        found.entries.add(b"\x0a" + number.to_bytes(3), packed((first_seen, expiry, 0, 0)))
    return found


@pytest.mark.parametrize(("expiry", "rows"), [(NOON + 9, 2001), (NOON, 2001)])
def test_a_long_log_becomes_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expiry: float, rows: int
) -> None:
    """What ended goes into rows, and what lives as well where it is too much to be kept."""
    monkeypatch.setattr(entries, "MOST", 2000)
    with Store.open(tmp_path) as store:
        store.write(touched(2001, expiry), plain, NOON)
        with store.snapshot() as db:
            assert db.conn.execute("SELECT count(*) FROM entry").fetchone() == (rows,)
        assert len(store.restore(NOON).entries) == (2001 if expiry > NOON else 0)


def test_what_lives_on_costs_no_row(tmp_path: Path) -> None:
    """A few addresses that are sent again in each second stand in the log, by their last state."""
    with Store.open(tmp_path) as store:
        for second in range(entries.WRITES + 1):
            store.write(touched(3, NOON + 300 + second), plain, NOON + second)
        with store.snapshot() as db:
            assert db.conn.execute("SELECT count(*) FROM entry").fetchone() == (0,)
            assert db.conn.execute("SELECT sum(count) FROM entry_log").fetchone() == (3,)
            entries.show(db)
            assert db.conn.execute("SELECT count(*) FROM entry_now").fetchone() == (3,)
    with Store.read(tmp_path) as store, store.snapshot() as db:
        assert db.conn.execute("SELECT count(*) FROM entry").fetchone() == (3,)


def test_a_small_store_has_a_short_log(tmp_path: Path) -> None:
    """What is appended takes a tenth of the room that records may take, however little that is."""
    with Store.open(tmp_path) as store:
        store.make_room(Records(size=Size(1_000_000)), NOON)
        store.write(touched(3000, NOON + 300), plain, NOON)
        with store.snapshot() as db:
            assert db.conn.execute("SELECT count(*) FROM entry_log").fetchone() == (0,)
            assert db.conn.execute("SELECT count(*) FROM entry").fetchone() == (3000,)


def test_a_log_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """States that an earlier dnswatch appended, as MessagePack, are there after the migration."""
    earlier = [
        (bytes((192, 0, 2, 1)), CacheEntry(NOON + 60, NOON)),
        (bytes(16), CacheEntry(NOON + 90, NOON, 2, 1)),
        (bytes((192, 0, 2, 1)), CacheEntry(NOON + 80, NOON, 1)),
    ]
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="packed_states")
    states = msgspec.msgpack.encode(earlier)
    db.conn.execute("INSERT INTO entry_log (count, states) VALUES (3, ?)", (states,))
    MIGRATIONS.apply(db)
    assert entries.restore(db) == dict(earlier)
