"""The store as a replica: what is written in one store is in the others, whatever is cut short."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.model.changes import Cursor
from dnswatch.settings import Records, Size
from dnswatch.store import Store, events, orders, replica
from dnswatch.store.bay import findings
from dnswatch.store.replica import Position, TablePart
from dnswatch.store.sqlite import Database
from tests.records import NOON, changes, plain, worm

FENCE = 7


def rows(db: Database) -> dict[str, list[Any]]:
    """Return all that a replica must hold."""
    found = {
        name: sorted(db.conn.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for name in replica.tables(db)
    }
    return found | {
        "numbers": [
            row
            for row in db.conn.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name")
            if row[0] not in replica.LOCAL
        ]
    }


class Pair:
    """A store that leads, and one that follows it."""

    def __init__(self, folder: Path) -> None:
        self.leader, self.follower = folder / "leader", folder / "follower"
        with Store.open(self.leader) as store, store.snapshot() as db:
            replica.lead(db, FENCE)
        self.copy()

    def ship(self) -> bool:
        """Ship what changed, and apply it there; return whether there was anything."""
        with Store.open(self.leader) as store:
            with store.snapshot() as db:
                version, here = replica.changed(db), replica.read(db)
            if version is None:
                return False
            assert here.position is not None
            position = Position(FENCE, here.position.number + 1)
            with Store.open(self.follower) as other, other.snapshot() as db:
                replica.apply(db, position, version.parts)
            with store.snapshot() as db:
                replica.shipped(db, position, version.noted)
        return True

    def copy(self) -> None:
        """Copy the whole store."""
        with Store.open(self.leader) as store, store.snapshot() as db:
            found, parts = replica.read(db), list(replica.whole(db, most=3))
            assert found.position is not None
        with Store.open(self.follower) as store, store.snapshot() as db:
            replica.replace(db, found.position, parts)

    def compare(self) -> None:
        """See that both hold the same, row by row, and the same version."""
        found = []
        for state in (self.leader, self.follower):
            with Store.open(state) as store, store.snapshot() as db:
                known = replica.read(db)
                found.append((rows(db), known.position, known.is_ahead))
        assert found[0] == found[1]
        assert not known.is_ahead


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_a_watchs_work_is_the_same_on_both(pair: Pair) -> None:
    """Counts, lookups, evidence, verdicts, orders, cursor and retention arrive as they were."""
    with Store.open(pair.leader) as store:
        for number in range(3):
            made = changes(worm(f"10.0.0.{number}"))
            made.cursors = (Cursor(1, number),)
            store.write(made, plain, NOON)
            if number == 1:
                pair.ship()
        with store.snapshot() as db:
            orders.enable(db, "delay", "root", NOON)
            findings.add(db, NOON, "10.0.0.1", "suspicious", "m1", "why")
        pair.ship()
        pair.compare()
        while store.keep(Records(size=Size(1 << 17)), NOON + 100):
            pair.ship()
    assert pair.ship()
    pair.compare()


def test_a_version_that_breaks_off_changes_nothing(pair: Pair) -> None:
    """A follower that is killed in a version holds the one before, with its number."""
    with Store.open(pair.leader) as store:
        store.write(changes(worm("10.0.0.1")), plain, NOON)
        with store.snapshot() as db:
            version = replica.changed(db)
    assert version is not None

    def cut() -> Iterator[TablePart]:
        yield from version.parts
        raise KeyboardInterrupt

    with Store.open(pair.follower) as store:
        with store.snapshot() as db:
            before = rows(db), replica.read(db)
        with pytest.raises(KeyboardInterrupt), store.snapshot() as db:
            replica.replace(db, Position(FENCE, 9), cut())
        with store.snapshot() as db:
            assert (rows(db), replica.read(db)) == before
    pair.ship()
    pair.compare()


def test_only_a_leader_notes_what_it_changes(tmp_path: Path) -> None:
    """A store without a fleet, and one that left its fleet, note nothing."""
    with Store.open(tmp_path) as store:
        store.write(changes(worm("10.0.0.1")), plain, NOON)
        with store.snapshot() as db:
            assert replica.read(db) == (None, 0, False)
            replica.lead(db, FENCE)
        store.write(changes(worm("10.0.0.2")), plain, NOON)
        with store.snapshot() as db:
            assert replica.read(db) == (Position(FENCE, 0), FENCE, True)
            replica.leave(db)
        store.write(changes(worm("10.0.0.3")), plain, NOON)
        with store.snapshot() as db:
            assert replica.read(db) == (None, 0, False)


def test_what_changes_while_it_is_shipped_is_shipped_next(pair: Pair) -> None:
    """A row that is touched again between reading and noting is in the next version, too."""
    with Store.open(pair.leader) as store:
        with store.snapshot() as db:
            orders.enable(db, "delay", "root", NOON)
            version = replica.changed(db)
        assert version is not None
        with store.snapshot() as db:
            orders.enable(db, "delay", "root", NOON, dry_run=True)
            replica.shipped(db, Position(FENCE, 1), version.noted)
    with Store.open(pair.follower) as store, store.snapshot() as db:
        replica.apply(db, Position(FENCE, 1), version.parts)
    pair.ship()
    pair.compare()


def test_numbers_go_on_where_the_last_one_is_gone(pair: Pair) -> None:
    """A number that was given and deleted before anybody saw it is not given again elsewhere."""
    with Store.open(pair.leader) as store, store.snapshot() as db:
        findings.add(db, NOON, "10.0.0.1", "suspicious", "m1", "why")
        db.conn.execute("DELETE FROM finding")
    pair.ship()
    with Store.open(pair.follower) as store, store.snapshot() as db:
        findings.add(db, NOON, "10.0.0.1", "suspicious", "m2", "why")
        assert [found.number for found in findings.after(db, 0)] == [2]


KEYS = st.integers(0, 4)
COUNTS = st.integers(-5, 5)
STATEMENTS = {
    "INSERT OR IGNORE INTO measure (name) VALUES ('m' || ?1)": 1,
    "INSERT OR REPLACE INTO measure (id, name) VALUES (?1, 'm' || ?2)": 2,
    "INSERT INTO client (key, first_seen, last_seen) VALUES ('c' || ?1, ?2, ?2)"
    " ON CONFLICT (key) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)": 2,
    "UPDATE client SET name = 'n' || ?2 WHERE id = ?1": 2,
    "UPDATE OR IGNORE client SET id = ?2 WHERE id = ?1": 2,
    "INSERT INTO tally VALUES (?1 * 60, ?2, ?3, ?4)"
    " ON CONFLICT DO UPDATE SET count = count + excluded.count": 4,
    "INSERT INTO tally SELECT ?1 * 60, client, measure, count FROM tally WHERE start = ?2 * 60"
    " ON CONFLICT DO UPDATE SET count = count + excluded.count": 2,
    "DELETE FROM tally WHERE start = ?1 * 60": 1,
    "INSERT OR REPLACE INTO evidence VALUES ('c' || ?1, CAST(?2 AS BLOB))": 2,
    "DELETE FROM evidence WHERE client = 'c' || ?1": 1,
    "INSERT OR REPLACE INTO detector VALUES (1, CAST(?1 AS BLOB), ?2)": 2,
    "INSERT INTO change (at, about, client, text, cause, actor)"
    " VALUES (?1, 'x', NULL, '', '', '')": 1,
    "DELETE FROM change WHERE id >= ?1": 1,
    "INSERT OR REPLACE INTO overrule VALUES ('c\"' || ?1, 'trust', ?2, NULL, 'é', 'root')": 2,
    "INSERT INTO health VALUES ('n', ?1, 'u', 1.5, 1, 0.1, ?2, 0, 1)"
    " ON CONFLICT DO UPDATE SET answers = answers + excluded.answers": 2,
    "DELETE FROM client WHERE id = ?1": 1,
    "DELETE FROM measure": 0,
}
WRITES = st.one_of(
    *(
        st.tuples(st.just(text), st.tuples(*(KEYS if n < 3 else COUNTS for n in range(count))))
        for text, count in STATEMENTS.items()
    )
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(st.lists(WRITES, min_size=1, max_size=6), st.sampled_from(("ship", "copy"))),
        max_size=20,
    )
)
def test_any_writes_make_the_same_rows(steps: list[Any]) -> None:
    """Whatever is written, and however it is written, is in the other store when it is shipped."""
    with TemporaryDirectory() as folder:
        pair = Pair(Path(folder))
        for step in steps:
            if step == "ship":
                pair.ship()
            elif step == "copy":
                pair.ship()
                pair.copy()
            else:
                with Store.open(pair.leader) as store, store.snapshot() as db:
                    for statement, values in step:
                        db.conn.execute(statement, values)
        pair.ship()
        pair.compare()


def test_a_copy_leaves_what_is_of_the_machine(pair: Pair) -> None:
    """What waits to be told to the leader still waits when the store was copied anew."""
    with Store.open(pair.follower) as store, store.snapshot() as db:
        db.conn.execute(
            "INSERT INTO found (at, client, verdict, ident, reason) VALUES (1, 'c', 'v', 'i', 'r')"
        )
    pair.copy()
    with Store.open(pair.follower) as store, store.snapshot() as db:
        assert db.conn.execute("SELECT count(*) FROM found").fetchone() == (1,)


def test_copies_have_the_name_of_what_they_are_copies_of(pair: Pair) -> None:
    """Whoever tells of changes numbers them by one store on all nodes, also after they parted."""
    found = []
    for state in (pair.leader, pair.follower):
        with Store.open(state) as store, store.snapshot() as db:
            found.append((events.store_name(db), events.is_copy(db)))
            replica.leave(db)
            found.append((events.store_name(db), events.is_copy(db)))
    name = found[0][0]
    assert found == [(name, False), (name, False), (name, True), (name, True)]


def test_each_shared_table_has_a_primary_key(pair: Pair) -> None:
    """A row is named by it; without one its changes could be told to nobody."""
    with Store.open(pair.leader) as store, store.snapshot() as db:
        keys = {name: db.table(name).pks for name in replica.tables(db)}
    assert "rowid" not in {column for columns in keys.values() for column in columns}
    assert len(keys) > 15
