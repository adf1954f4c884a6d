"""The store's file: opened by whoever may, refused with a sentence where that cannot be."""

import multiprocessing
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dnswatch.errors import StoreError
from dnswatch.store import Store, clients
from tests.records import NOON, changes, plain, record, worm


def count(state: Path) -> int:
    with Store.read(state) as store, store.snapshot() as db:
        return len(clients.clients(db))


def test_without_records_the_reader_says_what_to_do(tmp_path: Path) -> None:
    """Where nothing was ever recorded the sentence says how to begin, and nothing is made."""
    with pytest.raises(StoreError, match=r"no records in .*: start `dnswatch serve` first"):
        Store.read(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_works_while_the_server_writes(tmp_path: Path) -> None:
    """A reader sees all that was written so far, and its snapshot stands still."""
    with Store.open(tmp_path) as writer:
        writer.write(changes(worm("10.0.0.1")), plain, NOON)
        with Store.read(tmp_path) as reader, reader.snapshot() as db:
            assert len(clients.clients(db)) == 1
            writer.write(changes(worm("10.0.0.2")), plain, NOON)
            assert len(clients.clients(db)) == 1
        assert count(tmp_path) == 2


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    """A store that is open for reading cannot be written."""
    record(tmp_path, worm())
    with Store.read(tmp_path) as reader, pytest.raises(StoreError, match="read-only"):
        reader.write(changes(worm()), plain, NOON)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user without privileges for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_directory_that_cannot_be_written_can_be_read() -> None:
    """After the server has stopped, records can be read where no file can be made."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        record(state, worm())
        (state / "dnswatch.db").chmod(0o444)
        state.chmod(0o555)
        try:
            with nobody():
                assert count(state) == 1
        finally:
            state.chmod(0o700)


def test_what_may_not_be_opened_is_named(tmp_path: Path) -> None:
    """A place that cannot hold a store is named, with what to do instead."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot keep records in '.*file'.*--state"):
        Store.open(tmp_path / "file")


@needs_root
def test_a_store_of_another_user_is_named() -> None:
    """Records that this user may not see are a sentence, not an empty report."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        record(state, worm())
        Path(folder).chmod(0o711)
        with nobody(), pytest.raises(StoreError, match=r"become its owner, or root"):
            Store.read(state)


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    """A file that is no database is refused by reader and writer, and left as it is."""
    (tmp_path / "dnswatch.db").write_bytes(b"not a database, " * 500)
    for attempt in (Store.open, Store.read):
        with pytest.raises(StoreError, match="is damaged"):
            attempt(tmp_path)
    assert (tmp_path / "dnswatch.db").read_bytes().startswith(b"not a database")


def test_damage_within_the_file_is_a_sentence(tmp_path: Path) -> None:
    """Pages overwritten with rubbish give a sentence where a query meets them, no traceback."""
    record(tmp_path, worm())
    path = tmp_path / "dnswatch.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(StoreError, match="is damaged"):
        count(tmp_path)


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """A store that a newer dnswatch has changed is neither read nor written."""
    record(tmp_path, worm())
    with sqlite3.connect(tmp_path / "dnswatch.db") as conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('dnswatch', 'colour_of_mail', '')"
        )
    conn.close()
    for attempt in (Store.open, Store.read):
        with pytest.raises(StoreError, match=r"written by a newer dnswatch .*'colour_of_mail'"):
            attempt(tmp_path)


def test_a_store_that_was_not_begun_is_no_traceback(tmp_path: Path) -> None:
    """A server that was killed before its first table leaves a sentence to the reader."""
    conn = sqlite3.connect(tmp_path / "dnswatch.db")
    conn.execute("PRAGMA journal_mode = wal")
    conn.close()
    with pytest.raises(StoreError, match="start `dnswatch serve` once"):
        Store.read(tmp_path)
    Store.open(tmp_path).close()
    assert count(tmp_path) == 0


def _open(state: Path) -> None:
    Store.open(state).close()


def test_several_may_make_the_store_at_once(tmp_path: Path) -> None:
    """A server that starts and commands that come with it find one store, whoever makes it."""
    fork = multiprocessing.get_context("fork")
    for number in range(5):
        processes = [fork.Process(target=_open, args=(tmp_path / str(number),)) for _ in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * 4
