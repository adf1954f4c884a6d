"""Where the records are."""

from pathlib import Path

import pytest

from dnswatch.cli.state import state_directory


def test_the_state_directory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given wins, then dnswatch's own variable, then systemd's, then the usual place."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two")
    monkeypatch.setenv("DNSWATCH_STATE", "/srv/dnswatch")
    assert state_directory(Path("given")) == Path("given")
    assert state_directory(None) == Path("/srv/dnswatch")
    monkeypatch.delenv("DNSWATCH_STATE")
    assert state_directory(None) == Path("/var/lib/one")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/me/state")
    assert state_directory(None) == Path("/home/me/state/dnswatch")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert state_directory(None) == Path("/var/lib/dnswatch")
