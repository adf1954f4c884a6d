"""Rows: what a list of messages shows, and by what messages are chosen."""

from dataclasses import dataclass
from typing import Final

from dnswatch.bay.record import Verdict
from dnswatch.bay.state import State

ALL: Final = 10**9
"""More messages than any spool holds."""

UNDELIVERED: Final[frozenset[State]] = frozenset({"waiting", "deferred", "held", "failed"})
"""States of a message that somebody may be missing, and that is not on its way."""

DONE: Final[frozenset[State]] = frozenset({"released", "discarded"})
"""States in which nothing is left to do for a message."""


@dataclass(frozen=True, slots=True)
class Row:
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
class Totals:
    """Messages, counted."""

    states: dict[str, int]
    verdicts: dict[str, int]
    clients: dict[str, int]
    "By key, the one with most messages first."
    received: int
    "Bytes of all of them."
    kept: int
    "Bytes of those whose body is still kept."
