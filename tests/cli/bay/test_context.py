"""Which messages are meant."""

import sqlite3

import pytest

from dnswatch.bay.desk import index
from dnswatch.bay.desk.rows import Row
from dnswatch.bay.record import Decided
from dnswatch.bay.spool import Spool
from dnswatch.cli.bay.context import SHORTEST, short_names
from tests.bay.mail import NOW
from tests.cli.conftest import Run


def row(ident: str) -> Row:
    """A message of that name."""
    return Row(ident, 0.0, "k", "", (), None, "held", 1, True, 0.0, None)


def test_names_are_as_short_as_they_can_be() -> None:
    """Each is told from the others by what is shown of it."""
    idents = ["0" * 22, "0" * 15 + "1" * 7, "1" * 22]
    names = short_names([row(ident) for ident in idents])
    assert set(map(len, names.values())) == {16}
    assert len(set(names.values())) == 3
    assert short_names([row("0" * 22)]) == {"0" * 22: "0" * SHORTEST}
    assert short_names([]) == {}


def test_an_index_that_lags_is_still_read(
    run: Run, bay: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the index cannot be written, as on a full disk, what it knows is shown all the same."""
    monkeypatch.setattr(index, "_PATIENCE", 0.05)
    before = run("bay", "list")
    writer = sqlite3.connect(bay.path / index.FILE, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    bay.append(bay.idents()[0], Decided(at=NOW, fate="discard", actor="anna"))
    assert run("bay", "list") == before
    writer.execute("ROLLBACK")
    writer.close()
    assert run("bay", "list") != before
