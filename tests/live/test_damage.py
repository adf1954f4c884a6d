"""A running server whose store is damaged by the disk: answers go on, records begin anew."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tests import check
from tests.live.site import Serve


def lookups(state: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{state}/dnswatch.db?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT sum(count) FROM site WHERE measure = 'lookup'").fetchall()
    except sqlite3.Error:
        return 0
    return int(rows[0][0] or 0)


def overwrite(path: Path) -> None:
    """Write rubbish over all but the first page, as a failing disk does.

    The log comes home first: whatever stands in it is read from there, and would in the end be
    written over the rubbish, which nobody need have met.
    """
    with closing(sqlite3.connect(path, timeout=0)) as db:
        check.eventually(lambda: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\xa5" * (end - 4096))
        os.fsync(file.fileno())


def test_a_store_that_is_damaged_while_it_runs_is_replaced(serve: Serve) -> None:
    """The log says once what happened and where the old store lies; nothing "goes on" before."""
    site = serve()
    site.ask("before.example")
    check.eventually(lambda: lookups(site.state) > 0)
    overwrite(site.state / "dnswatch.db")
    asked = iter(range(1_000_000))
    check.eventually(
        lambda: site.ask(f"n{next(asked)}.example") and list(site.state.glob("*.damaged-*Z"))
    )
    check.eventually(lambda: site.ask(f"n{next(asked)}.example") and lookups(site.state) > 0)
    assert len(site.log("the store was damaged")) == 1
    [aside] = site.state.glob("*.damaged-*Z")
    assert site.log(str(aside))
    assert not site.log("goes on")
    assert not site.log("will try again")
