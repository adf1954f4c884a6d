"""What the store knows of the site, its cache, its upstreams and itself: SQL to values."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from dnswatch.model.durations import PREFIX
from dnswatch.model.vantage import VantagePoint
from dnswatch.store import entries
from dnswatch.store.sqlite import Database


@dataclass(frozen=True, slots=True)
class SiteCacheEntry:
    """An address in the site cache, over all its lives."""

    address: str
    first_seen: float
    "When its last life began, Unix seconds."
    expiry: float
    "When that ends or ended, Unix seconds."
    lives: int
    refreshes: int
    "In all lives."
    hits: int
    "In all lives."


@dataclass(frozen=True, slots=True)
class UpstreamStatus:
    """How one upstream does, as one worker sees it."""

    worker: int
    upstream: str
    at: float
    "When the worker last said so, Unix seconds."
    up: bool
    rtt: float
    "Smoothed round-trip time, seconds; 0 before the first response."
    answers: int
    failures: int
    edns: bool = True
    "It is asked with EDNS; without, its answers have no DNSSEC."
    node: str = ""
    "Whose worker; empty where there is no fleet."

    @property
    def place(self) -> str:
        """Name the worker among all that write into these records."""
        return f"{self.node}/{self.worker}" if self.node else str(self.worker)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is kept."""

    first: int | None
    "The first start, Unix seconds; None where nothing is kept."
    last: int | None
    clients: int
    lookups: int
    "Mail-related ones, kept on their own."
    entries: int
    "Addresses, live or not."
    used: int
    "Bytes of the file that records take."


def measures(db: Database, since: float) -> Counter[str]:
    """Sum the measures of the site."""
    return Counter(dict(db.conn.execute(_MEASURES, (since // 60 * 60,)).fetchall()))


def measures_over_time(db: Database, since: float, width: int) -> dict[int, Counter[str]]:
    """Sum the measures of the site in each `width` seconds from `since`, numbered from 0."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    parameters = {"begin": int(since // 60) * 60, "width": width}
    for interval, measure, count in db.conn.execute(_MEASURES_OVER_TIME, parameters):
        found[interval][measure] = count
    return dict(found)


def starts(db: Database, since: float) -> tuple[int, int] | None:
    """Return the first and the last start of any count of the site."""
    row = db.conn.execute(_STARTS, (since // 60 * 60,)).fetchone()
    return None if row[0] is None else (row[0], row[1])


def live_entries(db: Database, now: float) -> int:
    """Count the entries of the site cache that have not expired."""
    entries.show(db)
    count: int = db.conn.execute(_LIVE, (now,)).fetchone()[0]
    return count


def known_clients(db: Database) -> int:
    """Count the clients of which anything is recorded."""
    count: int = db.conn.execute("SELECT count(*) FROM client").fetchone()[0]
    return count


def most_refreshed(db: Database, limit: int) -> list[SiteCacheEntry]:
    """Return the addresses that upstream sent again most often, the most often first."""
    entries.show(db)
    return [SiteCacheEntry(*row) for row in db.conn.execute(_MOST_REFRESHED, (limit,))]


def counters(db: Database, since: float) -> Counter[str]:
    """Sum the counters of the processes, but for the buckets of how long answers took."""
    rows = db.conn.execute(_COUNTERS, (since // 60 * 60,)).fetchall()
    return Counter({name: count for name, count in rows if not name.startswith(PREFIX)})


def last_counted(db: Database, names: list[str]) -> dict[str, int]:
    """Return the last minute in which each of some counters grew, Unix seconds."""
    found = db.conn.execute(_LAST_COUNTED, (json.dumps(names),)).fetchall()
    return {name: int(start) for name, start in found}


def add_counters(
    conn: sqlite3.Connection, start: int, counts: Mapping[str, int], *, in_fleet: bool = False
) -> None:
    """Count what happened in the minute that begins at `start`, Unix seconds.

    `in_fleet`, it is noted for the leader, who alone writes what all nodes have.
    """
    statement = _ADD_COUNTED if in_fleet else _ADD_COUNTER
    conn.executemany(statement, ((start, name, count) for name, count in counts.items()))


def upstreams(db: Database) -> list[UpstreamStatus]:
    """Return what each worker last said of each upstream."""
    found = db.conn.execute(_UPSTREAMS)
    return [
        UpstreamStatus(worker, upstream, at, bool(up), rtt, answers, failures, bool(edns), node)
        for node, worker, upstream, at, up, rtt, answers, failures, edns in found
    ]


def vantages(db: Database) -> list[VantagePoint]:
    """Return how the vantage points do, or did, that are no workers, by name."""
    return [VantagePoint(*row) for row in db.conn.execute(_VANTAGES)]


def passed(db: Database) -> float:
    """Return up to when the records go: Unix seconds, 0 where there are none."""
    row = db.conn.execute("SELECT until FROM passed").fetchone()
    return float(row[0]) if row else 0.0


def used(db: Database) -> int:
    """Measure the bytes of the file that records take."""
    size: int = db.conn.execute(f"SELECT {_USED}").fetchone()[0]
    return size


def extent(db: Database) -> Extent:
    """Measure what is kept."""
    entries.show(db)
    return Extent(*db.conn.execute(_EXTENT).fetchone())


_MEASURES = "SELECT measure, sum(count) FROM site WHERE start >= ? GROUP BY measure"
_MEASURES_OVER_TIME = """
    SELECT (start - :begin) / :width AS interval, measure, sum(count) FROM site
    WHERE start >= :begin GROUP BY interval, measure"""
_STARTS = "SELECT min(start), max(start) FROM site WHERE start >= ?"
_LIVE = "SELECT count(*) FROM entry_now WHERE expiry > ?"
_MOST_REFRESHED = """
    SELECT address, first_seen, expiry, lives, refreshes + earlier_refreshes AS refreshed,
        hits + earlier_hits
    FROM entry_now WHERE refreshed > 0 ORDER BY refreshed DESC, address LIMIT ?"""
_LAST_COUNTED = """
    SELECT name, max(start) FROM counter WHERE name IN (SELECT value FROM json_each(?))
    GROUP BY name"""
_ADD_COUNTED = """
    INSERT INTO counted (start, name, count) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count"""
_ADD_COUNTER = """
    INSERT INTO counter (start, name, count) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count"""
_COUNTERS = "SELECT name, sum(count) FROM counter WHERE start >= ? GROUP BY name"
_UPSTREAMS = """
    SELECT node, worker, upstream, at, up, rtt, answers, failures, edns
    FROM health ORDER BY upstream, node, worker"""
_VANTAGES = """
    SELECT name, lag, since, heard_at, gone_at, batches, lookups, late, dropped, damaged
    FROM vantage ORDER BY name"""
_USED = "(SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())"
_EXTENT = f"""
    SELECT (SELECT min(start) FROM site), (SELECT max(start) FROM site),
        (SELECT count(*) FROM client), (SELECT count(*) FROM lookup),
        (SELECT count(*) FROM entry_now),
        {_USED}"""  # noqa: S608 it is a constant
