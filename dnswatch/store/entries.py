"""The site cache's entries in the store: what changes each second is appended, rows follow later.

To write a row for each address that was sent again would cost more than all else that a lookup
costs the watch.  So each write appends the present states of all entries it brings to `entry_log`,
as they are in memory; now and then (`settle`) what has ended there becomes rows of `entry`, in the
order of the addresses, and only the last states of what lives are kept.  Both tables together tell
all that was ever written, at any moment.
"""

import json
import socket
from collections.abc import Iterable
from itertools import chain
from operator import itemgetter
from typing import Final

from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.changes import Changes
from dnswatch.model.groups import SIZE, packed
from dnswatch.model.states import EntryStates, State
from dnswatch.store.sqlite import Database

MOST: Final = 200_000
"""States in the log, before it is settled; to take them in memory takes 40 MB."""

ROOM: Final = 400
"""Bytes of the largest store that is wanted for each state in the log, which is a tenth of it."""

WRITES: Final = 300
"""Writes in the log: where little is asked, rows are five minutes old at most."""

FEW: Final = 5000
"""States that become rows at once where a store is closed: that takes some hundredths of a second,
and who opens the file with another program finds everything in `entry`."""

_PART: Final = 30_000
"""Bytes in one row of the log, at most."""

_TOGETHER: Final = 100
"""Rows in one statement: a statement for each takes half as long again."""


def write(db: Database, changes: Changes, most: int = MOST) -> None:
    """Append what changed; settle where the log has become long, which is `most` states."""
    _append(db, changes.entries)
    rows, logged = db.conn.execute(_LENGTH).fetchone()
    if rows > WRITES or logged > most:
        settle(db, most)


def finish(db: Database) -> None:
    """Turn all into rows where that takes no time; the log is as good otherwise."""
    _, logged = db.conn.execute(_LENGTH).fetchone()
    if 0 < logged <= FEW:
        settle(db, most=0)


def settle(db: Database, most: int = MOST) -> None:
    """Turn what has ended into rows, and what lives where that is more than half of `most`."""
    passed, states, living = _passed(db), _logged(db), EntryStates()
    ended = [state for state in states if state[2] <= passed]
    if len(states) - len(ended) > most // 2:
        ended = list(states)
    elif len(states) > len(ended):
        for address, first_seen, expiry, refreshes, hits in states:
            if expiry > passed:
                living.add(address, packed((first_seen, expiry, refreshes, hits)))
    _put(db, "entry", ended)
    db.conn.execute("DELETE FROM entry_log")
    _append(db, living)


def restore(db: Database) -> dict[bytes, CacheEntry]:
    """Return the lives whose end was not counted yet, by packed address."""
    passed = _passed(db)
    rows = db.conn.execute(_LIVING, (passed,)).fetchall()
    found = {_packed(address): CacheEntry(*life) for address, *life in rows}
    found.update(_logged(db).last())
    return {address: entry for address, entry in found.items() if entry.expiry > passed}


def move(db: Database, by: float) -> None:
    """Move the ends of what lives, since the clock was set forward by so many seconds."""
    settle(db, most=0)
    db.conn.execute("UPDATE entry SET expiry = expiry + ? WHERE expiry > ?", (by, _passed(db)))


def show(db: Database) -> None:
    """Let this connection ask `entry_now` for all entries as they stand, in the form of `entry`."""
    for statement in _SHOW:
        db.conn.execute(statement)
    states = _logged(db)
    addresses = json.dumps([text(state[0]) for state in states])
    db.conn.execute(_COPY_ROWS, (addresses,))
    _put(db, "temp.entry_ahead", states)


def _append(db: Database, states: EntryStates) -> None:
    """Write states behind those that are there."""
    for width, told in states.parts():
        size = width + SIZE
        part = _PART // size * size
        for begin in range(0, len(told), part):
            some = told[begin : begin + part]
            db.conn.execute(_LOG, (width, len(some) // size, some))


def _logged(db: Database) -> EntryStates:
    """Return the last state of each life in the log."""
    found = EntryStates(db.conn.execute("SELECT width, states FROM entry_log ORDER BY id"))
    found.tidy()
    return found


def _put(db: Database, table: str, states: Iterable[State]) -> None:
    """Bring the rows of some lives up to date, in the order of the rows and of the lives."""
    rows = [
        (text(address), first_seen, expiry, refreshes, hits)
        for address, first_seen, expiry, refreshes, hits in states
    ]
    rows.sort(key=itemgetter(0))
    for begin in range(0, len(rows), _TOGETHER):
        some = rows[begin : begin + _TOGETHER]
        statement = _SET_ROWS.format(table, ", ".join(["(?, ?, ?, ?, ?)"] * len(some)))
        db.conn.execute(statement, tuple(chain.from_iterable(some)))


def _passed(db: Database) -> float:
    """Return up to when all ends were counted."""
    row = db.conn.execute("SELECT until FROM passed").fetchone()
    return float(row[0]) if row else 0.0


def text(address: bytes) -> str:
    """Write a packed address; `ipaddress` would take ten times as long."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def _packed(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


_LENGTH = "SELECT count(*), ifnull(sum(count), 0) FROM entry_log"
_LOG = "INSERT INTO entry_log (width, count, states) VALUES (?, ?, ?)"
_LIVING = "SELECT address, expiry, first_seen, refreshes, hits FROM entry WHERE expiry > ?"
_SET_ROWS = """
    INSERT INTO {} (address, first_seen, expiry, refreshes, hits) VALUES {}
    ON CONFLICT DO UPDATE SET
        lives = lives + (excluded.first_seen > first_seen),
        earlier_refreshes = earlier_refreshes + refreshes * (excluded.first_seen > first_seen),
        earlier_hits = earlier_hits + hits * (excluded.first_seen > first_seen),
        expiry = excluded.expiry, first_seen = excluded.first_seen,
        refreshes = excluded.refreshes, hits = excluded.hits"""
_SHOW = (
    "DROP VIEW IF EXISTS temp.entry_now",
    "DROP TABLE IF EXISTS temp.entry_ahead",
    """CREATE TEMP TABLE entry_ahead (
        address TEXT PRIMARY KEY, expiry REAL NOT NULL, first_seen REAL NOT NULL,
        refreshes INTEGER NOT NULL, hits INTEGER NOT NULL, lives INTEGER NOT NULL DEFAULT 1,
        earlier_refreshes INTEGER NOT NULL DEFAULT 0, earlier_hits INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
    """CREATE TEMP VIEW entry_now AS
        SELECT * FROM temp.entry_ahead
        UNION ALL SELECT * FROM main.entry
        WHERE address NOT IN (SELECT address FROM temp.entry_ahead)""",
)
_COPY_ROWS = """
    INSERT INTO temp.entry_ahead
    SELECT * FROM main.entry WHERE address IN (SELECT value FROM json_each(?))"""
