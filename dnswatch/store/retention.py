"""Retention: what is old goes, what is large goes sooner, and the file shrinks.

Rules of this file: nothing that is known of a client outlives `records.retention`; counts by the
minute become counts by the hour after `records.minutes`; where the store is larger than
`records.size`, its oldest hours go one after the other.  Each step is one short transaction.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlite_utils import Database

from dnswatch.settings import Records
from dnswatch.store.database import WAL_LIMIT

HOUR: Final = 3600
STEPS: Final = 50
"""Transactions in one call of `keep`, at most."""
_PAGES: Final = 1000
"""Pages that one step gives back to the disk, at most: 4 MB."""


def keep(db: Database, records: Records, now: float) -> bool:
    """Take up to `STEPS` steps; return whether more may be left."""
    taken = sum(1 for _ in islice(_steps(db, records, now), STEPS))
    _truncate_log(db)
    return taken == STEPS


def _steps(db: Database, records: Records, now: float) -> Iterator[None]:
    yield from _forget(db, now - records.retention)
    yield from _sum_up(db, now - records.minutes)
    # What the log may take between two checkpoints does not stand in the file.
    room = records.size - min(WAL_LIMIT, records.size // 4)
    while _used(db) > room and (oldest := _oldest(db)) is not None and oldest < now:
        yield from _forget(db, min(now, (oldest // HOUR + 1) * HOUR))
    while _number(db, "PRAGMA freelist_count"):
        # Each page that goes is a row without columns: `execute` would stop at the first.
        db.conn.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
        yield


def _forget(db: Database, before: float) -> Iterator[None]:
    """Delete what ended before a moment; a client that goes on was first seen after it."""
    for statements in _COUNTS:
        for start in _starts(db, statements, before):
            _do(db, statements.delete, start)
            yield
    for statement in _DELETE_SINGLE:
        while _do(db, statement, before):
            yield
    _do(db, _SEE_LATER, before, (before // HOUR + 1) * HOUR)


def _sum_up(db: Database, before: float) -> Iterator[None]:
    """Add the counts of each minute before a moment to those of its hour's first minute."""
    for statements in _COUNTS:
        for start in _starts(db, statements, before // HOUR * HOUR):
            if start % HOUR:
                with db.atomic():
                    db.conn.execute(statements.add, (start - start % HOUR, start))
                    db.conn.execute(statements.delete, (start,))
                yield


def _starts(db: Database, statements: "_Counts", before: float) -> Iterator[int]:
    """Yield each start before a moment, by one look into the index each."""
    start = _number(db, statements.next, -1)
    while start is not None and start < before:
        yield start
        start = _number(db, statements.next, start)


def _oldest(db: Database) -> float | None:
    """When the oldest record ends that may go for want of room, Unix seconds."""
    ends = [_number(db, statements.next, -1) for statements in _COUNTS]
    ends += [
        _number(db, "SELECT min(at) FROM lookup"),
        _number(db, "SELECT min(expiry) FROM entry"),
    ]
    return min((end for end in ends if end is not None), default=None)


def _used(db: Database) -> int:
    """Count the bytes that records take, without the free pages among them."""
    pages: int = _number(db, "PRAGMA page_count") - _number(db, "PRAGMA freelist_count")
    return pages * int(_number(db, "PRAGMA page_size"))


def _truncate_log(db: Database) -> None:
    """Bring the write-ahead log home; a reader may be in the way, then the next call does it."""
    patience = _number(db, "PRAGMA busy_timeout")
    db.conn.execute("PRAGMA busy_timeout = 50")
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.conn.execute(f"PRAGMA busy_timeout = {patience}")


def _number(db: Database, statement: str, *parameters: object) -> Any:
    """Return the one number that a statement asks for; None where there is none."""
    return db.conn.execute(statement, parameters).fetchone()[0]


def _do(db: Database, statement: str, *parameters: object) -> int:
    """Run one statement in a transaction of its own; return how many rows it changed."""
    with db.atomic():
        return db.conn.execute(statement, parameters).rowcount


class _Counts(NamedTuple):
    """The statements for one table of counts."""

    next: str
    delete: str
    add: str


_COUNTS: Final = (
    _Counts(
        next="SELECT min(start) FROM tally WHERE start > ?",
        delete="DELETE FROM tally WHERE start = ?",
        add="INSERT INTO tally SELECT ?, client, measure, count FROM tally WHERE start = ?"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
    ),
    _Counts(
        next="SELECT min(start) FROM site WHERE start > ?",
        delete="DELETE FROM site WHERE start = ?",
        add="INSERT INTO site SELECT ?, measure, count FROM site WHERE start = ?"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
    ),
    _Counts(
        next="SELECT min(start) FROM counter WHERE start > ?",
        delete="DELETE FROM counter WHERE start = ?",
        add="INSERT INTO counter SELECT ?, name, count FROM counter WHERE start = ?"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
    ),
)
_DELETE_SINGLE: Final = (
    "DELETE FROM lookup WHERE id IN (SELECT id FROM lookup WHERE at < ? LIMIT 5000)",
    "DELETE FROM entry WHERE address IN (SELECT address FROM entry WHERE expiry < ? LIMIT 5000)",
    "DELETE FROM client WHERE id IN (SELECT id FROM client WHERE last_seen < ? LIMIT 5000)",
    "DELETE FROM health WHERE at < ?",
    "DELETE FROM change WHERE at < ?",
    "DELETE FROM verdict WHERE until < ?",
    "DELETE FROM overrule WHERE until < ?",
    "DELETE FROM quarantined WHERE until < ?",
    "DELETE FROM finding WHERE at < ?",
)
_SEE_LATER: Final = "UPDATE client SET first_seen = ?2 WHERE first_seen < ?1"
