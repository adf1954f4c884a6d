"""What the bay finds reaches the watch once, in order."""

from pathlib import Path

from dnswatch.model.finding import Finding
from dnswatch.settings import Duration, Records
from dnswatch.store import Store
from dnswatch.store.bay import findings


def test_findings_are_read_after_the_last_number(tmp_path: Path) -> None:
    """Who remembers the last number gets what came since, in order."""
    with Store.open(tmp_path) as store, store.snapshot() as db:
        findings.add(db, 1.0, "10.0.0.6", "worm", "m1", "known")
        findings.add(db, 2.0, "10.0.0.7", "clean", "m2", "nothing found")
        found = findings.after(db, 0)
        assert found == [
            Finding(1, 1.0, b"10.0.0.6", "worm", "m1", "known"),
            Finding(2, 2.0, b"10.0.0.7", "clean", "m2", "nothing found"),
        ]
        assert findings.after(db, 1) == found[1:]
        assert findings.after(db, 2) == []


def test_no_number_is_given_twice(tmp_path: Path) -> None:
    """A finding that retention removed leaves its number to nobody."""
    with Store.open(tmp_path) as store:
        with store.snapshot() as db:
            findings.add(db, 1.0, "10.0.0.6", "worm", "m1", "known")
        while store.keep(Records(retention=Duration(60)), 1000.0):
            pass
        with store.snapshot() as db:
            assert findings.after(db, 0) == []
            findings.add(db, 1001.0, "10.0.0.6", "worm", "m2", "known")
            assert [finding.number for finding in findings.after(db, 0)] == [2]
