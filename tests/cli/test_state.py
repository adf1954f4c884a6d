"""Where the records are."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dnswatch.cli.state import records, state_directory
from dnswatch.errors import StoreError
from dnswatch.store.directory import RunningServer, announced, hold


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


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place where servers are announced, of a user whose usual place is empty."""
    monkeypatch.delenv("DNSWATCH_STATE", raising=False)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "usual"))
    return tmp_path / "run"


@pytest.fixture
def servers(runtime: Path) -> Iterator[ExitStack]:
    """Let servers run until the test ends."""
    with ExitStack() as stack:
        yield stack


def serve(servers: ExitStack, state: Path, runtime: Path, pid: int) -> None:
    lock = hold(state)
    servers.callback(os.close, lock)
    servers.enter_context(announced(state, runtime, RunningServer(pid, "1.2.3", 0.0)))


def test_the_server_that_runs_is_meant(
    runtime: Path, servers: ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`serve --state ./records`, and then `report`: its records are read, and that is said."""
    assert records(None) == tmp_path / "usual" / "dnswatch"
    serve(servers, tmp_path / "one", runtime, 1)
    assert records(None) == tmp_path / "one"
    assert f"the records in '{tmp_path / 'one'}'" in capsys.readouterr().err
    assert records(tmp_path / "given") == tmp_path / "given"
    servers.close()
    assert records(None) == tmp_path / "usual" / "dnswatch"


def test_of_two_servers_none_is_guessed(runtime: Path, servers: ExitStack, tmp_path: Path) -> None:
    """Both are named; the one in the usual place is the one that is meant."""
    serve(servers, tmp_path / "one", runtime, 1)
    serve(servers, tmp_path / "two", runtime, 2)
    with pytest.raises(StoreError, match=r"/one', '.*/two'"):
        records(None)
    serve(servers, tmp_path / "usual" / "dnswatch", runtime, 3)
    assert records(None) == tmp_path / "usual" / "dnswatch"


def test_a_server_that_was_killed_is_not_meant(runtime: Path, tmp_path: Path) -> None:
    """What it announced is still there, but it holds its lock no more."""
    lock = hold(tmp_path / "one")
    with announced(tmp_path / "one", runtime, RunningServer(1, "1.2.3", 0.0)):
        assert records(None) == tmp_path / "one"
        os.close(lock)
        assert records(None) == tmp_path / "usual" / "dnswatch"
