"""What is moved in the records when the machine's clock was set: ends that lie ahead.

An order for an hour holds an hour, whatever the clock says meanwhile, and the detector's evidence
fades as if nothing had been set (model/detection/retiming.py).  What has happened keeps the time
that it was written down with.
"""

from typing import Final, NamedTuple

from dnswatch.model.detection.retiming import Setting, client, site
from dnswatch.store import entries
from dnswatch.store.sqlite import Database


class Moved(NamedTuple):
    """How the clock was set."""

    by: float
    "Seconds, forward if positive."
    since: float
    "Orders that bear a later time were given by the new clock, Unix seconds by that."
    begun: float
    "When the run began that went by the old clock, Unix seconds by that."


def move(db: Database, moved: Moved, now: float) -> None:
    """Move what was timed by the old clock; `now` is Unix seconds by the new one."""
    for statement in _MOVE:
        values = {"by": moved.by, "since": moved.since, "now": now}
        db.conn.execute(statement, values)
    entries.move(db, moved.by)
    db.conn.execute("UPDATE passed SET until = until + ?", (moved.by,))
    setting = Setting(moved.by, moved.begun, now - moved.by)
    for read, write, retimed in _EVIDENCE:
        rows = db.conn.execute(read).fetchall()
        db.conn.executemany(write, [(retimed(state, setting), which) for which, state in rows])


_MOVE: Final = (
    """UPDATE overrule SET at = at + :by, until = until + :by
        WHERE NOT (at BETWEEN :since AND :now)""",
    "UPDATE verdict SET at = at + :by, until = until + :by",
    "UPDATE quarantined SET since = since + :by, until = until + :by",
)
_EVIDENCE: Final = (
    ("SELECT id, state FROM detector", "UPDATE detector SET state = ? WHERE id = ?", site),
    (
        "SELECT client, state FROM evidence",
        "UPDATE evidence SET state = ? WHERE client = ?",
        client,
    ),
)
