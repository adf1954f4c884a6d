"""Quarantine in the store: whose mail-related answers name the holding bay, since and until when.

The watch writes it when marks begin and end; the bay reads it to know who may speak to it.  A mark
that comes back within `SAME` of its end is the same quarantine, which a restart interrupted.

It also tells which clients are the same machine, as far as the store knows.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final

from dnswatch.store.sqlite import Database

SAME: Final = 3600.0
"""Seconds: while the site writes pseudonyms, a restarted watch knows a client's mark again only
when the client asks something."""


def quarantined(db: Database) -> dict[str, tuple[float, float | None]]:
    """Return who is or was quarantined: key to since and until when, Unix seconds.

    `until` is None while the mark stands.
    """
    return {key: (since, until) for key, since, until in db.conn.execute(_ALL)}


def write(
    conn: sqlite3.Connection, turns: Mapping[str, tuple[float, bool]], anew: float | None
) -> None:
    """Note for whom quarantine began or ended, and when.

    `anew` is when the watch began to tell, if this is the first that it tells: whoever is not named
    now is not quarantined any more.
    """
    if anew is not None:
        named = [(key,) for key in turns]
        conn.execute("CREATE TEMP TABLE IF NOT EXISTS named (client TEXT PRIMARY KEY)")
        conn.execute("DELETE FROM named")
        conn.executemany("INSERT INTO named (client) VALUES (?)", named)
        conn.execute(_END_OTHERS, (anew,))
    for key, (at, is_quarantined) in turns.items():
        conn.execute(_BEGIN if is_quarantined else _END, {"client": key, "at": at, "same": SAME})


_ALL: Final = "SELECT client, since, until FROM quarantined"
_BEGIN: Final = """
    INSERT INTO quarantined (client, since) VALUES (:client, :at)
    ON CONFLICT DO UPDATE SET until = NULL,
        since = iif(until IS NULL OR until > excluded.since - :same, since, excluded.since)"""
# Begun and ended since the last time, it has no row yet: answers that it got may still be cached.
_END: Final = """
    INSERT INTO quarantined (client, since, until) VALUES (:client, :at, :at)
    ON CONFLICT DO UPDATE SET until = excluded.until WHERE until IS NULL"""
_END_OTHERS: Final = """
    UPDATE quarantined SET until = ? WHERE until IS NULL
    AND client NOT IN (SELECT client FROM named)"""


def same_machine(db: Database) -> list[tuple[str, str]]:
    """Return each quarantined client's key with that of another client that is the same machine.

    What asked over IPv4 may send its mail over IPv6.
    """
    return list(db.conn.execute(_KIN))


_KIN: Final = """
    SELECT quarantined.client, other.key FROM quarantined
    JOIN client one ON one.key = quarantined.client
    JOIN client other ON other.machine = one.machine AND other.key <> one.key"""
