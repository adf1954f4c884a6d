"""A bay with mail in it."""

from pathlib import Path

import pytest

from dnswatch.bay.spool import Spool
from tests.bay.mail import NOW, decide, judged, keep

EVIL = "eve\x1b[2J\u202emoc.live@other.example"
"""A sender that would clear the screen, and turn the rest of the line around."""


@pytest.fixture
def bay(state: Path) -> Spool:
    """Three messages: one held as a worm, one deferred, one released and on its way."""
    spool = Spool(state / "bay")
    spool.claim()
    worm = keep(
        spool,
        1,
        sender=EVIL,
        to=("bob@there.example", "carol@there.example"),
        key="10.0.0.66",
        body=b"Subject: \x1b]0;hi\x07 =?utf-8?q?=E2=80=AEevil?=\r\n\r\nrun \x1b[31mthis\r\n",
    )
    spool.append(worm, judged("worm", reason="an executable\x1b[2J"))
    decide(spool, worm, "hold")
    later = keep(spool, 2, at=NOW + 60)
    spool.append(later, judged("unsure"))
    decide(spool, later, "defer")
    sent = keep(spool, 3, sender="", key="10.0.0.7", to=("x@else.example",), at=NOW + 120)
    spool.append(sent, judged("clean"))
    decide(spool, sent, "release")
    spool.close()
    return spool
