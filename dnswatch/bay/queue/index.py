"""Index: a row a message, by which messages are found; all of it follows from the records.

Rules of this file: a row is written in a transaction that reads the record within, so that of two
processes the last one knows most; a row notes how long the record was, so that one which lags
behind is noticed.  It may be removed at any time: `dnswatch bay reindex` makes it anew.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import quote

from dnswatch.bay.queue.view import subject_of
from dnswatch.bay.record import Verdict
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message, State
from dnswatch.errors import SpoolError
from dnswatch.ownership import settle
from dnswatch.store.sqlite import Database

ALL: Final = 10**9
"""More messages than any spool holds."""

UNDELIVERED: Final[frozenset[State]] = frozenset({"waiting", "deferred", "held", "failed"})
"""States of a message that somebody may be missing, and that is not on its way."""

DONE: Final[frozenset[State]] = frozenset({"released", "discarded"})
"""States in which nothing is left to do for a message."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A message, in short."""

    ident: str
    at: float
    "When it came, Unix seconds."
    key: str
    "Of its client, in the store: address or pseudonym."
    sender: str
    "Empty for a notice."
    recipients: tuple[tuple[str, State], ...]
    "Each with what its copy is up to."
    verdict: Verdict | None
    "None before it was judged."
    state: State
    size: int
    "Bytes."
    has_body: bool
    "Whether the message itself is still kept."
    changed_at: float
    "When anything but a warning was last written of it, Unix seconds."
    warned_at: float | None
    "When it was said last that it will be thrown away, Unix seconds."
    subject: str = ""
    "Decoded, as a stranger wrote it; empty without one, and once the message itself is gone."

    @property
    def is_warned(self) -> bool:
        """Whether that was said, and nothing has happened to it since."""
        return self.warned_at is not None and self.warned_at >= self.changed_at


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages are meant: those that fit all that is said here."""

    keys: tuple[str, ...] | None = None
    "Of these clients."
    sender: str | None = None
    "From this address; `@example.org` is a whole domain, `<>` the empty sender of notices."
    domain: str | None = None
    "With a recipient in this domain."
    verdicts: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: float | None = None
    "Received then or later, Unix seconds."
    limit: int = ALL


@dataclass(frozen=True, slots=True)
class MailTotals:
    """Messages, counted."""

    states: dict[str, int]
    verdicts: dict[str, int]
    clients: dict[str, int]
    "By key, the one with most messages first."
    received: int
    "Bytes of all of them."
    kept: int
    "Bytes of those whose body is still kept."


FILE: Final = "index.db"

_VERSION: Final = 2
"""Of the tables: where the file has another one, they are made anew."""

_PATIENCE: Final = 10.0
"""Seconds to wait for another process's transaction."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A message whose record was written just now: it need not be read again."""

    message: Message
    length: int
    "Bytes of the record; what is longer by now was written to by somebody else."
    subject: str


NOTHING: Final[Mapping[str, Fresh]] = MappingProxyType({})

_HEAD: Final = 64_000
"""Bytes in which a subject is looked for: once a message, when its row is made."""


