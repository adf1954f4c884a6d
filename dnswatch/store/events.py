"""Events: changes in the order in which they were noted, by number, for those who tell of them.

A change is written in the transaction of what it tells, so what stands here is what happened.  No
number comes twice, and none is left out: where one is missing, retention let go of the change.

An *incident* is a client's way from its first bad verdict to the one that it is clean again.  It is
read from the changes themselves, so that nothing of it outlives them.
"""

import sqlite3
from typing import Final, NamedTuple

from dnswatch.model.policies.note import About
from dnswatch.model.policies.standing import CLEAN
from dnswatch.store.orders import LogEntry
from dnswatch.store.sqlite import Database

PAGE: Final = 500
"""Changes that are read at a time."""


class Noted(NamedTuple):
    """A change with its number."""

    number: int
    entry: LogEntry
    opened: int | None
    "Number of the change that opened the incident it belongs to; None where it belongs to none."


def store_name(db: Database) -> str:
    """Name the store by the moment it was made: another one counts its changes anew.

    In a fleet all nodes have the name of the store that theirs are copies of.
    """
    made, copied = db.conn.execute(_NAMES).fetchone()
    return str(copied or made)


def is_copy(db: Database) -> bool:
    """Say whether another store is named: what stands in this one happened there."""
    made, copied = db.conn.execute(_NAMES).fetchone()
    return copied is not None and copied != made


def last(db: Database) -> int:
    """Return the number of the last change that was noted, whether or not it is still there."""
    row = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'change'").fetchone()
    return int(row[0]) if row else 0


def after(db: Database, number: int, limit: int = PAGE) -> list[Noted]:
    """Return the next changes after the one of a number, in order."""
    rows = db.conn.execute(_AFTER, (number, limit)).fetchall()
    return [
        Noted(number, LogEntry(*entry), _opened(db.conn, number, entry[2]))
        for number, *entry in rows
    ]


def _opened(conn: sqlite3.Connection, number: int, client: str | None) -> int | None:
    """Find what opened the incident that goes on, or closes, with a change of a client."""
    if client is None:
        return None
    found = conn.execute(_OPENED, {"client": client, "number": number, **_WORDS}).fetchone()
    return None if found[0] is None else int(found[0])


_NAMES: Final = """
    SELECT min(applied_at), (SELECT name FROM replica) FROM _sqlite_migrations"""
_WORDS: Final = {"verdict": About.VERDICT.value, "clean": CLEAN.rung}
_AFTER: Final = """
    SELECT id, at, about, client, text, cause, actor FROM change WHERE id > ? ORDER BY id LIMIT ?"""
_OPENED: Final = """
    SELECT min(id) FROM change
    WHERE client = :client AND about = :verdict AND text != :clean AND id <= :number AND id > (
        SELECT ifnull(max(id), 0) FROM change
        WHERE client = :client AND about = :verdict AND text = :clean AND id < :number)"""
