"""The schema: the store's tables, by one migration after the other.

A migration that has been released is never changed; a change of the tables is a new one below the
others.  sqlite-utils notes in the file which of them it has seen.
"""

from typing import Final

import msgspec

from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.groups import SIZE, packed
from dnswatch.model.states import EntryStates
from dnswatch.store.sqlite import Database, Migrations

MIGRATIONS: Final = Migrations("dnswatch")


@MIGRATIONS()
def first(db: Database) -> None:
    """Create the tables of the first release.

    `tally`, `site` and `counter` stand in order of time: a batch of changes touches few pages, and
    what is old goes by the page.
    """
    for statement in _FIRST:
        db.execute(statement)


@MIGRATIONS()
def policies(db: Database) -> None:
    """Make room for what persons say, for verdicts, for the log, and for what policies did."""
    for statement in _POLICIES:
        db.execute(statement)


@MIGRATIONS()
def detection(db: Database) -> None:
    """Make room for what the detector must know after a restart."""
    db.execute("CREATE TABLE evidence (client TEXT PRIMARY KEY, state BLOB) WITHOUT ROWID")
    db.execute("CREATE TABLE detector (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL)")


@MIGRATIONS()
def judged(db: Database) -> None:
    """Note up to which lookup the detector's state goes; NULL where an older dnswatch wrote it."""
    db.execute("ALTER TABLE detector ADD COLUMN judged INTEGER")


@MIGRATIONS()
def bay(db: Database) -> None:
    """Make room for what passes between the watch and the holding bay."""
    for statement in _BAY:
        db.execute(statement)


@MIGRATIONS()
def edns(db: Database) -> None:
    """Note which upstreams are asked without EDNS."""
    db.execute("ALTER TABLE health ADD COLUMN edns INTEGER NOT NULL DEFAULT 1")


@MIGRATIONS()
def proof(db: Database) -> None:
    """Note of each lookup whether its client's address was proven."""
    db.execute("ALTER TABLE lookup ADD COLUMN proven INTEGER NOT NULL DEFAULT 1")


def newer(db: Database) -> list[str]:
    """Name the migrations that the file has seen and this dnswatch does not know."""
    return sorted({migration.name for migration in MIGRATIONS.applied(db)} - set(known()))


def known() -> list[str]:
    """Name the migrations that this dnswatch knows, the oldest first."""
    empty = Database(memory=True, execute_plugins=False)  # to look for plugins takes 40 ms
    return [migration.name for migration in MIGRATIONS.pending(empty)]


@MIGRATIONS()
def journal(db: Database) -> None:
    """Make room for how much of the watch's journal is in the store: one row, JSON."""
    db.execute("CREATE TABLE journal (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT NOT NULL)")


@MIGRATIONS()
def vantages(db: Database) -> None:
    """Make room for how other vantage points do; moments in Unix seconds, gone_at NULL if here."""
    db.execute(
        """CREATE TABLE vantage (
        name TEXT PRIMARY KEY, lag REAL NOT NULL, since REAL NOT NULL, heard_at REAL NOT NULL,
        gone_at REAL, batches INTEGER NOT NULL, lookups INTEGER NOT NULL, late INTEGER NOT NULL,
        dropped INTEGER NOT NULL, damaged INTEGER NOT NULL) WITHOUT ROWID"""
    )


@MIGRATIONS()
def events(db: Database) -> None:
    """Number no change twice: whoever tells of them remembers the last number it told."""
    for statement in _EVENTS:
        db.execute(statement)