class Index:
    """The index of one spool; may be used by several threads, and by several processes."""

    def __init__(self, spool: Spool) -> None:
        """Open the index in the spool's directory; make it where there is none."""
        self._spool = spool
        self._path = spool.path / FILE
        self._lock = threading.RLock()
        with self._sentences():
            self._path.touch(mode=0o600)
            settle(self._path)
            self._db = self._open()

    def close(self) -> None:
        """Close the file, when no thread is at it."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        """Begin a `with`."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self.close()

    def update(self, ident: str) -> Message | None:
        """Bring the row of a message up to date; return the message, None where it is forgotten.

        Raises `SpoolError` where the record cannot be read; the row stays as it was.
        """
        with self._transaction() as conn:
            return self._write(conn, ident)

    def update_all(
        self, idents: Iterable[str], fresh: Mapping[str, Fresh] = NOTHING
    ) -> tuple[list[Message], list[str]]:
        """Do so with many in one transaction; return the messages, and name damaged ones.

        `fresh` has what is known already of some.
        """
        found: list[Message] = []
        with self._transaction() as conn:
            damaged = self._try_all(conn, idents, found.append, fresh)
        return found, damaged

    def catch_up(self) -> list[str]:
        """Bring every row up to date whose record has grown, come or gone; name damaged ones."""
        known = self._lengths()
        there = self._spool.lengths()
        changed = [ident for ident, length in there.items() if known.get(ident) != length]
        with self._transaction() as conn:
            return self._try_all(conn, [*changed, *(known.keys() - there.keys())])

    def rebuild(self) -> list[str]:
        """Make the index anew from all records; name those that are damaged."""
        with self._transaction() as conn:
            conn.execute("DELETE FROM recipient")
            conn.execute("DELETE FROM message")
            return self._try_all(conn, self._spool.idents())

    def find(self, wanted: Filter) -> list[IndexRow]:
        """Return the messages that fit, the newest first."""
        with self._reading() as conn:
            return [_row(found) for found in conn.execute(_FIND, _values_of(wanted))]

    def named(self, beginning: str, limit: int = 20) -> list[str]:
        """Return the names of messages that begin so, oldest first."""
        with self._reading() as conn:
            rows = conn.execute(
                "SELECT ident FROM message WHERE ident >= ? AND ident < ? ORDER BY ident LIMIT ?",
                (beginning, beginning + "~", limit),
            )
            return [ident for (ident,) in rows]

    def shortest(self, ident: str) -> int:
        """Return how many characters of a message's name no other message's name begins with."""
        with self._reading() as conn:
            beside = conn.execute(
                "SELECT max(ident) FROM message WHERE ident < :ident"
                " UNION ALL SELECT min(ident) FROM message WHERE ident > :ident",
                {"ident": ident},
            ).fetchall()
        return max(1 + _common(ident, other or "") for (other,) in beside)

    def totals(self, wanted: Filter) -> MailTotals:
        """Count the messages that fit."""
        values = _values_of(wanted)
        with self._reading() as conn:
            states, verdicts, clients = (
                dict(conn.execute(_COUNT.format(column=column), values).fetchall())
                for column in ("state", "ifnull(verdict, 'not judged')", "key")
            )
            received, kept = conn.execute(_SIZES, values).fetchone()
        return MailTotals(states, verdicts, clients, received, kept)

    def oldest(self, states: Iterable[State]) -> float | None:
        """Return when the oldest message in one of these states came, Unix seconds, if any is."""
        with self._reading() as conn:
            sql = "SELECT min(at) FROM message WHERE state IN (SELECT value FROM json_each(?))"
            found = conn.execute(sql, (json.dumps([*states]),)).fetchone()[0]
        return None if found is None else float(found)

    def keys(self) -> list[str]:
        """Return the keys of all clients that have mail here."""
        with self._reading() as conn:
            return [key for (key,) in conn.execute("SELECT DISTINCT key FROM message")]

    def last_at(self, key: str, but: str) -> float | None:
        """Return when a client's last message before the message `but` came, Unix seconds."""
        with self._reading() as conn:
            # names sort by time: the index has the answer, however much the client has sent
            sql = "SELECT at FROM message WHERE key = ? AND ident < ? ORDER BY ident DESC LIMIT 1"
            found = conn.execute(sql, (key, but)).fetchone()
        return None if found is None else float(found[0])

    def _try_all(
        self,
        conn: sqlite3.Connection,
        idents: Iterable[str],
        tell: Callable[[Message], None] = lambda _: None,
        fresh: Mapping[str, Fresh] = NOTHING,
    ) -> list[str]:
        """Write rows, and tell of each message; name those whose record is damaged."""
        damaged = []
        for ident in idents:
            try:
                message = self._write(conn, ident, fresh.get(ident))
            except SpoolError:
                damaged.append(ident)
            else:
                if message is not None:
                    tell(message)
        return damaged

    def _write(
        self, conn: sqlite3.Connection, ident: str, fresh: Fresh | None = None
    ) -> Message | None:
        """Put what the record says now in the row's place."""
        try:
            length = self._spool.length(ident)  # first: what comes later is noticed then
        except SpoolError:
            _delete(conn, ident)
            return None
        if fresh is not None and fresh.length == length:
            message, subject = fresh.message, fresh.subject
        else:
            message = self._spool.message(ident)
            subject = self._subject(conn, message)
        row = (*_values(message, length), subject)
        marks = ", ".join("?" * len(row))
        conn.execute(f"INSERT OR REPLACE INTO message VALUES ({marks})", row)  # noqa: S608 only question marks
        conn.executemany(
            "INSERT OR IGNORE INTO recipient VALUES (?, ?, ?)",
            [(ident, one.address.lower(), _domain(one.address)) for one in message.recipients],
        )
        return message

    def _subject(self, conn: sqlite3.Connection, message: Message) -> str:
        """Take the subject from the row that there was, else from the message."""
        if message.gone is not None:
            return ""
        sql = "SELECT subject FROM message WHERE ident = ?"
        known = conn.execute(sql, (message.ident,)).fetchone()
        if known is not None and known[0]:  # else it was perhaps still on its way in
            return str(known[0])
        try:
            with self._spool.open(message.ident) as file:
                return subject_of(file.read(_HEAD))
        except SpoolError:  # let go just now, by another process
            return ""

    def _lengths(self) -> dict[str, int]:
        with self._reading() as conn:
            return dict(conn.execute("SELECT ident, length FROM message").fetchall())

    def _open(self) -> Database:
        uri = f"file:{quote(str(self._path))}"
        conn = sqlite3.connect(
            uri, uri=True, timeout=_PATIENCE, check_same_thread=False, isolation_level=None
        )
        db = Database(conn, execute_plugins=False)
        db.enable_wal()
        conn.execute("PRAGMA synchronous = NORMAL")  # after a power cut it is caught up
        if conn.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            _create(conn)
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._sentences():
            conn = self._db.conn
            conn.execute("BEGIN IMMEDIATE")
            try:
                yield conn
            except BaseException:
                conn.execute("ROLLBACK")
                raise
            conn.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._sentences():
            yield self._db.conn

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn what SQLite raises into a `SpoolError` that says what to do."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(
                f"the index '{self._path}' cannot be used ({error}): see to the disk and its"
                " rights; if it is damaged remove it, and run `dnswatch bay reindex`"
            ) from None


