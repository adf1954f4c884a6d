"""Event: a change as others are told of it; pure.

`schema` grows when a field changes its meaning or goes; new fields may come at any time.
"""

import hashlib
from collections import Counter
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from dnswatch.model.policies.note import WATCH, About
from dnswatch.model.policies.standing import CLEAN
from dnswatch.office.text import harmless
from dnswatch.store.events import Noted

SCHEMA: Final = 1

LONGEST: Final = 1000
"""Characters of a text that are told; evidence rarely has half of that."""


class Severity(IntEnum):
    """How urgent it is: numbers of syslog (RFC 5424 section 6.2.1)."""

    CRITICAL = 2
    "A client is infected."
    WARNING = 4
    NOTICE = 5
    "A person's order, a policy's mark."
    INFO = 6


class Phase(StrEnum):
    """Where in its incident an event stands."""

    OPENS = "opens"
    GOES_ON = "goes on"
    CLOSES = "closes"


class Incident(msgspec.Struct, frozen=True):
    """A client's way from its first bad verdict to the one that it is clean again."""

    id: str
    "The same in all its events, at all sinks."
    phase: Phase


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told at a time."""

    id: str
    "The same however often, and wherever, it is told."
    at: float
    "Unix seconds."
    kind: str
    "A kind of the log (`About`), or `summary`, `lost` or `test`."
    text: str
    "What is now: `infected`."
    cause: str = ""
    actor: str = WATCH
    client: str | None = None
    "Its address, or its pseudonym where the site keeps pseudonyms."
    severity: Severity = Severity.NOTICE
    incident: Incident | None = None
    counts: dict[str, int] = {}
    "Of a summary: kinds of events (`verdict infected`), to how many there were."

    @property
    def sentence(self) -> str:
        """What happened, for persons."""
        is_verdict = self.kind == About.VERDICT
        whom = f"client '{self.client}'{' is' if is_verdict else ':'} " if self.client else ""
        by = "" if self.actor == WATCH else f", by {self.actor}"
        return f"{whom}{self.text}{by}{f': {self.cause}' if self.cause else ''}"

    @property
    def signature(self) -> str:
        """What is told, as a rule is named: `verdict infected`, `mark`."""
        return f"{self.kind} {self.text}" if self.kind == About.VERDICT else self.kind

    @property
    def signature_id(self) -> int:
        """Its number; 0 for what has none yet."""
        return SIGNATURES.get(self.signature, 0)

    @property
    def is_bad(self) -> bool:
        """Whether it is a verdict that a client spreads mail."""
        return self.kind == About.VERDICT and self.text != CLEAN.rung

    @property
    def address(self) -> str:
        """The client's address; empty where it has a pseudonym, or none is meant."""
        try:
            return str(ip_address(self.client or ""))
        except ValueError:
            return ""

    def facts(self) -> dict[str, Any]:
        """Return all that it has, for programs."""
        told: dict[str, Any] = {"schema": SCHEMA} | msgspec.to_builtins(self)
        told |= {"at": utc(self.at), "severity": self.severity.name.lower()}
        told |= {"actor": self.actor, "sentence": self.sentence}
        return told


SIGNATURES: Final = {
    "verdict suspect": 1,
    "verdict likely": 2,
    "verdict infected": 3,
    "verdict clean": 4,
    "warning": 5,
    "mark": 6,
    "policy": 7,
    "overrule": 8,
    "role": 9,
    "summary": 10,
    "lost": 11,
    "test": 12,
    "message": 13,
    "decision": 14,
    "fault": 15,
}
"""Numbers of what can be told: never changed, only added to."""


def utc(at: float) -> str:
    """Write a moment as RFC 3339 has it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def of(noted: Noted, store: str) -> Event:
    """Make the event of a change; `store` names the store that numbered it."""
    entry = noted.entry
    incident = None
    if noted.opened is not None:
        found = _ident(f"{store} {entry.client} {noted.opened}")
        incident = Incident(found, _phase(noted))
    return Event(
        id=f"{_ident(store)[:8]}-{noted.number}",
        at=entry.at,
        kind=entry.about,
        text=_text(entry.text),
        cause=_text(entry.cause),
        actor=_text(entry.actor),
        client=entry.client,
        severity=_severity(noted),
        incident=incident,
    )


def kind_of(noted: Noted) -> str:
    """Name the kind under which a summary counts a change: `verdict infected`, `mark`."""
    entry = noted.entry
    return f"{entry.about} {entry.text}" if entry.about == About.VERDICT else entry.about


def summary(store: str, first: int, last: int, at: float, counts: Counter[str]) -> Event:
    """Tell of a storm's changes, from one number to another, at once."""
    told = ", ".join(f"{count} of {kind}" for kind, count in counts.most_common())
    return Event(
        id=f"{_ident(store)[:8]}-{first}-{last}",
        at=at,
        kind="summary",
        text=f"{counts.total()} more changes in that minute",
        cause=told,
        severity=Severity.WARNING,
        counts=dict(counts),
    )


def lost(store: str, first: int, count: int, at: float) -> Event:
    """Tell that changes were let go of before a sink could be told."""
    return Event(
        id=f"{_ident(store)[:8]}-{first}-lost",
        at=at,
        kind="lost",
        text=f"{count} changes are told of nowhere",
        cause="records.retention or records.size let go of them before this sink could be told",
        severity=Severity.WARNING,
        counts={"lost": count},
    )


def trial(ident: str, at: float, actor: str) -> Event:
    """Make an event that only tries a sink out; `ident` differs from all others."""
    return Event(
        id=f"test-{ident}",
        at=at,
        kind="test",
        text="this is a test, nothing happened",
        actor=actor,
        severity=Severity.INFO,
    )


def _phase(noted: Noted) -> Phase:
    entry = noted.entry
    if entry.about == About.VERDICT and entry.text == CLEAN.rung:
        return Phase.CLOSES
    return Phase.OPENS if noted.number == noted.opened else Phase.GOES_ON


def _severity(noted: Noted) -> Severity:
    match noted.entry.about, noted.entry.text:
        case About.VERDICT, "infected":
            return Severity.CRITICAL
        case About.VERDICT, CLEAN.rung:
            return Severity.INFO
        case About.VERDICT | About.WARNING | About.MESSAGE | About.FAULT, _:
            return Severity.WARNING
    return Severity.NOTICE


def _ident(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(text: str) -> str:
    """Write a text that commands no terminal, short enough for a line."""
    text = harmless(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
