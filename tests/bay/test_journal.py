"""The journal: what was written is read again, whole, and nothing else."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay import journal as under_test
from dnswatch.bay.journal import JournalEntry, SpoolJournal
from tests.bay.messages import ident


def entries(*numbers: int) -> list[JournalEntry]:
    """Make entries of several lengths."""
    return [
        JournalEntry(
            ident(number), b'{"what":"envelope"}\n' * number, b"A line.\r\n" * 100 * number
        )
        for number in numbers
    ]


def reopened(journal: SpoolJournal, path: Path) -> list[JournalEntry]:
    """Read a journal as the next process does."""
    journal.close()
    return read(path)


def read(path: Path) -> list[JournalEntry]:
    """Read what counts in a journal."""
    journal = SpoolJournal(path)
    found = list(journal.entries())
    journal.close()
    return found


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """Entries of several writes come back in order, over any number of starts."""
    path = tmp_path / "journal"
    journal = SpoolJournal(path)
    journal.write(entries(1, 2))
    journal.write([JournalEntry(ident(3), b"{}\n", None)])
    written = [*entries(1, 2), JournalEntry(ident(3), b"{}\n", None)]
    assert reopened(journal, path) == written
    journal = SpoolJournal(path)
    assert list(journal.entries()) == written
    journal.write(entries(4))
    assert ident(2) in journal
    assert reopened(journal, path) == [*written, *entries(4)]


def test_it_begins_anew_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full journal is emptied once all files are on the disk; older entries never come back."""
    monkeypatch.setattr(under_test, "SIZE", 10_000)
    path = tmp_path / "journal"
    journal = SpoolJournal(path)
    for number in range(1, 9):
        journal.write(entries(number))
    assert ident(8) in journal
    assert ident(1) not in journal
    assert reopened(journal, path)[-1] == entries(8)[0]
    journal = SpoolJournal(path)
    journal.start_anew()
    assert reopened(journal, path) == []


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 5000))
def test_what_is_torn_does_not_count(
    tmp_path_factory: pytest.TempPathFactory, begin: float, size: int
) -> None:
    """Wherever a power cut tears the last write, what was written before is read, and no more."""
    path = tmp_path_factory.mktemp("torn") / "journal"
    journal = SpoolJournal(path)
    journal.write(entries(1))
    before = path.read_bytes().rstrip(b"\0")
    journal.write(entries(2, 3))
    journal.close()
    written = bytearray(path.read_bytes().rstrip(b"\0"))
    at = len(before) + int(begin * (len(written) - len(before)))
    written[at : at + size] = bytes(byte ^ 0xFF for byte in written[at : at + size])
    path.write_bytes(written)
    found = read(path)
    assert found[0] == entries(1)[0]
    assert found == entries(1, 2, 3)[: len(found)]
    assert len(found) < 3


def test_first_line_that_was_lost_brings_nothing_back(tmp_path: Path) -> None:
    """Where the line with the generation is lost, nothing behind it counts, now or later."""
    path = tmp_path / "journal"
    journal = SpoolJournal(path)
    journal.write(entries(1))
    journal.close()
    with path.open("r+b") as file:
        file.write(bytes(64))
    assert read(path) == []
    assert read(path) == []


def test_each_write_waits_for_the_disk_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten messages are forced to the disk together."""
    journal = SpoolJournal(tmp_path / "journal")
    journal.write(entries(1))
    forced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", forced.append)
    monkeypatch.setattr(os, "fsync", forced.append)
    journal.write(entries(*range(2, 12)))
    assert len(forced) == 1
    journal.close()
