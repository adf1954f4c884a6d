"""Damage: a store that SQLite cannot read any more is moved aside, and a new one begun.

Nothing of it is thrown away: it lies beside the new one under a name with the time, for whoever
wants to look (`sqlite3 FILE .recover`).  What persons ordered, and who is quarantined, goes over
into the new one as far as it can be read.  Call `set_aside` while this process has no connection to
the store, since SQLite deletes a log by its name when the last one closes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from dnswatch.errors import StoreError
from dnswatch.ownership import settle
from dnswatch.store import orders
from dnswatch.store.database import FILE, open_writer, which
from dnswatch.store.sqlite import Database

MOST: Final = 3
"""Damaged stores that may lie there: a disk that damages one after the other is not to fill up."""
_TOLD: Final = "damaged"
"""File that tells the next process of damage that was met."""
_RESCUED: Final = ("enabled", "overrule", "role", "verdict", "quarantined")


def tell(state: Path, error: StoreError) -> None:
    """Leave word for the next process, of this very file; raises `OSError`."""
    path = state / _TOLD
    path.write_text(f"{which(state)} {reason(error)}", encoding="utf-8")
    settle(path)


def told(state: Path) -> str | None:
    """Return the reason that an earlier process left word of, unless the store was replaced."""
    try:
        text = (state / _TOLD).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    file, _, said = text.partition(" ")
    return said if file == str(which(state)) else None


def reason(error: StoreError) -> str:
    """Return what SQLite said."""
    return str(error.__cause__ or error)


def set_aside(state: Path, now: float) -> Path:
    """Move the store aside and begin a new one; return where it lies now.

    Raises a `StoreError`: that of a damaged store where `MOST` lie there already.
    """
    path = state / FILE
    earlier = list(state.glob(f"{FILE}.damaged-*Z"))
    if len(earlier) >= MOST:
        raise StoreError(
            f"the store '{path}' is damaged, as {len(earlier)} were before it: see to the disk,"
            f" then move '{path}.damaged-*' away and restart dnswatch",
            damaged=True,
        )
    aside = path.with_name(f"{FILE}.damaged-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}")
    try:
        for end in ("-wal", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{end}").rename(f"{aside}{end}")
        Path(f"{path}-shm").unlink(missing_ok=True)
        (state / _TOLD).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"the damaged store '{path}' cannot be moved aside: {error.strerror}; move it away",
            damaged=True,
        ) from None
    with closing(open_writer(state)) as db:
        for table in _RESCUED:
            _rescue(db, table, aside, now)
    Path(f"{aside}-shm").unlink(missing_ok=True)  # of reading it
    return aside


def _rescue(db: Database, table: str, aside: Path, now: float) -> None:
    """Take over a table as far as it can be read, unless it makes no sense."""
    rows = list(_rows(aside, table))
    columns = [column.name for column in db[table].columns]
    try:
        with db.atomic():
            for row in rows:
                marks = ", ".join("?" * len(row))
                named = ", ".join(columns[: len(row)])  # an older store has fewer
                statement = f"INSERT OR IGNORE INTO {table} ({named}) VALUES ({marks})"  # noqa: S608
                db.conn.execute(statement, row)
            orders.read(db, now)
    except (sqlite3.Error, ValueError):
        return


def _rows(aside: Path, table: str) -> Iterator[tuple[Any, ...]]:
    with suppress(sqlite3.Error):
        uri = f"file:{quote(str(aside))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as damaged:
            yield from damaged.execute(f"SELECT * FROM {table}")  # noqa: S608 ours
