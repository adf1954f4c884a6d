"""What lies ahead is moved with the clock; what has happened keeps its time."""

from pathlib import Path

from dnswatch.store import Store
from dnswatch.store.moved import Moved, move

YEAR = 365 * 86400.0


def test_only_what_the_old_clock_timed_is_moved(tmp_path: Path) -> None:
    """An order that was given by the new clock, before anybody had noticed, keeps its end; one
    without an end stays so."""
    with Store.open(tmp_path) as store, store.snapshot() as db:
        add = "INSERT INTO overrule VALUES (?, 'infected', ?, ?, '', 'root')"
        db.conn.execute(add, ("old", 1000.0, 4600.0))
        db.conn.execute(add, ("new", YEAR + 1100.5, YEAR + 1160.5))
        db.conn.execute(add, ("endless", 1000.0, None))
        db.conn.execute("INSERT INTO quarantined VALUES ('now', 1000, NULL)")
        db.conn.execute("INSERT INTO verdict VALUES ('ill', 1.5, 1000, 5000)")
        move(db, Moved(YEAR, YEAR + 1100, 0.0), YEAR + 1101)
        ends = dict(db.conn.execute("SELECT client, until FROM overrule").fetchall())
        assert ends == {"old": YEAR + 4600, "new": YEAR + 1160.5, "endless": None}
        assert db.conn.execute("SELECT * FROM quarantined").fetchall() == [
            ("now", YEAR + 1000, None)
        ]
        assert db.conn.execute("SELECT until FROM verdict").fetchone() == (YEAR + 5000,)
