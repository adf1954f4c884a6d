"""The store as a replica: what one node of a fleet writes stands in the stores of all its nodes.

A *version* is what changed since the one before, as it stood at one moment: the present state of
each row that was touched, or that it is gone.  It is applied in one transaction, with its
`Position`; so evidence, cursor and records are of one moment on each node.  Each version says which
one it follows: what does not follow a store's own is refused, and the store is to be copied anew.

Only a store that leads notes what it changes: triggers write table and primary key into `outbox`,
whoever writes.  What is of a machine alone (`LOCAL`) is not shared.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from dnswatch.store import schema
from dnswatch.store.events import store_name
from dnswatch.store.sqlite import Database

LOCAL: Final = frozenset({"_sqlite_migrations", "outbox", "replica", "found", "counted"})
"""Tables that stay on their node, beside SQLite's own."""

_SEQUENCES: Final = "sqlite_sequence"
_NAME: Final = "name"
"""Part of a copy that is no table: the name of the store that it is a copy of."""


class Position(NamedTuple):
    """Which version a store holds: who led, and how many pieces were shipped up to it."""

    fence: int
    number: int

    def __str__(self) -> str:
        """Write it as the engine writes entries' IDs."""
        return f"{self.fence}-{self.number}"


class ReplicaState(NamedTuple):
    """What a store knows of itself."""

    position: Position | None
    "None for a store that was in no fleet yet."
    led: int
    "Fence under which it led last; 0 if it never did."
    is_ahead: bool
    "It holds changes of its own that were not shipped, as far as it knows."


class TablePart(NamedTuple):
    """Some of what changed in one table."""

    table: str
    gone: list[list[Any]]
    "Primary keys."
    rows: list[list[Any]]
    "As they stand now, all columns."


class StoreVersion(NamedTuple):
    """What changed."""

    parts: list[TablePart]
    noted: int
    "Number of the last change among them in this store's outbox."


def read(db: Database) -> ReplicaState:
    """Tell what a store knows of itself."""
    row = db.conn.execute("SELECT fence, number, led FROM replica").fetchone()
    (ahead,) = db.conn.execute("SELECT EXISTS (SELECT 1 FROM outbox)").fetchone()
    if row is None or not row[0]:
        return ReplicaState(None, 0, bool(ahead))
    return ReplicaState(Position(row[0], row[1]), row[2], bool(ahead))


def lead(db: Database, fence: int) -> Position:
    """Note from now on what is changed, to lead under a fence; return the version it begins at."""
    position = read(db).position or Position(fence, 0)
    _stand_at(db, position, fence)
    _drop_triggers(db)
    for table in tables(db):
        for statement in _triggers(table, _key_columns(db, table)):
            db.conn.execute(statement)
    return position


def leave(db: Database) -> None:
    """Be no replica any more: what is changed from now on is this store's alone."""
    if read(db).position is None:
        return  # it is none
    _drop_triggers(db)
    db.conn.execute("DELETE FROM outbox")
    _stand_at(db, Position(0, 0), 0)  # its name stays: whoever tells of changes goes by that


def changed(db: Database) -> StoreVersion | None:
    """Return what is to be shipped next; None where nothing changed.  Call it in a transaction."""
    (noted,) = db.conn.execute("SELECT max(number) FROM outbox").fetchone()
    if noted is None:
        return None
    named = [table for (table,) in db.conn.execute("SELECT DISTINCT name FROM outbox")]
    parts = [_part(db, table) for table in named]
    return StoreVersion([*parts, _sequences(db)], noted)


def shipped(db: Database, position: Position, noted: int) -> None:
    """Note that all up to a change was shipped, as the version `position`."""
    db.conn.execute("DELETE FROM outbox WHERE number <= ?", (noted,))
    db.conn.execute("UPDATE replica SET fence = ?, number = ?", position)


def adopt(db: Database, position: Position) -> None:
    """Note that a version holds nothing new: this store shipped it, and was stopped before."""
    db.conn.execute("UPDATE replica SET fence = ?, number = ?", position)


def apply(db: Database, position: Position, parts: list[TablePart]) -> None:
    """Take over a version.  Call it in a transaction."""
    _drop_triggers(db)
    for part in parts:
        if part.gone:
            keys = " AND ".join(f"{column} = ?" for column in _key_columns(db, part.table))
            db.conn.executemany(f"DELETE FROM {part.table} WHERE {keys}", part.gone)  # noqa: S608
    for part in parts:
        _put(db, part)
    _stand_at(db, position, 0)


