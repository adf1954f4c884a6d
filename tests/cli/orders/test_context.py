"""Who gives an order, and whether a server hears it."""

import fcntl
from pathlib import Path

import pytest

from dnswatch.cli.orders.context import actor, is_serving


def test_a_server_is_seen_by_its_lock(tmp_path: Path) -> None:
    """A server that runs holds the lock; one that is gone does not, nor one that never was."""
    assert not is_serving(tmp_path)
    with (tmp_path / "lock").open("wb") as lock:
        assert not is_serving(tmp_path)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_serving(tmp_path)
    assert not is_serving(tmp_path)


def test_the_person_behind_sudo_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log shall tell who gave the order, not that it was root."""
    monkeypatch.setenv("SUDO_USER", "alice")
    assert actor() == "alice"
    monkeypatch.delenv("SUDO_USER")
    assert actor()
