"""Retention: what is old goes, what is large goes sooner, and the file shrinks.

Rules of this file: nothing that is known of a client outlives `records.retention`; counts by the
minute become counts by the hour after `records.minutes`; where the files would be larger than
`records.size`, room is made before anything is written, by what is worth least: first the crowds of
passers-by, which is what forged sources look like, from the hour that has most of them; then the
oldest hours of all clients but those that are *held*, by a verdict or by a person's word; then
evidence against others than those; and what is known of those last.  Each step is one short
transaction.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from dnswatch.model.policies.standing import RUNGS
from dnswatch.settings import Records
from dnswatch.store.database import WAL_LIMIT
from dnswatch.store.sqlite import Database

HOUR: Final = 3600
STEPS: Final = 50
"""Transactions in one call of `keep`, at most."""
ROOM_STEPS: Final = 5
"""Transactions in one call of `make_room`, at most: a write waits for it."""
_INDEX: Final = 1 << 15
"""Bytes of the log's index: as much for each 4,096 pages in the log."""
HELD_SHARE: Final = RUNGS["likely"]
"""Of the alarm's threshold: a verdict that no forged source can bring upon a client."""
_PAGES: Final = 1000
"""Pages that one step gives back to the disk, and that the log takes between two checkpoints."""


def keep(db: Database, records: Records, now: float) -> bool:
    """Take up to `STEPS` steps; return whether more may be left."""
    taken = sum(1 for _ in islice(_steps(db, records, now), STEPS))
    _truncate_log(db)
    return taken == STEPS


def make_room(db: Database, size: int, now: float) -> None:
    """Take up to `ROOM_STEPS` steps towards files of at most `size` bytes.

    It costs nothing where there is room, so that it can come before each write.
    """
    for _ in islice(_shrink(db, size, now), ROOM_STEPS):
        pass


def _steps(db: Database, records: Records, now: float) -> Iterator[None]:
    yield from _forget(db, now - records.retention)
    yield from _sum_up(db, now - records.minutes)
    yield from _shrink(db, records.size, now)
    yield from _give_back(db, _PAGES)


