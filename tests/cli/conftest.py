"""A store with records, and the command line before it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dnswatch.cli import app
from dnswatch.cli.status import NOT_RUNNING
from dnswatch.store import Identity, Store
from tests import records

Run = Callable[..., str]
Read = Callable[..., Any]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a state directory with the records of one site."""
    directory = tmp_path / "state"
    records.record(directory, records.site(), until=700)
    return directory


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, state: Path) -> Iterator[Run]:
    """Run a command on that store, in 80 columns and UTC; return what it says."""
    monkeypatch.setenv("DNSWATCH_STATE", str(state))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("DNSWATCH_CONFIG", raising=False)

    def command(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(app, arguments, prog_name="dnswatch")
        assert result.exit_code == exit_code, result.output
        return result.stdout if exit_code in (0, NOT_RUNNING) else result.stderr

    time.tzset()
    yield command
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def read(run: Run) -> Read:
    """Run a command with `--json`; return what it says as a value."""
    return lambda *arguments: json.loads(run(*arguments, "--json"))


def name(state: Path, who: dict[str, Identity]) -> None:
    """Note who the clients of these keys are."""
    with Store.open(state) as store:
        store.write_identities(who.items())
