"""The register: who may use the console: accounts, visits, bearer tokens and links.

A small database of its own, `console.db` in the state directory (0600): `dnswatch web` and the
console write to it.  What a browser or a program presents is random and stored only as its SHA-256;
passwords are kept as argon2id.  Only secrets of one-time codes stand there as they are: they must.
"""

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from dnswatch.errors import ConsoleError
from dnswatch.ownership import settle
from dnswatch.web import totp

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FILE: Final = "console.db"

LONGEST_VISIT: Final = 12 * 3600.0
"""Seconds after which anybody logs in anew."""

IDLE: Final = 30 * 60.0
"""Seconds without a page after which a visit is over."""

LINK: Final = 15 * 60.0
"""Seconds for which a login link is good, once."""

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1000

_NOTE_EVERY: Final = 60.0
"""Seconds between two notes that a visit goes on: a page need not wait for the disk each time."""


class Rank(StrEnum):
    """What somebody may do; each may do what those before it may."""

    VIEW = "view"
    "See everything but held mail."
    MAIL = "mail"
    "See held mail, release and discard it."
    ADMIN = "admin"
    "Give every order, and see who may what."

    def covers(self, needed: "Rank") -> bool:
        """Say whether it is enough."""
        order = list(Rank)
        return order.index(self) >= order.index(needed)


class Visitor(NamedTuple):
    """Somebody at the console."""

    name: str
    "The actor of what they order."
    rank: Rank
    secret: str
    "What they presented; empty for a program with a bearer token."

    @property
    def token(self) -> str:
        """The token that each form of this visit carries (CSRF)."""
        return hashlib.sha256(b"form:" + self.secret.encode()).hexdigest()[:32]


class Visit(NamedTuple):
    """A visit as the register lists it."""

    number: str
    "The beginning of its hash: names it, and is of no use to log in."
    name: str
    rank: str
    since: float
    "Unix seconds."
    seen: float
    "Unix seconds."
    agent: str
    "What the browser calls itself."


class Grant(NamedTuple):
    """An account or a bearer token as the register lists it."""

    name: str
    rank: str
    since: float
    "Unix seconds."
    has_codes: bool = False
    "It is asked for one-time codes as well."


