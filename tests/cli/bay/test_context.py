"""Which messages are meant."""

import sqlite3
from pathlib import Path

import pytest
import typer

from dnswatch.bay.queue import index
from dnswatch.bay.record import Decision
from dnswatch.bay.spool import Spool
from dnswatch.cli.bay import app
from dnswatch.cli.bay.context import SHORTEST, _complete_ids
from tests.bay.mail import NOW, keep
from tests.cli.conftest import Run


@pytest.mark.parametrize("columns", ["40", "60", "80", "200"])
def test_names_that_are_shown_name_one_message(
    run: Run, bay: Spool, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """Among all that are kept, not those alone that are listed; however narrow the screen is."""
    bay.claim()
    for number in range(200, 204):  # of one millisecond, and of one client that is not listed
        keep(bay, number, at=NOW + 300, key=f"10.1.0.{number % 2}")
    bay.close()
    monkeypatch.setenv("COLUMNS", columns)
    lines = run("bay", "list", "--client", "10.1.0.1").splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("01")]
    assert len(set(shown)) == 2
    for name in shown:
        assert len(name) > SHORTEST
        run("bay", "show", name)


def test_names_are_completed(bay: Spool, state: Path) -> None:
    """The newest first, each with what it is."""
    typed = typer.main.get_command(app)
    context = typer.Context(typed, resilient_parsing=True)
    context.params = {"state": state, "config": None}
    found = _complete_ids(context, bay.idents()[0][:5].upper())
    assert [ident for ident, _ in found] == bay.idents()[::-1]
    assert all(help_.isprintable() for _, help_ in found)
    assert _complete_ids(context, "x") == []
    context.params = {"state": state / "nowhere", "config": None}
    assert _complete_ids(context, "") == []


def test_an_index_that_lags_is_still_read(
    run: Run, bay: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the index cannot be written, as on a full disk, what it knows is shown all the same."""
    monkeypatch.setattr(index, "_PATIENCE", 0.05)
    before = run("bay", "list")
    writer = sqlite3.connect(bay.path / index.FILE, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    bay.append(bay.idents()[0], Decision(at=NOW, fate="discard", actor="anna"))
    assert run("bay", "list") == before
    writer.execute("ROLLBACK")
    writer.close()
    assert run("bay", "list") != before
