"""Findings in the store: the bay writes what it thinks of messages, the watch reads it.

Rows are numbered in the order in which they were written, and no number is given twice: whoever
remembers the last number it read misses nothing and reads nothing again.
"""

from typing import Final

from dnswatch.model.finding import Finding
from dnswatch.store.sqlite import Database

AT_ONCE: Final = 1000
"""Findings read at a time; the rest follow at the next look."""


def add(db: Database, at: float, client: str, verdict: str, ident: str, reason: str) -> None:
    """Write down what a message was found to be; `client` is its sender's key in the store."""
    db.conn.execute(_ADD, (at, client, verdict, ident, reason))


def after(db: Database, number: int) -> list[Finding]:
    """Return the findings that came after the one of that number, the earliest first."""
    return [
        Finding(row, at, client.encode(), verdict, ident, reason)
        for row, at, client, verdict, ident, reason in db.conn.execute(_AFTER, (number, AT_ONCE))
    ]


_ADD: Final = "INSERT INTO finding (at, client, verdict, ident, reason) VALUES (?, ?, ?, ?, ?)"
_AFTER: Final = """
    SELECT id, at, client, verdict, ident, reason FROM finding WHERE id > ? ORDER BY id LIMIT ?"""
