"""What the store knows of the clients: SQL to values.

Rules of this file: `since` is Unix seconds; counts count from the start of its minute, or of its
hour where they have been summed up to hours.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from dnswatch.model.machines import Known, Machines
from dnswatch.store.sqlite import Database

DECLARED: Final = "hosts"
"""The source whose names join clients to one machine.  A name that a machine gave itself (DHCP), or
that stands in the reverse zone, joins nothing: many may have the same."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client, as it stands in the store."""

    id: int
    key: str
    "Its address, or its pseudonym."
    first_seen: float
    "Unix seconds."
    last_seen: float
    "Unix seconds."
    name: str | None
    machine: str | None
    "Its MAC address, or the pseudonym of that."
    source: str | None
    "Where name and machine were read: `hosts`, `leases`, `neighbours`, `pointers`."


@dataclass(frozen=True, slots=True)
class RecordedLookup:
    """One mail-related lookup."""

    at: float
    "Unix seconds."
    key: str
    "Of the client."
    kind: str
    "A `LookupKind`."
    domain: str
    qname: str
    qtype: int
    rcode: int
    origin: int
    "An `Origin`."
    new: int
    refreshed: int
    hits: int
    redirected: bool
    "SQLite has no truth values: 0 or 1."
    policy: str | None
    "The policy that did something to the answer."
    decided: str | None
    "What it did: a `Decided`."
    dry_run: bool
    "0 or 1: it would have done so."
    addresses: tuple[tuple[str, int], ...]
    "With TTLs, seconds."
    exchanges: tuple[str, ...]


def clients(db: Database) -> list[Client]:
    """Return all clients."""
    return [Client(*row) for row in db.conn.execute(_CLIENTS)]


def known(client: Client) -> Known:
    """Return by what a client may be joined with others."""
    return known_as(client.key, client.name, client.machine, client.source)


def joinable(db: Database) -> Iterator[Known]:
    """Go through all clients, one at a time: by what each may be joined with others."""
    return (known_as(*row) for row in db.conn.execute(_JOINABLE))


def known_as(key: str, name: str | None, machine: str | None, source: str | None) -> Known:
    """Return the same of a client that may not be stored yet."""
    return Known(key, machine, name if source == DECLARED else None)


def machines(db: Database) -> Machines:
    """Return which clients are one machine."""
    return Machines(joinable(db))


def totals(db: Database, since: float) -> dict[int, Counter[str]]:
    """Sum each measure of each client, by the client's number."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for client, measure, count in db.conn.execute(_TOTALS, (_minute(since),)):
        found[client][measure] = count
    return dict(found)


def starts(db: Database, since: float) -> tuple[int, int] | None:
    """Return the first and the last start of any client's count."""
    row = db.conn.execute(_STARTS, (_minute(since),)).fetchone()
    return None if row[0] is None else (row[0], row[1])


def activity(db: Database, since: float, width: int) -> dict[int, dict[int, tuple[int, int]]]:
    """Count lookups, and mail-related ones, of each client in each `width` seconds from `since`.

    The inner key is the number of the interval, from 0.
    """
    begin = _minute(since)
    found: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    for client, interval, lookups, mail in db.conn.execute(
        _ACTIVITY, {"begin": begin, "width": width}
    ):
        found[client][interval] = (lookups, mail)
    return dict(found)


def kinds(db: Database, ids: Iterable[int], since: float, width: int) -> dict[str, dict[int, int]]:
    """Count mail-related lookups of some clients by kind, in each `width` seconds from `since`."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    parameters = {"ids": json.dumps(list(ids)), "begin": _minute(since), "width": width}
    for kind, interval, count in db.conn.execute(_KINDS, parameters):
        found[kind][interval] = count
    return dict(found)


def domains(db: Database, since: float) -> dict[int, set[str]]:
    """Return the mail domains that each client's lookups belonged to."""
    return _sets(db, _DOMAINS, since)


def exchanges(db: Database, since: float) -> dict[int, set[str]]:
    """Return the exchanges whose address each client asked for."""
    return _sets(db, _EXCHANGES, since)


