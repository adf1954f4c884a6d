"""Orders in the store: what persons said, kept over restarts, and the log of what changed.

The commands write here; the watch looks here a few times a second.  No line to a running server is
needed, and who may write to the store's file may give orders.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.role import Role
from dnswatch.store.sqlite import Database


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the log."""

    at: float
    "Unix seconds."
    about: str
    "An `About`."
    client: str | None
    "Its key, where it is about a client."
    text: str
    cause: str
    actor: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """A client with a verdict, as the watch stored it last."""

    key: str
    share: float
    "Of the alarm's threshold."
    at: float
    "Unix seconds."
    until: float
    "Unix seconds."


def read(db: Database, now: float) -> Orders:
    """Return the orders in force."""
    enabled = dict(db.conn.execute("SELECT policy, dry_run FROM enabled"))
    overrules = db.conn.execute(_OVERRULES, (now,)).fetchall()
    return Orders(
        frozenset(enabled),
        {
            key: Overrule(Word(word), at, inf if until is None else until, why, actor)
            for key, word, at, until, why, actor in overrules
        },
        roles(db),
        frozenset(name for name, is_dry in enabled.items() if is_dry),
    )


def roles(db: Database) -> dict[str, Role]:
    """Return the roles that persons confirmed, by key."""
    return {key: Role(role) for key, role in db.conn.execute("SELECT client, role FROM role")}


def enable(db: Database, policy: str, actor: str, now: float, *, dry_run: bool = False) -> None:
    """Switch a policy on, if it is not; what is a dry run may become none, and the other way."""
    if db.conn.execute(_ENABLE, (policy, dry_run)).rowcount:
        text = f"{policy} on{', dry run' * dry_run}"
        _log(db, LogEntry(now, About.POLICY, None, text, "", actor))


def disable(db: Database, policy: str, actor: str, now: float) -> bool:
    """Switch a policy off; say whether it was on."""
    if not db.conn.execute("DELETE FROM enabled WHERE policy = ?", (policy,)).rowcount:
        return False
    _log(db, LogEntry(now, About.POLICY, None, f"{policy} off", "", actor))
    return True


def overrule(db: Database, keys: Iterable[str], said: Overrule) -> None:
    """Put a person's word on clients above the detector's; it replaces an earlier one."""
    until = None if said.until == inf else said.until
    for key in keys:
        db.conn.execute(_OVERRULE, (key, said.word.value, said.at, until, said.why, said.actor))
        _log(db, LogEntry(said.at, About.OVERRULE, key, said.word.value, said.why, said.actor))


def declare(db: Database, keys: Iterable[str], role: Role, said: LogEntry) -> None:
    """Confirm the role of clients; `said` tells when, why and by whom."""
    for key in keys:
        db.conn.execute("DELETE FROM role WHERE client = ?", (key,))
        if role is not Role.CLIENT:
            db.conn.execute("INSERT INTO role (client, role) VALUES (?, ?)", (key, role.value))
        _log(db, LogEntry(said.at, About.ROLE, key, role.value, said.cause, said.actor))


def tell(db: Database, entries: Iterable[LogEntry]) -> None:
    """Put down in the log what changed elsewhere."""
    for entry in entries:
        _log(db, entry)


def forget(db: Database) -> int:
    """Let go of all orders, but not of the log; return how many there were."""
    return sum(db.conn.execute(statement).rowcount for statement in _FORGET)


def log(db: Database, since: float, keys: Iterable[str] | None, limit: int) -> list[LogEntry]:
    """Return the last changes, the latest first; of some clients only, where `keys` is given."""
    found = [LogEntry(*row) for row in db.conn.execute(_LOG, (since,))]
    if keys is not None:
        wanted = set(keys)
        found = [entry for entry in found if entry.client in wanted]
    return found[:limit]


def told(db: Database, about: About, since: float) -> dict[tuple[str, str], float]:
    """Return what was said of which client since a moment, and when it was said last."""
    rows = db.conn.execute(_TOLD, (about.value, since))
    return {(client, text): at for client, text, at in rows}


def judgments(db: Database, now: float) -> list[Judgment]:
    """Return the clients with a verdict, the worst first."""
    return [Judgment(*row) for row in db.conn.execute(_JUDGMENTS, (now,))]


def done(db: Database, since: float) -> dict[str, dict[str, int]]:
    """Count what each policy did: policy to decision (`would be held` in dry runs) to lookups."""
    found: dict[str, dict[str, int]] = {}
    for policy, decided, dry_run, count in db.conn.execute(_DONE, (since,)):
        found.setdefault(policy, {})[f"would be {decided}" if dry_run else decided] = count
    return found


def _log(db: Database, entry: LogEntry) -> None:
    db.conn.execute(
        ADD_ENTRY,
        (entry.at, entry.about, entry.client, entry.text, entry.cause, entry.actor),
    )


_ENABLE = """
    INSERT INTO enabled (policy, dry_run) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET dry_run = excluded.dry_run WHERE dry_run != excluded.dry_run"""
_FORGET = ("DELETE FROM enabled", "DELETE FROM overrule", "DELETE FROM role")
ADD_ENTRY = """
    INSERT INTO change (at, about, client, text, cause, actor) VALUES (?, ?, ?, ?, ?, ?)"""
_OVERRULES = """
    SELECT client, word, at, until, why, actor FROM overrule WHERE until IS NULL OR until > ?"""
_OVERRULE = """
    INSERT OR REPLACE INTO overrule (client, word, at, until, why, actor)
    VALUES (?, ?, ?, ?, ?, ?)"""
_LOG = """
    SELECT at, about, client, text, cause, actor FROM change WHERE at >= ?
    ORDER BY at DESC, id DESC"""
_TOLD = """
    SELECT client, text, max(at) FROM change WHERE about = ? AND at >= ? AND client IS NOT NULL
    GROUP BY client, text"""
_JUDGMENTS = """
    SELECT client, share, at, until FROM verdict WHERE until > ? ORDER BY share DESC, client"""
_DONE = """
    SELECT policy, decided, dry_run, count(*) FROM lookup WHERE at >= ? AND policy IS NOT NULL
    GROUP BY policy, decided, dry_run"""
