"""The store in words."""

import subprocess
import sys
from pathlib import Path

from dnswatch.store import Store
from dnswatch.store.described import TABLES
from tests.compose.files import ROOT


def test_each_table_and_column_is_described_as_it_is(tmp_path: Path) -> None:
    """None that the file has is left out, none that it lacks is described."""
    with Store.open(tmp_path) as store, store.snapshot() as db:
        there = {
            name: [column.name for column in db.table(name).columns]
            for name in db.table_names()
            if not name.startswith(("sqlite_", "_sqlite_"))
        }
    assert {name: sorted(table.columns) for name, table in TABLES.items()} == {
        name: sorted(columns) for name, columns in there.items()
    }
    assert all(said for table in TABLES.values() for said in (table.about, *table.columns.values()))


def test_page_and_metadata_are_up_to_date() -> None:
    """`docs/records.py` has nothing to write."""
    command = [sys.executable, str(ROOT / "docs" / "records.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
