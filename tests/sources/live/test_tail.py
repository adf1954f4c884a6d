"""A log that is followed over its rotations: every line once, none in part."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.sources.live.tail import Tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with a header and a line."""
    path = tmp_path / "dns.log"
    path.write_bytes(b"#head\n#more\nbefore\n")
    return path


@pytest.fixture
def tail(log: Path) -> Iterator[Tail]:
    """Follow it."""
    followed = Tail(log)
    yield followed
    followed.close()


def write(log: Path, data: bytes) -> None:
    """Write on."""
    with log.open("ab") as file:
        file.write(data)


def test_only_what_is_written_from_now_on_is_read(log: Path, tail: Tail) -> None:
    """What stood there belongs to a replay, but its header says how to read the rest; a line that
    is not whole is waited for."""
    assert tail.take() == []
    assert tail.header(b"#") == [b"#head\n", b"#more\n"]
    write(log, b"one\ntw")
    assert tail.take() == [b"one\n"]
    write(log, b"o\n")
    assert tail.take() == [b"two\n"]


def test_a_log_that_is_renamed_is_read_to_its_end(log: Path, tail: Tail) -> None:
    """Then the new one is read from its beginning, and not before it is there."""
    write(log, b"last\n")
    log.rename(log.with_suffix(".1"))
    assert tail.take() == [b"last\n"]
    write(log.with_suffix(".1"), b"very last\n")
    assert tail.take() == [b"very last\n"]
    tail.is_new = False
    write(log, b"#new\nfirst\n")
    assert tail.take() == [b"#new\n", b"first\n"]
    assert tail.is_new
    assert tail.header(b"#") == [b"#new\n"]


def test_lines_written_between_look_and_rotation_are_not_lost(log: Path, tail: Tail) -> None:
    """The old file's last lines come before those of the new one."""
    write(log, b"last\n")
    log.rename(log.with_suffix(".1"))
    write(log, b"first\n")
    assert [*tail.take(), *tail.take()] == [b"last\n", b"first\n"]


def test_a_log_that_is_cut_is_read_from_its_beginning(log: Path, tail: Tail) -> None:
    """As logrotate's copytruncate leaves it."""
    write(log, b"one\n")
    assert tail.take() == [b"one\n"]
    log.write_bytes(b"new\n")
    assert tail.take() == [b"new\n"]


def test_a_log_may_come_into_being_later(tmp_path: Path) -> None:
    """It is waited for, and read from its first line."""
    path = tmp_path / "later.log"
    tail = Tail(path)
    assert tail.take() == []
    write(path, b"first\n")
    assert tail.take() == [b"first\n"]
    tail.close()