def _create(conn: sqlite3.Connection) -> None:
    conn.execute("BEGIN IMMEDIATE")
    for table in ("recipient", "message"):
        conn.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _TABLES:
        conn.execute(statement)
    conn.execute(f"PRAGMA user_version = {_VERSION}")
    conn.execute("COMMIT")


def _delete(conn: sqlite3.Connection, ident: str) -> None:
    conn.execute("DELETE FROM recipient WHERE ident = ?", (ident,))
    conn.execute("DELETE FROM message WHERE ident = ?", (ident,))


def _values(message: Message, length: int) -> tuple[Any, ...]:
    envelope = message.envelope
    return (
        envelope.ident,
        length,
        envelope.at,
        envelope.key,
        envelope.sender,
        envelope.size,
        message.verdict,
        message.state,
        message.gone is None,
        message.changed_at,
        message.warned.at if message.warned else None,
        json.dumps([[one.address, one.state] for one in message.recipients]),
    )


def _row(values: tuple[Any, ...]) -> IndexRow:
    ident, _, at, key, sender, size, verdict, state, has_body, changed, warned, to, subject = values
    recipients = tuple((address, its) for address, its in json.loads(to))
    return IndexRow(
        ident,
        at,
        key,
        sender,
        recipients,
        verdict,
        state,
        size,
        bool(has_body),
        changed,
        warned,
        subject,
    )


def _values_of(wanted: Filter) -> dict[str, Any]:
    """Give the statements what they ask for; many values as JSON."""
    sender = None if wanted.sender is None else wanted.sender.lower()
    return {
        "keys": None if wanted.keys is None else json.dumps(wanted.keys),
        "sender": "" if sender == "<>" else sender,
        "domain": None if wanted.domain is None else wanted.domain.lower(),
        "verdicts": json.dumps(wanted.verdicts) if wanted.verdicts else None,
        "states": json.dumps(wanted.states) if wanted.states else None,
        "since": wanted.since,
        "limit": wanted.limit,
    }


def _common(one: str, other: str) -> int:
    """Count the characters with which two texts begin alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower() if "@" in address else ""


_WHERE: Final = """
    WHERE (:keys IS NULL OR key IN (SELECT value FROM json_each(:keys)))
        AND (:sender IS NULL OR lower(sender) = :sender
            OR (substr(:sender, 1, 1) = '@'
                AND substr(lower(sender), -length(:sender)) = :sender))
        AND (:domain IS NULL OR ident IN (SELECT ident FROM recipient WHERE domain = :domain))
        AND (:verdicts IS NULL OR verdict IN (SELECT value FROM json_each(:verdicts)))
        AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
        AND (:since IS NULL OR at >= :since)"""
_FIND: Final = f"SELECT * FROM message {_WHERE} ORDER BY ident DESC LIMIT :limit"  # noqa: S608 ours
_COUNT: Final = f"SELECT {{column}}, count(*) FROM message {_WHERE} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608
_SIZES: Final = f"""
    SELECT ifnull(sum(size), 0), ifnull(sum(size * has_body), 0) FROM message {_WHERE}"""  # noqa: S608
_TABLES: Final = (
    # length: bytes of the record that the row was made from; at, changed, warned: Unix seconds;
    # recipients: JSON, [["who@example.org", "held"]]
    """CREATE TABLE message (
        ident TEXT PRIMARY KEY, length INTEGER NOT NULL, at REAL NOT NULL, key TEXT NOT NULL,
        sender TEXT NOT NULL, size INTEGER NOT NULL, verdict TEXT, state TEXT NOT NULL,
        has_body INTEGER NOT NULL, changed REAL NOT NULL, warned REAL,
        recipients TEXT NOT NULL, subject TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX message_key ON message (key)",
    "CREATE INDEX message_state ON message (state)",
    """CREATE TABLE recipient (
        ident TEXT NOT NULL, address TEXT NOT NULL, domain TEXT NOT NULL,
        PRIMARY KEY (ident, address)) WITHOUT ROWID""",
    "CREATE INDEX recipient_domain ON recipient (domain)",
)