@MIGRATIONS()
def dry_runs(db: Database) -> None:
    """Note which policies a person switched on as a dry run."""
    db.execute("ALTER TABLE enabled ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS()
def fleet(db: Database) -> None:
    """Make room for what a node of a fleet must know, and for which node's upstreams do how."""
    for statement in _FLEET:
        db.execute(statement)


@MIGRATIONS()
def entry_log(db: Database) -> None:
    """Make room for states of entries that are no rows of `entry` yet (entries.py)."""
    db.execute(
        """CREATE TABLE entry_log (
        id INTEGER PRIMARY KEY, count INTEGER NOT NULL, states BLOB NOT NULL)"""
    )


@MIGRATIONS()
def packed_states(db: Database) -> None:
    """Write states of entries as they are in memory, apart by the length of their addresses."""
    told = EntryStates()
    for (states,) in db.execute("SELECT states FROM entry_log ORDER BY id"):
        for address, entry in msgspec.msgpack.decode(states, type=list[tuple[bytes, CacheEntry]]):
            record = entry.first_seen, entry.expiry, entry.refreshes, entry.hits
            told.add(address, packed(record))
    db.execute("DELETE FROM entry_log")
    db.execute("ALTER TABLE entry_log ADD COLUMN width INTEGER NOT NULL DEFAULT 4")
    for width, states in told.parts():
        if count := len(states) // (width + SIZE):
            row = width, count, states
            db.execute("INSERT INTO entry_log (width, count, states) VALUES (?, ?, ?)", row)


_FIRST: Final = (
    # first_seen, last_seen: Unix seconds, to the minute unless mail-related
    """CREATE TABLE client (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, first_seen REAL NOT NULL,
        last_seen REAL NOT NULL, name TEXT, machine TEXT, source TEXT)""",
    "CREATE TABLE measure (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE tally (
        start INTEGER NOT NULL, client INTEGER NOT NULL REFERENCES client(id),
        measure INTEGER NOT NULL REFERENCES measure(id), count INTEGER NOT NULL,
        PRIMARY KEY (start, client, measure)) WITHOUT ROWID""",
    # qname, domain, exchanges (JSON: ["mx.example.org"]) as text; addresses (JSON: [["192.0.2.1",
    # 300]]) with their TTLs; ttl of the MX records
    """CREATE TABLE lookup (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, client INTEGER NOT NULL REFERENCES client(id),
        kind TEXT NOT NULL, domain TEXT NOT NULL, qname TEXT NOT NULL, qtype INTEGER NOT NULL,
        rcode INTEGER NOT NULL, origin INTEGER NOT NULL, addresses TEXT, exchanges TEXT,
        ttl INTEGER NOT NULL, new INTEGER NOT NULL, refreshed INTEGER NOT NULL,
        hits INTEGER NOT NULL, redirected INTEGER NOT NULL, recursion INTEGER NOT NULL)""",
    "CREATE INDEX lookup_at ON lookup (at)",
    "CREATE INDEX lookup_client_at ON lookup (client, at)",
    """CREATE TABLE site (
        start INTEGER NOT NULL, measure TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (start, measure)) WITHOUT ROWID""",
    # One row an address: its last life, and the sums of the lives before.  No index on expiry: each
    # new address would pay for it, and who asks by expiry (a restart, the retention) can wait.
    """CREATE TABLE entry (
        address TEXT PRIMARY KEY, expiry REAL NOT NULL, first_seen REAL NOT NULL,
        refreshes INTEGER NOT NULL, hits INTEGER NOT NULL, lives INTEGER NOT NULL DEFAULT 1,
        earlier_refreshes INTEGER NOT NULL DEFAULT 0, earlier_hits INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
    # Up to when the watch had let entries expire, Unix seconds: one row
    "CREATE TABLE passed (id INTEGER PRIMARY KEY CHECK (id = 1), until REAL NOT NULL)",
    """CREATE TABLE counter (
        start INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (start, name)) WITHOUT ROWID""",
    # at: Unix seconds of the last report
    """CREATE TABLE health (
        worker INTEGER NOT NULL, upstream TEXT NOT NULL, at REAL NOT NULL, up INTEGER NOT NULL,
        rtt REAL NOT NULL, answers INTEGER NOT NULL, failures INTEGER NOT NULL,
        PRIMARY KEY (worker, upstream)) WITHOUT ROWID""",
)
_POLICIES: Final = (
    "CREATE TABLE enabled (policy TEXT PRIMARY KEY) WITHOUT ROWID",
    # client: its key; until: NULL for as long as nobody says otherwise
    """CREATE TABLE overrule (
        client TEXT PRIMARY KEY, word TEXT NOT NULL, at REAL NOT NULL, until REAL,
        why TEXT NOT NULL, actor TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE role (client TEXT PRIMARY KEY, role TEXT NOT NULL) WITHOUT ROWID",
    # share: of the threshold at which a client is infected
    """CREATE TABLE verdict (
        client TEXT PRIMARY KEY, share REAL NOT NULL, at REAL NOT NULL, until REAL NOT NULL
        ) WITHOUT ROWID""",
    """CREATE TABLE change (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, about TEXT NOT NULL, client TEXT,
        text TEXT NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL)""",
    "CREATE INDEX change_at ON change (at)",
    # Which policy did what to the answer; NULL where none did anything
    "ALTER TABLE lookup ADD COLUMN policy TEXT",
    "ALTER TABLE lookup ADD COLUMN decided TEXT",
    "ALTER TABLE lookup ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0",
)
_BAY: Final = (
    # client: its key; until: NULL while the mark stands
    """CREATE TABLE quarantined (
        client TEXT PRIMARY KEY, since REAL NOT NULL, until REAL) WITHOUT ROWID""",
    # AUTOINCREMENT: the watch remembers the last number it read, so none may come twice
    """CREATE TABLE finding (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, client TEXT NOT NULL,
        verdict TEXT NOT NULL, ident TEXT NOT NULL, reason TEXT NOT NULL)""",
)
_EVENTS: Final = (
    """CREATE TABLE numbered (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, about TEXT NOT NULL, client TEXT,
        text TEXT NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL)""",
    "INSERT INTO numbered SELECT id, at, about, client, text, cause, actor FROM change",
    "DROP TABLE change",
    "ALTER TABLE numbered RENAME TO change",
    "CREATE INDEX change_at ON change (at)",
    "CREATE INDEX change_client ON change (client, id)",
)
_FLEET: Final = (
    # A change that is to be shipped: the table's name, and the row's primary key (JSON)
    """CREATE TABLE outbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, key TEXT NOT NULL,
        UNIQUE (name, key))""",
    # fence, number: of the version that is held; led: the fence under which it led last, or 0;
    # name: of the store that this one is a copy of, or its own
    """CREATE TABLE replica (
        id INTEGER PRIMARY KEY CHECK (id = 1), fence INTEGER NOT NULL, number INTEGER NOT NULL,
        led INTEGER NOT NULL, name TEXT NOT NULL)""",
    # What this node's bay found, on its way to the leader
    """CREATE TABLE found (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, client TEXT NOT NULL,
        verdict TEXT NOT NULL, ident TEXT NOT NULL, reason TEXT NOT NULL)""",
    # ... and counted, as table counter
    """CREATE TABLE counted (
        start INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (start, name)) WITHOUT ROWID""",
    "ALTER TABLE health RENAME TO health_before",
    # node: empty where there is no fleet
    """CREATE TABLE health (
        node TEXT NOT NULL, worker INTEGER NOT NULL, upstream TEXT NOT NULL, at REAL NOT NULL,
        up INTEGER NOT NULL, rtt REAL NOT NULL, answers INTEGER NOT NULL,
        failures INTEGER NOT NULL, edns INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (node, worker, upstream)) WITHOUT ROWID""",
    """INSERT INTO health SELECT '', worker, upstream, at, up, rtt, answers, failures, edns
        FROM health_before""",
    "DROP TABLE health_before",
)
