"""The store as its writer sees it: changes in, and after a restart what the watch must know again.

Counts are added to those that stand there, so a batch may come late or in parts; all of one batch
is stored, or nothing of it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec.structs import astuple

from dnswatch.errors import StoreError
from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.changes import Changes, Cursor, MailLookup
from dnswatch.model.observation import Enforced
from dnswatch.settings import Records
from dnswatch.store import entries, evidence, orders, retention, site
from dnswatch.store.bay import quarantine
from dnswatch.store.database import FILE, open_reader, open_writer, sentences, writing
from dnswatch.store.mailnames import MailDomain, mail_domains
from dnswatch.store.sqlite import Database
from dnswatch.wire.name import to_text

ClientKey = Callable[[bytes], str]

VANTAGES: Final = 100
"""Vantage points that are remembered, those that were heard last."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a client is, as far as the site's own sources say."""

    name: str | None
    machine: str | None
    "Its MAC address, or the pseudonym of that: clients that share it are one machine."
    source: str
    "Where that was read: `hosts`, `leases`, `neighbours`, `pointers`."


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the watch must know again after a restart."""

    entries: dict[bytes, CacheEntry]
    "Packed address to its life, for those whose expiry was not counted yet."
    domains: list[MailDomain]
    "In order of time."


class Store:
    """The store of one site; closed by `close`, or at the end of a `with`."""

    def __init__(self, db: Database, path: Path) -> None:
        """Use an open database; see `open` and `read`."""
        self._db = db
        self._path = path
        self._has_written = False
        self._most = entries.MOST
        "States of entries in their log."

    @classmethod
    def open(cls, state: Path) -> Self:
        """Open the store in the directory `state` for writing; create and migrate it if need be."""
        return cls(open_writer(state), state / FILE)

    @classmethod
    def read(cls, state: Path) -> Self:
        """Open the store in the directory `state` for reading only."""
        return cls(open_reader(state), state / FILE)

    def close(self) -> None:
        """Close the file."""
        if self._has_written:
            with suppress(StoreError), writing(self._db, self._path):
                entries.finish(self._db)
        self._db.close()

    def __enter__(self) -> Self:
        """Begin a `with`."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """Let queries see one moment's records, whatever is written meanwhile."""
        with sentences(self._path), self._db.atomic():
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """Make one transaction of what is read and written meanwhile, all of it or nothing."""
        with writing(self._db, self._path):
            yield self._db

    def write(self, changes: Changes, client_key: ClientKey, now: float) -> None:
        """Store a batch of changes, all of it or, with a `StoreError`, nothing.

        `client_key` turns a packed address into the client's key; `now` is Unix seconds.
        """
        with writing(self._db, self._path):
            _write_accounts(self._db.conn, changes, client_key)
            _write_lookups(self._db.conn, changes.lookups, client_key)
            _write_site(self._db.conn, changes)
            _write_health(self._db.conn, changes, now)
            _write_standings(self._db.conn, changes, client_key)
            _write_notes(self._db.conn, changes, client_key)
            evidence.write(self._db.conn, changes)
            turns = {client_key(client): turn for client, turn in changes.quarantine.items()}
            quarantine.write(self._db.conn, turns, changes.begun_at)
            _write_vantages(self._db.conn, changes)
            if changes.until:
                self._db.conn.execute(_NOTE_PASSED, (changes.until,))
            entries.write(self._db, changes, self._most)
            self._has_written = True
            if changes.cursors:
                cursors = msgspec.json.encode(changes.cursors).decode()
                self._db.conn.execute(_NOTE_CURSORS, (cursors,))

    def write_identities(self, identities: Iterable[tuple[str, Identity]]) -> None:
        """Note who the clients of these keys are; keys of no client are passed over."""
        rows = [(who.name, who.machine, who.source, key) for key, who in identities]
        with sentences(self._path), self._db.atomic():
            self._db.conn.executemany(_NAME_CLIENT, rows)

    def restore(self, now: float, horizon: float = 86400.0) -> Remembered:
        """Return the entries that were alive at the last write, and MX lookups of late.

        Entries that expired while no watch ran are among them: their expiry is yet to be counted.
        MX lookups are those of the last `horizon` seconds before `now` (Unix seconds).
        """
        with sentences(self._path):
            living = entries.restore(self._db)
            return Remembered(living, mail_domains(self._db, now - horizon))

    def passed(self) -> float:
        """Return up to when the records go: Unix seconds, 0 where there are none."""
        with sentences(self._path):
            return site.passed(self._db)

    def cursors(self) -> tuple[Cursor, ...]:
        """Return how much of which journals is stored."""
        with sentences(self._path):
            row = self._db.conn.execute("SELECT cursor FROM journal").fetchone()
        stored = msgspec.json.decode(row[0], type=Cursor | tuple[Cursor, ...]) if row else ()
        return (stored,) if isinstance(stored, Cursor) else stored  # one alone in older stores

    def knows(self, key: str) -> bool:
        """Whether anything is recorded of the client of this key."""
        with sentences(self._path):
            return self._db.conn.execute(_KNOWS, (key,)).fetchone() is not None

    def make_room(self, records: Records, now: float) -> None:
        """Let go of what is worth least, where the files are larger than `records.size`."""
        self._most = min(entries.MOST, records.size // entries.ROOM)
        with sentences(self._path):
            retention.make_room(self._db, records.size, now)

    def keep(self, records: Records, now: float) -> bool:
        """Let go of what is older or larger than `records` says; return whether more is left to do.

        One call takes a bounded number of short transactions: call again soon where it says True.
        """
        with sentences(self._path):
            return retention.keep(self._db, records, now)


def _write_accounts(conn: sqlite3.Connection, changes: Changes, client_key: ClientKey) -> None:
    measures = _measure_numbers(conn, changes.accounts.values())
    numbered = [
        (minute * 60, _see(conn, client_key(client), minute * 60.0), account)
        for (client, minute), account in changes.accounts.items()
    ]
    numbered.sort(key=itemgetter(0, 1))  # as in the table: each of its pages is looked for once
    conn.executemany(
        _ADD_TALLY,  # rows are made as they are taken: all at once take a kilobyte a client
        (
            (start, number, measures[name], count)
            for start, number, account in numbered
            for name, count in account.items()
        ),
    )


def _measure_numbers(
    conn: sqlite3.Connection, accounts: Iterable[Mapping[str, int]]
) -> dict[str, int]:
    """Number the measures of some accounts, those that are new as well."""
    known = dict(conn.execute("SELECT name, id FROM measure").fetchall())
    new = set[str]().union(*accounts) - known.keys()
    if new:
        conn.executemany(_NAME_MEASURE, ((name,) for name in sorted(new)))
        known = dict(conn.execute("SELECT name, id FROM measure").fetchall())
    return known


def _see(conn: sqlite3.Connection, key: str, at: float) -> int:
    """Note that a client was seen, if that is news; return its number."""
    row = conn.execute(_FIND_CLIENT, (key, at)).fetchone()
    if row is None:
        row = conn.execute(_SEE_CLIENT, (key, at, at)).fetchone()
    number: int = row[0]
    return number


def _write_lookups(
    conn: sqlite3.Connection, lookups: list[MailLookup], client_key: ClientKey
) -> None:
    numbers = [_see(conn, client_key(lookup.client), lookup.at) for lookup in lookups]
    conn.executemany(_ADD_LOOKUP, map(_lookup_row, lookups, numbers))


def _lookup_row(lookup: MailLookup, client: int) -> tuple[object, ...]:
    addresses = [[entries.text(address), ttl] for address, ttl in lookup.addresses]
    exchanges = [to_text(exchange) for exchange in lookup.exchanges]
    return (
        lookup.at,
        client,
        lookup.kind.value,
        to_text(lookup.domain),
        to_text(lookup.qname),
        lookup.qtype,
        lookup.rcode,
        int(lookup.origin),
        json.dumps(addresses) if addresses else None,
        json.dumps(exchanges) if exchanges else None,
        lookup.ttl,
        lookup.new,
        lookup.refreshed,
        lookup.hits,
        lookup.redirected,
        lookup.recursion,
        *_enforced(lookup.enforced),
        lookup.proven,
    )


def _enforced(enforced: Enforced | None) -> tuple[str | None, str | None, bool]:
    """Write down what a policy did: its name, what, and whether only in a dry run."""
    if enforced is None:
        return None, None, False
    return enforced.policy, enforced.decided.value, enforced.dry_run


def _write_site(conn: sqlite3.Connection, changes: Changes) -> None:
    conn.executemany(
        _ADD_SITE,
        (
            (minute * 60, name, count)
            for minute, counts in changes.site.items()
            for name, count in counts.items()
        ),
    )
    for minute, counts in changes.counters.items():
        site.add_counters(conn, minute * 60, counts)


def _write_health(conn: sqlite3.Connection, changes: Changes, now: float) -> None:
    conn.executemany(
        _HEAR_HEALTH,
        (
            (
                node,
                worker,
                upstream,
                now,
                health.up,
                health.rtt,
                health.answers,
                health.failures,
                health.edns,
            )
            for (node, worker, upstream), health in changes.health.items()
        ),
    )


def _write_vantages(conn: sqlite3.Connection, changes: Changes) -> None:
    if changes.begun_at is not None:
        conn.execute(_ALL_GONE, (changes.begun_at,))
    conn.executemany(_SET_VANTAGE, map(astuple, changes.vantages.values()))
    if changes.vantages:
        conn.execute(_FORGET_VANTAGES, (VANTAGES,))


def _write_standings(conn: sqlite3.Connection, changes: Changes, client_key: ClientKey) -> None:
    for client, standing in changes.standings.items():
        key = client_key(client)
        conn.execute("DELETE FROM verdict WHERE client = ?", (key,))
        if standing.share > 0:
            conn.execute(_ADD_VERDICT, (key, standing.share, standing.at, standing.until))


def _write_notes(conn: sqlite3.Connection, changes: Changes, client_key: ClientKey) -> None:
    conn.executemany(
        orders.ADD_ENTRY,
        (
            (
                note.at,
                note.about.value,
                None if note.client is None else client_key(note.client),
                note.text,
                note.cause,
                note.actor,
            )
            for note in changes.notes
        ),
    )


_KNOWS = "SELECT 1 FROM client WHERE key = ?"
_SEE_CLIENT = """
    INSERT INTO client (key, first_seen, last_seen) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
        first_seen = min(first_seen, excluded.first_seen),
        last_seen = max(last_seen, excluded.last_seen)
    RETURNING id"""
_FIND_CLIENT = "SELECT id FROM client WHERE key = ?1 AND ?2 BETWEEN first_seen AND last_seen"
# What is known already is not written again; a machine that lost its lease keeps its name.
_NAME_CLIENT = """
    UPDATE client SET name = ?1, machine = ?2, source = ?3
    WHERE key = ?4 AND (name, machine, source) IS NOT (?1, ?2, ?3)
        AND NOT (?1 IS NULL AND name IS NOT NULL AND machine IS ?2)"""
_NAME_MEASURE = "INSERT OR IGNORE INTO measure (name) VALUES (?)"
_ADD_TALLY = """
    INSERT INTO tally (start, client, measure, count) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count"""
# The detector remembers the number of the last lookup that it has judged, so none may come twice;
# SQLite by itself gives numbers out again from the largest that is there.
_ADD_LOOKUP = """
    INSERT INTO lookup (id, at, client, kind, domain, qname, qtype, rcode, origin, addresses,
        exchanges, ttl, new, refreshed, hits, redirected, recursion, policy, decided, dry_run,
        proven)
    VALUES (1 + max(ifnull((SELECT max(id) FROM lookup), 0),
            ifnull((SELECT judged FROM detector), 0)),
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ADD_VERDICT = "INSERT INTO verdict (client, share, at, until) VALUES (?, ?, ?, ?)"
_ADD_SITE = """
    INSERT INTO site (start, measure, count) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count"""
_HEAR_HEALTH = """
    INSERT INTO health (node, worker, upstream, at, up, rtt, answers, failures, edns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        at = excluded.at, up = excluded.up, rtt = excluded.rtt, edns = excluded.edns,
        answers = answers + excluded.answers, failures = failures + excluded.failures"""
_ALL_GONE = "UPDATE vantage SET gone_at = ? WHERE gone_at IS NULL"
_SET_VANTAGE = """
    INSERT OR REPLACE INTO vantage
        (name, lag, since, heard_at, gone_at, batches, lookups, late, dropped, damaged)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FORGET_VANTAGES = """
    DELETE FROM vantage WHERE name NOT IN
        (SELECT name FROM vantage ORDER BY heard_at DESC LIMIT ?)"""
_NOTE_PASSED = "INSERT INTO passed VALUES (1, ?) ON CONFLICT DO UPDATE SET until = excluded.until"
_NOTE_CURSORS = (
    "INSERT INTO journal VALUES (1, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor"
)