def last_lookups(
    db: Database, ids: Iterable[int], since: float, limit: int
) -> list[RecordedLookup]:
    """Return the last mail-related lookups of some clients, the latest first."""
    rows = db.conn.execute(_LAST_LOOKUPS, (json.dumps(list(ids)), since, limit))
    return [RecordedLookup(*row[:-2], *map(_tuples, row[-2:])) for row in rows]


def last_of_name(db: Database, qname: str, qtype: int) -> RecordedLookup | None:
    """Return the last mail-related lookup of a name that anybody made; None where none is kept."""
    row = db.conn.execute(_LAST_OF_NAME, (qname, qtype)).fetchone()
    return row and RecordedLookup(*row[:-2], *map(_tuples, row[-2:]))


def last_of_type(db: Database, qtype: int, since: float, limit: int) -> list[RecordedLookup]:
    """Return the last mail-related lookups of a type, whoever made them, the latest first."""
    rows = db.conn.execute(_LAST_OF_TYPE, (qtype, since, limit))
    return [RecordedLookup(*row[:-2], *map(_tuples, row[-2:])) for row in rows]


def names(db: Database) -> list[tuple[str, str | None]]:
    """Return key and name of each client, the one seen last first."""
    return db.conn.execute("SELECT key, name FROM client ORDER BY last_seen DESC").fetchall()


def _sets(db: Database, statement: str, since: float) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for client, name in db.conn.execute(statement, (since,)):
        found[client].add(name)
    return dict(found)


def _tuples(text: str | None) -> tuple[Any, ...]:
    return tuple(
        tuple(item) if isinstance(item, list) else item for item in json.loads(text or "[]")
    )


def _minute(since: float) -> int:
    return int(since // 60) * 60


_CLIENTS = "SELECT id, key, first_seen, last_seen, name, machine, source FROM client"
_JOINABLE = "SELECT key, name, machine, source FROM client"
_TOTALS = """
    SELECT client, name, total FROM (
        SELECT client, measure, sum(count) AS total FROM tally WHERE start >= ?
        GROUP BY client, measure)
    JOIN measure ON measure.id = measure"""
_STARTS = "SELECT min(start), max(start) FROM tally WHERE start >= ?"
_ACTIVITY = """
    SELECT client, (start - :begin) / :width AS interval,
        sum(count * (measure.name = 'lookup')), sum(count * (measure.name LIKE 'mail:%'))
    FROM tally JOIN measure ON measure.id = tally.measure
    WHERE start >= :begin AND (measure.name = 'lookup' OR measure.name LIKE 'mail:%')
    GROUP BY client, interval"""
_KINDS = """
    SELECT substr(measure.name, 6), (start - :begin) / :width AS interval, sum(count)
    FROM tally JOIN measure ON measure.id = tally.measure
    WHERE start >= :begin AND client IN (SELECT value FROM json_each(:ids))
        AND measure.name LIKE 'mail:%'
    GROUP BY measure.name, interval"""
_DOMAINS = "SELECT DISTINCT client, domain FROM lookup WHERE at >= ?"
_EXCHANGES = "SELECT DISTINCT client, qname FROM lookup WHERE at >= ? AND kind = 'exchange'"
_LAST_OF_NAME = """
    SELECT at, key, kind, domain, qname, qtype, rcode, origin, new, refreshed, hits, redirected,
        policy, decided, dry_run, addresses, exchanges
    FROM lookup JOIN client ON client.id = lookup.client
    WHERE qname = ? AND qtype = ? ORDER BY at DESC LIMIT 1"""
_LAST_OF_TYPE = """
    SELECT at, key, kind, domain, qname, qtype, rcode, origin, new, refreshed, hits, redirected,
        policy, decided, dry_run, addresses, exchanges
    FROM lookup JOIN client ON client.id = lookup.client
    WHERE qtype = ? AND at >= ? ORDER BY at DESC, lookup.id DESC LIMIT ?"""
_LAST_LOOKUPS = """
    SELECT at, key, kind, domain, qname, qtype, rcode, origin, new, refreshed, hits, redirected,
        policy, decided, dry_run, addresses, exchanges
    FROM lookup JOIN client ON client.id = lookup.client
    WHERE client.id IN (SELECT value FROM json_each(?)) AND at >= ?
    ORDER BY at DESC, lookup.id DESC LIMIT ?"""
