"""Cursors: how far each sink was told, on the disk."""

from pathlib import Path

import pytest

from dnswatch.errors import EventError
from dnswatch.settings import EventDestination
from dnswatch.teller.cursor import CursorFile
from dnswatch.teller.storm import SinkCursor


def test_each_sink_has_its_own(tmp_path: Path) -> None:
    """For its owner alone; another one's is not touched."""
    one, other = (CursorFile(tmp_path, EventDestination(f"file:/{name}")) for name in "ab")
    one.write(SinkCursor("store", 7, 3, 2))
    assert one.read() == SinkCursor("store", 7, 3, 2)
    assert other.read() is None
    assert one.path.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    """A disk's fault ends nobody."""
    cursor = CursorFile(tmp_path, EventDestination("file:/a"))
    cursor.write(SinkCursor("store", 7))
    cursor.path.write_bytes(b"\0\0")
    assert cursor.read() is None


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With its place."""
    (tmp_path / "events").write_text("in the way")
    with pytest.raises(EventError, match="cannot write"):
        CursorFile(tmp_path, EventDestination("file:/a")).write(SinkCursor("store", 1))
