"""The store's file: created, opened, closed; and SQLite's errors as sentences.

Rules of this file: the directory is for its owner alone (0700), so is the file (0600);
`auto_vacuum` is chosen before the first table, since it cannot be chosen later; a writer brings the
tables up to date, a reader never changes anything.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dnswatch.errors import StoreError
from dnswatch.ownership import settle
from dnswatch.store.schema import MIGRATIONS, newer
from dnswatch.store.sqlite import Database

FILE: Final = "dnswatch.db"
WAL_LIMIT: Final = 16 << 20
"""Bytes that the write-ahead log may keep after a checkpoint."""
_PATIENCE: Final = 2.0
"""Seconds to wait for another process's lock."""


def open_writer(state: Path) -> Database:
    """Open the store in the directory `state` for writing; create and migrate it if need be."""
    path = state / FILE
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        settle(path)  # what SQLite makes beside it gets the same owner
    except OSError as error:
        raise StoreError(
            f"cannot keep records in '{state}': {error.strerror or error};"
            " name another directory with --state, or make this one writable"
        ) from None
    uri = f"file:{quote(str(path))}"
    with sentences(path), _alone(state), _closed_on_error(_connect(uri)) as db:
        db.conn.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.enable_wal()
        db.conn.execute("PRAGMA recursive_triggers = ON")  # a row that another one replaces, too
        db.conn.execute("PRAGMA synchronous = FULL")  # a power cut, too, costs a second at most
        db.conn.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        _refuse_newer(db, path)
        MIGRATIONS.apply(db)
        return db


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Wait until no other process makes the store in this directory, or brings it up to date."""
    folder = os.open(state, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def open_reader(state: Path) -> Database:
    """Open the store in the directory `state` for reading, whether or not a server writes to it."""
    path = state / FILE
    if not _is_there(path):
        if state.is_file():
            raise StoreError(f"'{state}' is a file: give the directory that `dnswatch serve` has")
        raise StoreError(f"there are no records in '{state}' yet: start `dnswatch serve` first")
    with sentences(path), _closed_on_error(_connect_to_read(path)) as db:
        _refuse_newer(db, path)
        if MIGRATIONS.pending(db):
            raise StoreError(
                f"the records in '{state}' are of an older dnswatch, or not begun:"
                " start `dnswatch serve` once to bring them up to date"
            )
        return db


def which(state: Path) -> int:
    """Number the file that is the store now; 0 where there is none: a damaged one is replaced."""
    try:
        return (state / FILE).stat().st_ino
    except OSError:
        return 0


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a `StoreError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        text = _SENTENCES.get(_code(error), "the store '{path}' refuses ({error})")
        said = text.format(path=path, error=error)
        raise StoreError(said, damaged=text == _DAMAGED) from error


@contextmanager
def writing(db: Database, path: Path) -> Iterator[None]:
    """Make one transaction of what is read and written meanwhile, all of it or nothing.

    It has the lock from the start: who reads first, and then finds that another has written, fails.
    """
    with sentences(path):
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.conn.commit()
        except BaseException:
            db.conn.rollback()
            raise


_DAMAGED: Final = (
    "the store '{path}' is damaged ({error}): `dnswatch serve` moves it aside and begins a new one"
    " as soon as it meets the damage; to have it so now, stop it, move the file away, and start it"
)
_SENTENCES: Final = {
    sqlite3.SQLITE_FULL: "the disk of '{path}' is full: make room, and recording goes on by itself",
    sqlite3.SQLITE_IOERR: "the disk of '{path}' fails or is full ({error}): see to the disk",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: "another process holds the store '{path}' ({error}): try again later",
    sqlite3.SQLITE_LOCKED: "another process holds the store '{path}' ({error}): try again later",
    sqlite3.SQLITE_READONLY: "the store '{path}' is read-only: make it writable for this user",
    sqlite3.SQLITE_PERM: "the store '{path}' may not be opened: become its owner",
    sqlite3.SQLITE_CANTOPEN: "the store '{path}' cannot be opened: become its owner, or root",
}


def _connect(uri: str) -> Database:
    # Opened in one thread and used in another, never in two at a time: the writer may move house.
    connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, check_same_thread=False)
    connection.execute("PRAGMA temp_store = MEMORY")
    return Database(connection, execute_plugins=False)


def _connect_to_read(path: Path) -> Database:
    """Open the file read-only, even where no file can be made beside it.

    A WAL needs one.  Where none can be made nobody writes, and the store's file alone is all there
    is, unless a log was left behind.
    """
    uri = f"file:{quote(str(path))}?mode=ro"
    db = _connect(uri)
    try:
        db.conn.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        db.close()
        if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        if _is_there(path.with_name(f"{FILE}-wal")):
            raise
        db = _connect(f"{uri}&immutable=1")
    except sqlite3.Error:
        db.close()
        raise
    return db


@contextmanager
def _closed_on_error(db: Database) -> Iterator[Database]:
    try:
        yield db
    except BaseException:
        db.close()
        raise


def _code(error: sqlite3.Error) -> int:
    """Return the primary error code, which an extended one carries in its low byte."""
    return (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF


def _is_there(path: Path) -> bool:
    try:
        return path.exists() and path.stat().st_size > 0
    except OSError as error:
        raise StoreError(
            f"cannot read '{path}': {error.strerror or error}; become its owner, or root"
        ) from None


def _refuse_newer(db: Database, path: Path) -> None:
    if unknown := newer(db):
        raise StoreError(
            f"the store '{path}' was written by a newer dnswatch (it knows '{unknown[-1]}'):"
            " use that version, or name another directory with --state"
        )
