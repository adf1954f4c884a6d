"""Findings in the store: the bay writes what it thinks of messages, the watch reads it.

Rows are numbered in the order in which they were written, and no number is given twice: whoever
remembers the last number it read misses nothing and reads nothing again.

In a fleet a bay writes into `found`, which is of its machine alone.  From there findings are sent
to the leader again and again, until its numbered ones, which come back with all else, have them.
What it counted is told once: of that seconds may be lost with a leader.
"""

from typing import Final

import msgspec

from dnswatch.model.finding import Finding
from dnswatch.store.site import add_counters
from dnswatch.store.sqlite import Database

AT_ONCE: Final = 1000
"""Findings read at a time; the rest follow at the next look."""


def add(
    db: Database,
    at: float,
    client: str,
    verdict: str,
    ident: str,
    reason: str,
    *,
    in_fleet: bool = False,
) -> None:
    """Write down what a message was found to be; `client` is its sender's key in the store."""
    db.conn.execute(_ADD_FOUND if in_fleet else _ADD, (at, client, verdict, ident, reason))


class BayReport(msgspec.Struct, frozen=True, array_like=True):
    """What a node's bay tells the leader."""

    found: list[tuple[float, str, str, str, str]]
    "When, client's key, verdict, message and reason."
    counted: list[tuple[int, str, int]]
    "Start of the minute, name and count."


def is_waiting(db: Database) -> bool:
    """Say whether this node's bay has told anything that the leader may not have."""
    return bool(db.conn.execute(_ANYTHING).fetchone()[0])


def to_send(db: Database) -> bytes:
    """Return what the leader does not have yet, for `take_in` there; empty where it has all.

    Call it in the transaction in which it is sent: what was counted is told once.
    """
    if not is_waiting(db):
        return b""
    db.conn.execute(_FORGET)
    found = db.conn.execute(_FOUND, (AT_ONCE,)).fetchall()
    counted = db.conn.execute("DELETE FROM counted RETURNING start, name, count").fetchall()
    return msgspec.msgpack.encode(BayReport(found, counted)) if found or counted else b""


def take_in(db: Database, data: bytes) -> None:
    """Number what a node's bay found, unless that was done; what makes no sense is left out."""
    try:
        report = msgspec.msgpack.decode(data, type=BayReport)
    except msgspec.DecodeError:
        return
    db.conn.executemany(_ADD_ONCE, report.found)
    for start, name, count in report.counted:
        add_counters(db.conn, start, {name: count})


def collect(db: Database) -> None:
    """Take in what the leader's own bay found."""
    if data := to_send(db):
        take_in(db, data)


def after(db: Database, number: int) -> list[Finding]:
    """Return the findings that came after the one of that number, the earliest first."""
    return [
        Finding(row, at, client.encode(), verdict, ident, reason)
        for row, at, client, verdict, ident, reason in db.conn.execute(_AFTER, (number, AT_ONCE))
    ]


_ADD: Final = "INSERT INTO finding (at, client, verdict, ident, reason) VALUES (?, ?, ?, ?, ?)"
_ADD_FOUND: Final = "INSERT INTO found (at, client, verdict, ident, reason) VALUES (?, ?, ?, ?, ?)"
_ADD_ONCE: Final = """
    INSERT INTO finding (at, client, verdict, ident, reason) SELECT ?1, ?2, ?3, ?4, ?5
    WHERE NOT EXISTS (SELECT 1 FROM finding
        WHERE (at, client, verdict, ident, reason) = (?1, ?2, ?3, ?4, ?5))"""
_ANYTHING: Final = """
    SELECT EXISTS (SELECT 1 FROM found) OR EXISTS (SELECT 1 FROM counted)"""
_FORGET: Final = """
    DELETE FROM found WHERE (at, client, verdict, ident, reason) IN
        (SELECT at, client, verdict, ident, reason FROM finding)"""
_FOUND: Final = "SELECT at, client, verdict, ident, reason FROM found ORDER BY id LIMIT ?"
_AFTER: Final = """
    SELECT id, at, client, verdict, ident, reason FROM finding WHERE id > ? ORDER BY id LIMIT ?"""
