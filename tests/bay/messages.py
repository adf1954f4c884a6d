"""Messages for tests of the bay."""

from hashlib import sha256

from dnswatch.bay.record import Envelope
from dnswatch.bay.spool import Spool, ident_of

BODY = b"Subject: hello\r\n\r\nA line.\r\n"


def ident(number: int = 1) -> str:
    """Name a message."""
    return ident_of(float(number), number.to_bytes(5, "big"))


def envelope(number: int = 1, *recipients: str, body: bytes = BODY) -> Envelope:
    """Make the envelope of a message."""
    return Envelope(
        at=float(number),
        ident=ident(number),
        client="192.0.2.7",
        key="192.0.2.7",
        helo="client.example",
        sender="a@b.example",
        recipients=recipients or ("c@d.example",),
        size=len(body),
        sha256=sha256(body).hexdigest(),
    )


def put(spool: Spool, number: int = 1, *recipients: str, body: bytes = BODY) -> str:
    """Put a message into a spool; returns its name."""
    draft = spool.draft(ident(number))
    draft.write(body)
    spool.put(draft, envelope(number, *recipients, body=body))
    return ident(number)