class Register:
    """The register of one state directory; may be used by several threads and processes."""

    def __init__(self, state: Path) -> None:
        """Open it; make it where there is none.  Raises `ConsoleError`."""
        self.path = state / FILE
        self._lock = threading.Lock()
        with self._sentences():
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            settle(self.path)
            self._db = sqlite3.connect(
                self.path, timeout=5.0, check_same_thread=False, isolation_level=None
            )
            self._db.executescript(_TABLES)
            if not any(row[1] == "secret" for row in self._db.execute("PRAGMA table_info(user)")):
                self._db.executescript(_SECOND_FACTOR)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        """Begin a `with`."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self.close()

    def add_user(self, name: str, rank: Rank, password: str, now: float) -> None:
        """Make an account, or give one another rank and password, which ends its visits."""
        check_name(name)
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise ConsoleError(
                f"the password has {len(password)} characters: expected {SHORTEST_PASSWORD} to"
                f" {LONGEST_PASSWORD}"
            )
        hashed = _hasher().hash(password)
        with self._writing() as db:
            db.execute(_ADD_USER, (name, rank, hashed, now))
            db.execute("DELETE FROM visit WHERE name = ?", (name,))

    def remove_user(self, name: str) -> None:
        """Take an account away, and end its visits."""
        with self._writing() as db:
            gone = db.execute("DELETE FROM user WHERE name = ?", (name,)).rowcount
            db.execute("DELETE FROM visit WHERE name = ?", (name,))
        if not gone:
            raise _no_account(name)

    def set_secret(self, name: str, secret: bytes | None) -> None:
        """Ask an account for one-time codes from now on, or no more; ends its visits."""
        with self._writing() as db:
            found = db.execute(
                "UPDATE user SET secret = ?, used = 0 WHERE name = ?", (secret, name)
            ).rowcount
            db.execute("DELETE FROM visit WHERE name = ?", (name,))
        if not found:
            raise _no_account(name)

    def users(self) -> list[Grant]:
        """Return the accounts."""
        rows = self._rows("SELECT name, rank, since, secret IS NOT NULL FROM user ORDER BY name")
        return [Grant(name, rank, since, bool(codes)) for name, rank, since, codes in rows]

    def admits(self, name: str, password: str, code: str, now: float) -> Rank | None:
        """Return the rank of whoever knows an account's password and, where it has them, its code.

        Takes 50 to 100 ms of a core and 64 MB: for a thread, and few at a time.
        """
        rank = self.knows(name, password)
        if rank is None:
            return None
        with self._writing() as db:
            secret, used = db.execute(
                "SELECT secret, used FROM user WHERE name = ?", (name,)
            ).fetchone() or (b"", 0)
            if secret is None:
                return rank
            step = totp.step_of(secret, code.replace(" ", ""), now, used) if secret else None
            if step is not None:
                db.execute("UPDATE user SET used = ? WHERE name = ?", (step, name))
        return None if step is None else rank

    def knows(self, name: str, password: str) -> Rank | None:
        """Return the rank of an account whose password this is; as slow where there is none."""
        from argon2.exceptions import InvalidHashError, VerificationError

        rows = self._rows("SELECT rank, password FROM user WHERE name = ?", name)
        rank, hashed = rows[0] if rows else (None, _NOBODY)
        try:
            _hasher().verify(hashed, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return Rank(rank) if rank else None

    def begin_visit(self, name: str, rank: Rank, agent: str, now: float) -> str:
        """Begin a visit; return the secret that its browser keeps."""
        secret = secrets.token_urlsafe(32)
        with self._writing() as db:
            db.execute(
                "DELETE FROM visit WHERE since < ? OR seen < ?", (now - LONGEST_VISIT, now - IDLE)
            )
            db.execute(
                "INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?)",
                (_hash(secret), name, rank, now, now, agent[:200]),
            )
        return secret

    def visitor(self, secret: str, now: float, *, is_page: bool = True) -> Visitor | None:
        """Return whose visit it is; None where it is over, or never was.

        A page lengthens it; what a page does by itself does not.
        """
        hashed = _hash(secret)
        rows = self._rows("SELECT name, rank, since, seen FROM visit WHERE hash = ?", hashed)
        if not rows:
            return None
        name, rank, since, seen = rows[0]
        if now - since > LONGEST_VISIT or now - seen > IDLE:
            return None
        if is_page and now - seen > _NOTE_EVERY:
            with self._writing() as db:
                db.execute("UPDATE visit SET seen = ? WHERE hash = ?", (now, hashed))
        return Visitor(name, Rank(rank), secret)

    def visits(self, now: float) -> list[Visit]:
        """Return the visits that go on, the latest first."""
        rows = self._rows(
            "SELECT substr(hash, 1, 12), name, rank, since, seen, agent FROM visit"
            " WHERE since >= ? AND seen >= ? ORDER BY seen DESC",
            now - LONGEST_VISIT,
            now - IDLE,
        )
        return [Visit(*row) for row in rows]

    def end_visit(self, number: str) -> None:
        """End the visits whose hash begins so."""
        with self._writing() as db:
            db.execute("DELETE FROM visit WHERE substr(hash, 1, 12) = ?", (number[:12],))

    def leave(self, secret: str) -> None:
        """End the visit of a browser."""
        self.end_visit(_hash(secret))

    def make_link(self, name: str, rank: Rank, now: float) -> str:
        """Make a link by which somebody logs in once without a password; return its secret."""
        secret = secrets.token_urlsafe(24)
        with self._writing() as db:
            db.execute("DELETE FROM link WHERE until < ?", (now,))
            db.execute(
                "INSERT INTO link VALUES (?, ?, ?, ?)", (_hash(secret), name, rank, now + LINK)
            )
        return secret

    def use_link(self, secret: str, now: float) -> tuple[str, Rank] | None:
        """Use up a link; return whose it was, None where it is no longer good."""
        with self._writing() as db:
            row = db.execute(
                "DELETE FROM link WHERE hash = ? AND until >= ? RETURNING name, rank",
                (_hash(secret), now),
            ).fetchone()
        return (row[0], Rank(row[1])) if row else None

    def add_token(self, name: str, rank: Rank, now: float) -> str:
        """Make a bearer token for a program, in place of one of that name; return its secret."""
        check_name(name)
        secret = f"dnswatch_{secrets.token_urlsafe(32)}"
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)", (name, rank, _hash(secret), now)
            )
        return secret

    def remove_token(self, name: str) -> None:
        """Take a bearer token away."""
        with self._writing() as db:
            gone = db.execute("DELETE FROM token WHERE name = ?", (name,)).rowcount
        if not gone:
            raise ConsoleError(f"there is no token '{name}': `dnswatch web token list` shows all")

    def tokens(self) -> list[Grant]:
        """Return the bearer tokens."""
        rows = self._rows("SELECT name, rank, since FROM token ORDER BY name")
        return [Grant(*row) for row in rows]

    def bearer(self, secret: str) -> Visitor | None:
        """Return whose bearer token it is."""
        rows = self._rows("SELECT name, rank FROM token WHERE hash = ?", _hash(secret))
        return Visitor(rows[0][0], Rank(rows[0][1]), "") if rows else None

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock, self._sentences():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._sentences():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ConsoleError(
                f"cannot use '{self.path}' ({error}): become its owner, or make room on its disk"
            ) from None


def _no_account(name: str) -> ConsoleError:
    return ConsoleError(f"there is no account '{name}': `dnswatch web user list` shows all")


def check_name(name: str) -> None:
    """Refuse a name that would be hard to tell apart in a log."""
    if not (0 < len(name) <= 64 and name.isprintable() and name == name.strip()):
        raise ConsoleError("that is no name: expected 1 to 64 printable characters")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # only whoever checks a password loads it

    return PasswordHasher()


_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$O/9ATzqDGmnK0tCRh2UiBw$IUbMzW"
    "gkoQqsKs9NubkG98Vg+8xVlD5Zg3PQ87qu1DA"
)
"""Of no password that is known: who has no account waits as long as who has one."""

_ADD_USER: Final = """
    INSERT INTO user (name, rank, password, since) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET rank = excluded.rank, password = excluded.password,
        since = excluded.since"""
"""Its codes stay: a new password takes no second factor away."""

_SECOND_FACTOR: Final = """
    ALTER TABLE user ADD COLUMN secret BLOB;
    ALTER TABLE user ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
"""
_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS user (
        name TEXT PRIMARY KEY, rank TEXT NOT NULL, password TEXT NOT NULL, since REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS visit (
        hash TEXT PRIMARY KEY, name TEXT NOT NULL, rank TEXT NOT NULL, since REAL NOT NULL,
        seen REAL NOT NULL, agent TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS link (
        hash TEXT PRIMARY KEY, name TEXT NOT NULL, rank TEXT NOT NULL, until REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS token (
        name TEXT PRIMARY KEY, rank TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, since REAL NOT NULL);
"""
