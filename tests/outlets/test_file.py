"""A file, rotated, broken, on a full disk."""

import json
import os
import resource
from pathlib import Path

import pytest

from dnswatch.errors import EventError
from tests.outlets.sinks import SECOND, open_outlet, sink
from tests.teller.test_forms import INFECTED


def lines(path: Path) -> list[str]:
    return [json.loads(line)["dnswatch"]["id"] for line in path.read_text().splitlines()]


def test_a_file_is_appended_to_and_followed_over_a_rotation(tmp_path: Path) -> None:
    """0640 whatever the umask, so that the group's collector may read it."""
    path = tmp_path / "eve.json"
    outlet = open_outlet(sink(f"file:{path}"))
    outlet.send(INFECTED)
    assert path.stat().st_mode & 0o777 == 0o640
    path.rename(tmp_path / "eve.json.1")
    outlet.send(SECOND)
    outlet.close()
    assert lines(tmp_path / "eve.json.1") == ["ab-7"]
    assert lines(path) == ["ab-8"]


def test_half_a_line_spoils_no_other(tmp_path: Path) -> None:
    """A power cut may leave one."""
    path = tmp_path / "eve.json"
    path.write_text('{"half')
    outlet = open_outlet(sink(f"file:{path}"))
    outlet.send(INFECTED)
    outlet.close()
    half, whole = path.read_text().splitlines()
    assert (half, json.loads(whole)["dnswatch"]["id"]) == ('{"half', "ab-7")


def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    """A pipe without a reader would block for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path / "pipe", "is no file|No such device"),
        (tmp_path / "a/b", "No su"),
    ):
        outlet = open_outlet(sink(f"file:{path}"))
        with pytest.raises(EventError, match=why):
            outlet.send(INFECTED)


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """What was written of a line is taken back, and the event is told once there is room."""
    path = tmp_path / "eve.json"
    outlet = open_outlet(sink(f"file:{path}"))
    outlet.send(INFECTED)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(EventError, match="the disk is full"):
            outlet.send(SECOND)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    outlet.send(SECOND)
    outlet.close()
    assert lines(path) == ["ab-7", "ab-8"]