def whole(db: Database, most: int = 1000) -> Iterator[TablePart]:
    """Yield all that a replica must hold, up to `most` rows at a time; in one transaction."""
    yield TablePart(_NAME, [], [[store_name(db)]])
    for table in tables(db):
        found = db.conn.execute(f"SELECT * FROM {table}")  # noqa: S608 a name of ours
        while rows := found.fetchmany(most):
            yield TablePart(table, [], [list(row) for row in rows])
    yield _sequences(db)


def replace(db: Database, position: Position, parts: Iterable[TablePart]) -> None:
    """Become the copy of another store.  Call it in a transaction."""
    _drop_triggers(db)
    _stand_at(db, position, 0)
    db.conn.execute("DELETE FROM outbox")
    for table in tables(db):
        db.conn.execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    for part in parts:
        _put(db, part)


def is_empty(db: Database) -> bool:
    """Say whether a store holds nothing that anybody could miss."""
    found = (db.conn.execute(f"SELECT EXISTS (SELECT 1 FROM {name})") for name in tables(db))  # noqa: S608
    return not any(row[0] for each in found for row in each)


def form() -> str:
    """Name the form of the tables: nodes understand each other's versions where it is the same."""
    known = schema.known()
    return f"{len(known)} {known[-1]}"


def tables(db: Database) -> list[str]:
    """Name the tables that are shared."""
    names = db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in names if name not in LOCAL and not name.startswith("sqlite_")]


def _stand_at(db: Database, position: Position, led: int) -> None:
    name = store_name(db)
    db.conn.execute("DELETE FROM replica")
    db.conn.execute("INSERT INTO replica VALUES (1, ?, ?, ?, ?)", (*position, led, name))


def _put(db: Database, part: TablePart) -> None:
    if part.table == _NAME:
        db.conn.executemany("UPDATE replica SET name = ?", part.rows)
    elif part.table == _SEQUENCES:
        db.conn.executemany("DELETE FROM sqlite_sequence WHERE name = ?", _first(part.rows))
        db.conn.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", part.rows)
    elif part.rows:
        marks = ", ".join("?" * len(part.rows[0]))
        statement = f"INSERT OR REPLACE INTO {part.table} VALUES ({marks})"  # noqa: S608
        db.conn.executemany(statement, part.rows)


def _first(rows: list[list[Any]]) -> list[tuple[Any]]:
    return [(row[0],) for row in rows]


def _sequences(db: Database) -> TablePart:
    """Return the last numbers of tables that give none twice."""
    found = db.conn.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return TablePart(_SEQUENCES, [], [list(row) for row in found if row[0] not in LOCAL])


def _part(db: Database, table: str) -> TablePart:
    columns = _key_columns(db, table)
    key = [f"json_extract(outbox.key, '$[{place}]')" for place in range(len(columns))]
    fits = " AND ".join(
        f"{table}.{column} = {one}" for column, one in zip(columns, key, strict=True)
    )
    rows = db.conn.execute(
        f"SELECT {table}.* FROM outbox CROSS JOIN {table} ON {fits} WHERE outbox.name = ?",  # noqa: S608
        (table,),
    ).fetchall()
    gone = db.conn.execute(
        f"SELECT {', '.join(key)} FROM outbox WHERE outbox.name = ?"  # noqa: S608
        f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE {fits})",
        (table,),
    ).fetchall()
    return TablePart(table, [list(one) for one in gone], [list(row) for row in rows])


def _key_columns(db: Database, table: str) -> list[str]:
    """Name the columns of a table's primary key, in its order."""
    found = db.conn.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))
    return [name for (name,) in found]


def _triggers(table: str, key: list[str]) -> Iterator[str]:
    """Yield the statements that have each change of a table noted.

    No statement in them can meet a conflict: the policy of whoever fires a trigger (INSERT OR
    IGNORE) would go before its own (SQLite, CREATE TRIGGER).
    """
    for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        noting = " ".join(_note(table, [f"{row}.{column}" for column in key]) for row in rows)
        yield f"CREATE TRIGGER replica_{table}_{event} AFTER {event} ON {table} BEGIN {noting} END"


def _note(table: str, key: list[str]) -> str:
    named = f"json_array({', '.join(key)})"
    return (
        f"DELETE FROM outbox WHERE name = '{table}' AND key = {named};"  # noqa: S608 names of ours
        f" INSERT INTO outbox (name, key) VALUES ('{table}', {named});"
    )


def _drop_triggers(db: Database) -> None:
    found = db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in found:
        if name.startswith("replica_"):
            db.conn.execute(f"DROP TRIGGER {name}")