def _shrink(db: Database, size: int, now: float) -> Iterator[None]:
    # What the log may take between two checkpoints does not stand in the file.
    log = min(WAL_LIMIT, size // 4)
    page = int(_number(db, "PRAGMA page_size"))
    pages = max(1, min(_PAGES, log // page // 2))
    db.conn.execute(f"PRAGMA wal_autocheckpoint = {pages}")
    db.conn.execute(f"PRAGMA journal_size_limit = {log}")
    room = size - log - _INDEX
    if _number(db, "PRAGMA page_count") * page <= room:
        return
    if _used(db) > room:
        db.conn.executescript(_VIEWS)
        some = min(max(100, size // 10_000), 10_000)  # a step is small beside the store
        goal = room - room // 8  # so that it need not be done again at once
        for _ in chain.from_iterable(free(db, now, some) for free in _WORTH):
            yield
            if _used(db) <= goal:
                break
    yield from _give_back(db, pages)


def _give_back(db: Database, pages: int) -> Iterator[None]:
    """Give free pages back to the disk, some at a time."""
    while _number(db, "PRAGMA freelist_count"):
        # Each page that goes is a row without columns: `execute` would stop at the first.
        db.conn.executescript(f"PRAGMA incremental_vacuum({pages})")
        yield


def _crowds(db: Database, now: float, some: int, *, is_suspect: bool) -> Iterator[None]:
    """Forget passers-by, those of the hour first in which most of them came."""
    for hour, _ in db.conn.execute(_CROWDS, (is_suspect, now)).fetchall():
        while _forget_some(db, some, is_suspect, hour * HOUR):
            yield


def _forget_some(db: Database, some: int, is_suspect: bool, begin: int) -> int:
    """Forget up to `some` of the passers-by who came in an hour; return how many."""
    given = {"is_suspect": is_suspect, "begin": begin, "some": some}
    with db.atomic():
        db.conn.execute("DELETE FROM going")
        gone = db.conn.execute(_PICK_GOING, given).rowcount
        for statement in _DELETE_GOING:
            db.conn.execute(statement, given)
    return gone


def _hours(db: Database, now: float, some: int) -> Iterator[None]:
    """Forget what clients did that are not held, hour by hour from the oldest on."""
    begin = -1.0
    while (start := _next(db, begin)) is not None and start < now:
        after = (start // HOUR + 1) * HOUR
        for statement in _DELETE_NOT_HELD:
            while _do(db, statement, start, min(now, after), 10 * some):
                yield
        begin = after - 1


def _evidence(db: Database, _: float, some: int) -> Iterator[None]:
    """Forget evidence against clients that are not held; the running detector still has it."""
    while _do(db, _DELETE_EVIDENCE, some):
        yield


def _everything(db: Database, now: float, _: int) -> Iterator[None]:
    """Forget whatever is oldest."""
    while (oldest := _oldest(db)) is not None and oldest < now:
        yield from _forget(db, min(now, (oldest // HOUR + 1) * HOUR))


def _next(db: Database, after: float) -> float | None:
    """When the next account or lookup begins after a moment, Unix seconds."""
    found = (
        _number(db, "SELECT min(start) FROM tally WHERE start > ?", after),
        _number(db, "SELECT min(at) FROM lookup WHERE at > ?", after),
    )
    return min((at for at in found if at is not None), default=None)


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
    "DELETE FROM vantage WHERE heard_at < ?",
)
_SEE_LATER: Final = "UPDATE client SET first_seen = ?2 WHERE first_seen < ?1"

_VIEWS: Final = f"""
    PRAGMA temp_store = MEMORY;
    CREATE TEMP VIEW IF NOT EXISTS held_key AS
        SELECT client AS key FROM verdict WHERE share >= {HELD_SHARE}
        UNION SELECT client FROM quarantined UNION SELECT client FROM overrule
        UNION SELECT client FROM role;
    CREATE TEMP VIEW IF NOT EXISTS held AS
        SELECT id FROM client WHERE key IN (SELECT key FROM held_key);
    CREATE TEMP VIEW IF NOT EXISTS passer_by AS
        SELECT id, first_seen, last_seen, key IN (SELECT client FROM verdict) AS is_suspect
        FROM client
        WHERE last_seen - first_seen < {HOUR} AND name IS NULL AND machine IS NULL
            AND id NOT IN (SELECT id FROM held);
    CREATE TEMP TABLE IF NOT EXISTS going (id INTEGER PRIMARY KEY);"""  # noqa: S608 two numbers
"""A passer-by was here for less than an hour, and no source of the site knows who it is."""
_CROWDS: Final = """
    SELECT CAST(first_seen AS INTEGER) / 3600, count(*) AS crowd FROM passer_by
    WHERE is_suspect = ? AND last_seen < ? GROUP BY 1 ORDER BY crowd DESC"""
_PICK_GOING: Final = """
    INSERT INTO going SELECT id FROM passer_by
    WHERE is_suspect = :is_suspect AND first_seen >= :begin AND first_seen < :begin + 3600
    LIMIT :some"""
_DELETE_GOING: Final = (
    "DELETE FROM lookup WHERE client IN (SELECT id FROM going)",
    """DELETE FROM tally WHERE start >= :begin AND start < :begin + 7200
        AND client IN (SELECT id FROM going)""",
    """DELETE FROM evidence WHERE client IN
        (SELECT key FROM client WHERE id IN (SELECT id FROM going))""",
    """DELETE FROM verdict WHERE client IN
        (SELECT key FROM client WHERE id IN (SELECT id FROM going))""",
    "DELETE FROM client WHERE id IN (SELECT id FROM going)",
)
_DELETE_NOT_HELD: Final = (
    """DELETE FROM tally WHERE (start, client, measure) IN
        (SELECT start, client, measure FROM tally WHERE start >= ?1 AND start < ?2
            AND client NOT IN (SELECT id FROM held) LIMIT ?3)""",
    """DELETE FROM lookup WHERE id IN
        (SELECT id FROM lookup WHERE at >= ?1 AND at < ?2
            AND client NOT IN (SELECT id FROM held) LIMIT ?3)""",
    """DELETE FROM client WHERE id IN
        (SELECT id FROM client WHERE ?1 <= ?2 AND last_seen < ?2
            AND id NOT IN (SELECT id FROM held) LIMIT ?3)""",
    """DELETE FROM entry WHERE address IN
        (SELECT address FROM entry WHERE ?1 <= ?2 AND expiry < ?2 LIMIT ?3)""",
)
_DELETE_EVIDENCE: Final = """
    DELETE FROM evidence WHERE client IN
        (SELECT client FROM evidence WHERE client NOT IN (SELECT key FROM held_key) LIMIT ?)"""
_WORTH: Final[tuple[Callable[[Database, float, int], Iterator[None]], ...]] = (
    lambda db, now, some: _crowds(db, now, some, is_suspect=False),
    lambda db, now, some: _crowds(db, now, some, is_suspect=True),
    _hours,
    _evidence,
    _everything,
)
"""Ways to make room, some records at a time, by what is lost."""
