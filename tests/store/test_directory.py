"""The state directory: one keeps its records there, a server or replays."""

import os
from pathlib import Path

import pytest

from dnswatch.errors import StoreError
from dnswatch.store import Store
from dnswatch.store.directory import hold, note_replayed, present


def test_one_process_at_a_time_keeps_its_records_there(tmp_path: Path) -> None:
    """Until it lets go."""
    lock = hold(tmp_path / "state")
    with pytest.raises(StoreError, match="another dnswatch keeps its records"):
        hold(tmp_path / "state")
    os.close(lock)
    os.close(hold(tmp_path / "state"))


def test_a_replay_keeps_out_of_a_servers_records(tmp_path: Path) -> None:
    """Whether the server runs or not."""
    Store.open(tmp_path).close()
    with pytest.raises(StoreError, match="records of a server"):
        hold(tmp_path, for_replays=True)
    os.close(hold(tmp_path))


def test_a_server_keeps_out_of_replayed_records(tmp_path: Path) -> None:
    """It would delete them for being old."""
    os.close(hold(tmp_path, for_replays=True))
    Store.open(tmp_path).close()
    os.close(hold(tmp_path, for_replays=True))
    with pytest.raises(StoreError, match="records of a replay"):
        hold(tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write to the state directory"):
        hold(tmp_path / "file" / "state")


def test_replayed_records_have_a_present_of_their_own(tmp_path: Path) -> None:
    """It is where they end; all others are read now."""
    assert present(tmp_path, 99.0) == 99.0
    note_replayed(tmp_path, 12.5)
    assert present(tmp_path, 99.0) == 12.5
