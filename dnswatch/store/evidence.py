"""Evidence in the store: what the detector knew when it was stored last, and what came after.

The detector's state is stored every few seconds, lookups each second; so a watch that was killed
takes in again the lookups that its state has not seen, and no other.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from dnswatch.errors import WireError
from dnswatch.model.changes import Changes, MailLookup
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Enforced, Origin
from dnswatch.store.sqlite import Database
from dnswatch.wire.name import from_text


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the detector knew."""

    site: bytes | None = None
    "Of the site; None where nothing was stored yet."
    client_states: dict[str, bytes] = field(default_factory=dict)
    "Of each client, by its key."
    later: list[MailLookup] = field(default_factory=list)
    "Lookups since then, in the order in which they were stored; their client is its key."


def read(db: Database) -> Evidence:
    """Return what was stored last."""
    site = db.conn.execute("SELECT state FROM detector").fetchone()
    if site is None:
        return Evidence()
    client_states = dict(db.conn.execute("SELECT client, state FROM evidence"))
    return Evidence(site[0], client_states, list(_later(db)))


def write(conn: sqlite3.Connection, changes: Changes) -> None:
    """Store what changed; call it when the lookups of the same changes have been stored."""
    gone = [(key,) for key, state in changes.client_states.items() if state is None]
    conn.executemany("DELETE FROM evidence WHERE client = ?", gone)
    kept = [(key, state) for key, state in changes.client_states.items() if state is not None]
    conn.executemany("INSERT OR REPLACE INTO evidence (client, state) VALUES (?, ?)", kept)
    if changes.detector:
        unseen = len(changes.lookups) - changes.judged
        conn.execute(_SET_DETECTOR, (changes.detector, unseen))


def forget(db: Database) -> int:
    """Let go of all that the detector knew; return of how many clients that was, and the site."""
    return sum(db.conn.execute(statement).rowcount for statement in _FORGET)


def _later(db: Database) -> Iterator[MailLookup]:
    for row in db.conn.execute(_LATER):
        at, key, kind, domain, qname, qtype, rcode, origin, exchanges, *given, done = row
        new, refreshed, hits, redirected, recursion, proven = given
        try:
            yield MailLookup(
                at,
                key.encode(),
                LookupKind(kind),
                from_text(domain),
                from_text(qname),
                qtype,
                rcode,
                Origin(origin),
                (),
                tuple(map(from_text, json.loads(exchanges or "[]"))),
                new,
                refreshed,
                hits,
                bool(redirected),
                bool(recursion),
                enforced=msgspec.json.decode(done, type=Enforced) if done else None,
                proven=bool(proven),
            )
        except WireError:
            continue  # a name that no host can have: one piece of evidence less


_FORGET = ("DELETE FROM evidence", "DELETE FROM detector")
_SET_DETECTOR = """
    INSERT OR REPLACE INTO detector (id, state, judged)
    VALUES (1, ?, (SELECT ifnull(max(id), 0) FROM lookup) - ?)"""
_LATER = """
    SELECT at, key, kind, domain, qname, qtype, rcode, origin, exchanges, new, refreshed, hits,
        redirected, recursion, proven,
        iif(policy IS NULL, NULL, json_array(policy, decided, json(iif(dry_run, 'true', 'false'))))
    FROM lookup JOIN client ON client.id = lookup.client
    WHERE lookup.id > (SELECT judged FROM detector) AND qtype != 255 ORDER BY lookup.id"""
