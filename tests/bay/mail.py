"""Messages for tests, put into a real spool as the server would."""

from collections.abc import Sequence
from pathlib import Path

from dnswatch import clock
from dnswatch.bay.record import (
    Answered,
    Decision,
    Disposition,
    Envelope,
    Judged,
    Line,
    Opinion,
    Verdict,
)
from dnswatch.bay.spool import Spool, ident_of

NOW = 1795435200.0
"""2026-11-23 12:00:00 UTC."""

BODY = b"From: anna@corp.example\r\nTo: bob@there.example\r\nSubject: hello\r\n\r\nA line.\r\n"


def spool_in(folder: Path) -> Spool:
    """Make a spool and claim it."""
    spool = Spool(folder / "bay")
    spool.claim()
    return spool


def keep(
    spool: Spool,
    number: int = 0,
    *,
    to: Sequence[str] = ("bob@there.example",),
    sender: str = "anna@corp.example",
    key: str = "10.0.0.7",
    body: bytes = BODY,
    at: float = NOW,
) -> str:
    """Keep a message, the same name for the same number; return its name."""
    ident = ident_of(at, number.to_bytes(5, "big"))
    draft = spool.draft(ident)
    draft.write(body)
    envelope = Envelope(
        at=at,
        ident=ident,
        client=key,
        key=key,
        helo="pc",
        sender=sender,
        recipients=tuple(to),
        size=draft.size,
        sha256=draft.sha256,
        body="8BITMIME",
        smtputf8=not sender.isascii(),
    )
    spool.put(draft, envelope)
    return ident


def judged(verdict: Verdict, at: float = NOW, reason: str = "it looks so") -> Judged:
    """Write an opinion on a message."""
    says = {"clean": "clean", "unsure": "suspicious", "worm": "worm"}[verdict]
    opinion = Opinion(inspector="test", says=says, reason=reason)  # type: ignore[arg-type]
    return Judged(at=at, verdict=verdict, opinions=(opinion,))


def decide(spool: Spool, ident: str, fate: Disposition, at: float = NOW) -> None:
    """Decide on a message as the server does, and answer its client."""
    code = 451 if fate == "defer" else 250
    lines: list[Line] = [Decision(at=at, fate=fate), Answered(at=at, code=code)]
    spool.append(ident, *lines)


def released(spool: Spool, number: int = 0, **how: object) -> str:
    """Keep a message and release it now."""
    ident = keep(spool, number, **how)  # type: ignore[arg-type]
    decide(spool, ident, "release", clock.now())
    return ident
