"""Manners: how the sending engine speaks SMTP; worms write their own, and in haste.

What no mail program does is suspicious by itself; what only old or simple ones do, two at a time.
"""

from collections.abc import Iterator
from typing import Final

from dnswatch.bay.inspection.inspector import Case, Said
from dnswatch.bay.record import Envelope

MANY_FAULTS: Final = 3
"""Commands refused with 5xx in one session; a typing error of an address is one."""


class Manners:
    """Judges the session, not the message."""

    name = "manners"

    async def look(self, case: Case) -> Said:
        """Tell bad manners."""
        gross, small = list(_gross(case.envelope)), list(_small(case.envelope))
        said = "; ".join(gross + small) or "the client spoke as mail programs do"
        return ("suspicious" if gross or len(small) > 1 else "clean"), said


def _gross(envelope: Envelope) -> Iterator[str]:
    """What no mail program does (RFC 5321 section 4.3.1, RFC 2920 section 3.1)."""
    manners = envelope.manners
    if manners.early:
        yield "the client sent before it was greeted"
    if manners.unheard:
        yield f"the client did not wait for {manners.unheard} answers"


def _small(envelope: Envelope) -> Iterator[str]:
    """What scripts, scanners and printers do as well."""
    manners = envelope.manners
    if manners.greeting == "HELO":
        yield "the client says HELO, not EHLO" if envelope.helo else "the client said no hello"
    if envelope.helo.casefold().rstrip(".") in (
        "localhost",
        "localhost.localdomain",
        "[127.0.0.1]",
    ):
        yield f"the client calls itself {envelope.helo}"
    if manners.bare_newlines:
        yield "line ends are not CRLF"
    if manners.faults >= MANY_FAULTS:
        yield f"{manners.faults} commands were refused"
