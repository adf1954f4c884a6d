"""What is moved in the records when the machine's clock was set: ends that lie ahead.

An order for an hour holds an hour, whatever the clock says meanwhile.  What has happened keeps the
time that it was written down with.
"""

from typing import Final, NamedTuple

from dnswatch.store.sqlite import Database


class Moved(NamedTuple):
    """How the clock was set."""

    by: float
    "Seconds, forward if positive."
    since: float
    "Orders that bear a later time were given by the new clock, Unix seconds by that."


def move(db: Database, moved: Moved, now: float) -> None:
    """Move what was timed by the old clock; `now` is Unix seconds by the new one."""
    for statement in _MOVE:
        db.conn.execute(statement, {"by": moved.by, "since": moved.since, "now": now})


_MOVE: Final = (
    """UPDATE overrule SET at = at + :by, until = until + :by
        WHERE NOT (at BETWEEN :since AND :now)""",
    "UPDATE verdict SET at = at + :by, until = until + :by",
    "UPDATE quarantined SET since = since + :by, until = until + :by",
    """UPDATE entry SET expiry = expiry + :by
        WHERE expiry > ifnull((SELECT until FROM passed), 0)""",
    "UPDATE passed SET until = until + :by",
)
