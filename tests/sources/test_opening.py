"""Opening: compressed or not, what is in a file is read, and what is broken is told."""

import gzip
from pathlib import Path

import pytest
import zstandard

from dnswatch.errors import SourceError
from dnswatch.sources.opening import LONGEST_LINE, lines, open_file

CONTENT = bytes(range(256)) * 2000
PACKED = {
    "plain": CONTENT,
    "gz": gzip.compress(CONTENT),
    "zst": zstandard.compress(CONTENT[:1000]) + zstandard.compress(CONTENT[1000:]),
}


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_in_a_file_is_read(kind: str, tmp_path: Path) -> None:
    """By what it begins with, not by its name; and it says how far it was read."""
    path = tmp_path / "file"
    path.write_bytes(PACKED[kind])
    opened = open_file(str(path))
    assert opened.head().startswith(CONTENT[:50])
    assert opened.stream.read() == CONTENT
    assert (opened.position(), opened.size, opened.trouble) == (path.stat().st_size,) * 2 + ([],)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_passed_over(encoding: str, tmp_path: Path) -> None:
    """Editors of Windows put one in front of a text, or write all of it in UTF-16."""
    path = tmp_path / "file"
    text = "ts,te\n" * 100_000 + "ümlaut"
    path.write_bytes(gzip.compress(text.encode(encoding)))
    opened = open_file(str(path))
    assert opened.head().startswith(b"ts,te\n")
    assert opened.stream.read().decode() == text


def test_a_line_without_end_comes_in_pieces(tmp_path: Path) -> None:
    """So that what it takes to hold one is bounded."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * (2 * LONGEST_LINE + 5) + b"\nlast")
    assert [len(line) for line in lines(open_file(str(path)).stream)] == [
        LONGEST_LINE,
        LONGEST_LINE,
        6,
        4,
    ]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_what_is_broken_ends_there(kind: str, tmp_path: Path) -> None:
    """What comes before is read, and the trouble is noted."""
    path = tmp_path / "file"
    path.write_bytes(PACKED[kind][:500] + b"\xff" * 200 + PACKED[kind][700:])
    opened = open_file(str(path))
    opened.stream.read()
    assert opened.trouble


def test_an_end_that_is_cut_off_is_told(tmp_path: Path) -> None:
    """A compressed file that was not written to its end."""
    path = tmp_path / "file"
    path.write_bytes(PACKED["gz"][:-20])
    opened = open_file(str(path))
    opened.stream.read()
    assert opened.trouble == ["cut_off"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """It is not there, or it is a directory."""
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(SourceError, match=f"cannot read '{path}'"):
            open_file(str(path))
