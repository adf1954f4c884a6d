"""Trace: the `Received:` lines of a message, which say by what servers it came.

One of our own stands before each message that is sent on (RFC 5321 section 4.4); and a message that
has passed too many servers, or us too often, goes in circles and is taken no more (section 6.3).
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from dnswatch.bay.record import DAEMON, Envelope

MOST_HOPS: Final = 100
"""Servers that a message may have passed: RFC 5321 section 6.3 asks for a hundred at least."""

MOST_OWN: Final = 3
"""Times that a message may have passed us: a quarantined mailing list sends on what it was sent."""

_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
_RECEIVED: Final = re.compile(rb"(?im)^received[ \t]*:((?:[^\n]|\n[ \t])*)")
_MOST_HEADER: Final = 1_000_000
"""Bytes of a header that are looked at: a hundred lines have 30,000."""


def received(envelope: Envelope, hostname: str) -> bytes:
    """Write our line for a message; it tells no address where the records may tell none."""
    client = envelope.client or "unknown"
    address = f"[IPv6:{client}]" if ":" in client else f"[{client}]" if "." in client else client
    helo = re.sub(r"[^!-~]|[()\\;]", "?", envelope.helo[:255]) or "unknown"
    at = format_datetime(datetime.fromtimestamp(envelope.at, UTC))
    origin = "" if envelope.key == DAEMON else f"from {helo} ({address})\r\n\t"
    return (
        f"Received: {origin}by {hostname} (dnswatch) with {_protocol(envelope)}"
        f" id {envelope.ident};\r\n\t{at}\r\n"
    ).encode()


def _protocol(envelope: Envelope) -> str:
    """Name the protocol by which it came (RFC 3848, RFC 6531 section 4.3)."""
    if envelope.manners.greeting == "HELO":
        return "SMTP"
    return f"{'UTF8' if envelope.smtputf8 else 'E'}SMTP{'S' if envelope.tls else ''}"


class Trace:
    """Counts the lines of a message while it comes in."""

    def __init__(self, hostname: str) -> None:
        """`hostname` is what we call ourselves in our lines."""
        self._ours = re.compile(rb"(?i)by\s+" + re.escape(hostname.encode()) + rb"\s+\(dnswatch\)")
        self._header = bytearray(b"\n")  # so that an empty header ends like any other
        self._is_over = False

    def feed(self, text: bytes) -> None:
        """Take the next bytes of the message."""
        if self._is_over:
            return
        begin = max(0, len(self._header) - 3)
        self._header += text
        end = _HEADER_END.search(self._header, begin)
        if end is not None:
            del self._header[end.start() :]
        self._is_over = end is not None or len(self._header) > _MOST_HEADER

    def is_circle(self) -> bool:
        """Say whether the message has passed so many servers that it goes in circles."""
        lines = [match[1] for match in _RECEIVED.finditer(bytes(self._header))]
        own = sum(1 for line in lines if self._ours.search(line))
        return len(lines) > MOST_HOPS or own >= MOST_OWN
