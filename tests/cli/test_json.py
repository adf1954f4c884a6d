"""`--json` prints JSON always: where there is nothing to tell, and for orders, too."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dnswatch.cli import app
from dnswatch.store import Store
from tests.cli.conftest import Run


def told(*arguments: str) -> tuple[int, Any]:
    """Run a command with `--json` on an empty store or another; its code, and what it tells."""
    done = CliRunner().invoke(app, [*arguments, "--json"], prog_name="dnswatch")
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def empty(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let commands read a store in which nothing was recorded."""
    Store.open(tmp_path / "empty").close()
    monkeypatch.setenv("DNSWATCH_STATE", str(tmp_path / "empty"))
    return tmp_path / "empty"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["report"], None),
        (["report", "--client", "192.0.2.1"], None),
        (["cache"], None),
        (["log"], []),
        (["explain", "--client", "192.0.2.1"], None),
    ],
    ids=str,
)
def test_nothing_is_json_too(empty: Path, arguments: list[str], expected: object) -> None:
    """With exit code 1, as for eyes."""
    assert told(*arguments) == (1, expected)


def test_orders_are_told_to_programs(run: Run) -> None:
    """What holds now, for whom, and whether a server hears it."""
    assert told("clients", "distrust", "10.0.0.66", "--for", "1h")[1]["said"] == "distrust"
    on = {"policy": "delay", "enabled": True, "in_force": False, "clients": ["10.0.0.66"]}
    assert told("policy", "enable", "delay") == (0, on)
    off = {"policy": "delay", "enabled": False, "in_force": False}
    assert told("policy", "disable", "delay") == (0, off)
    assert told("policy", "disable", "delay") == (1, off)
    assert told("policy", "show", "delay")[1]["name"] == "delay"
    cleared = {"clients": ["10.0.0.66"], "said": "clear", "until": None, "in_force": False}
    assert told("clients", "clear", "10.0.0.66") == (0, cleared)
    said = {"clients": ["10.0.0.66"], "role": "server", "in_force": False}
    assert told("clients", "role", "10.0.0.66", "server") == (0, said)
    assert told("policy", "test", "delay", "--client", "10.0.0.1")[1]["policy"] == "delay"
