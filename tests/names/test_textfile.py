"""Files that others write."""

import logging
from pathlib import Path

import pytest

from dnswatch.names import textfile
from dnswatch.names.textfile import TextFiles


def read(files: TextFiles) -> list[str] | None:
    """The texts, where one has changed."""
    news = files.news()
    return None if news is None else list(news)


def test_a_missing_file_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that cannot be read is one line in the log, and one when it is back."""
    caplog.set_level(logging.INFO, "dnswatch.names")
    path = tmp_path / "hosts"
    path.mkdir()
    files = TextFiles([str(path)])
    assert read(files) == [""]
    (path / "x").mkdir()  # another look, another state
    assert read(files) == [""]
    (path / "x").rmdir()
    path.rmdir()
    path.write_text("a")
    assert read(files) == ["a"]
    assert [record.getMessage() for record in caplog.records] == [
        f"'{path}' cannot be read: Is a directory; its names are missing until then",
        f"'{path}' can be read again",
    ]


def test_a_long_file_is_cut_at_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the bound is read up to it, and no half line counts."""
    monkeypatch.setattr(textfile, "MAX_BYTES", 10)
    path = tmp_path / "hosts"
    path.write_text("12345\n78901234")
    assert read(TextFiles([str(path)])) == ["12345\n"]


def test_strange_bytes_and_paths_do_no_harm(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are read as far as they go; a path that is none is empty."""
    path = tmp_path / "hosts"
    path.write_bytes(b"a\xff\x00b")
    assert read(TextFiles([str(path), "a\0b"])) == ["a\ufffd\0b", ""]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_a_text(encoding: str, tmp_path: Path) -> None:
    """Editors of Windows put one in front, or write all in UTF-16."""
    path = tmp_path / "hosts"
    path.write_bytes("192.0.2.1 büro".encode(encoding))
    assert read(TextFiles([str(path)])) == ["192.0.2.1 büro"]
