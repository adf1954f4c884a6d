"""Transfer: the bytes that follow DATA become the message in the spool (RFC 5321 section 4.5.2).

Only CR LF . CR LF ends a message.  Other servers have also taken a lone dot between bare line ends
for its end, and read what follows as commands ("SMTP smuggling").  So bare CR and LF are kept as
they are, and noted; a lone dot between them is found, since a message that has one cannot be sent
on unchanged without its being two to somebody.

The `Received:` lines of a message say by what servers it came.  One of our own stands before each
message that is sent on (RFC 5321 section 4.4); and a message that has passed too many servers, or
us too often, goes in circles and is taken no more (section 6.3).
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from dnswatch.bay.record import DAEMON, Envelope
from dnswatch.bay.smtp.limits import Claim
from dnswatch.bay.spool import Draft
from dnswatch.errors import SpoolError

# Counted and sought as they are: a regular expression takes thirty times as long.
_LONE_DOTS: Final = (b"\r.\r", b"\r.\n", b"\n.\r", b"\n.\n")


class Content:
    """One message, fed in pieces of any length."""

    def __init__(self) -> None:
        """Begin; the line end of the DATA command counts as the one before the first line."""
        self.has_bare_newlines = False
        "CR or LF stood alone."
        self.has_lone_dot = False
        "A line of one dot did not end in CR LF, or did not begin after one."
        self._seen = b""  # the last bytes, for what begins in one piece and ends in the next
        self._held = b""  # of those, what is not given out yet
        self._skip = 2  # the line end of DATA is no part of the message

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes, from the line end of DATA on; return more of the message."""
        seen = self._seen + piece
        self.has_bare_newlines |= _has_bare_newlines(seen)
        if self.has_bare_newlines:  # else there is none
            self.has_lone_dot |= any(mark in seen for mark in _LONE_DOTS)
        self._seen = seen[-3:]
        text = self._held + piece
        kept = 2 if text.endswith(b"\r\n") else 1 if text.endswith(b"\r") else 0
        whole, self._held = text[: len(text) - kept], text[len(text) - kept :]
        return self._without_first(whole.replace(b"\r\n.", b"\r\n"))

    def finish(self) -> bytes:
        """Return the rest; the CR LF of the message's end was fed, the dot after it was not."""
        return self._without_first(self._held)

    def _without_first(self, text: bytes) -> bytes:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        return text[skipped:]


def _has_bare_newlines(text: bytes) -> bool:
    """Look for CR or LF alone; whether the first or the last byte is one is not known yet."""
    pairs = text.count(b"\r\n")
    feeds = text.count(b"\n") - text.startswith(b"\n")
    returns = text.count(b"\r") - text.endswith(b"\r")
    return feeds != pairs or returns != pairs


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


_END: Final = b"\r\n.\r\n"
_PATIENCE: Final = 2
"""A message that is too long is read to its end, up to so many times what it may have."""


class Transfer:
    """A message on its way in."""

    def __init__(self, draft: Draft, limit: int, claim: Claim, trace: Trace) -> None:
        """Take a message of up to `limit` bytes into `draft`."""
        self.draft = draft
        self.has_bare_newlines = False
        self.is_ambiguous = False
        "What is one message to us could be two to another server."
        self.is_too_long = False
        self.is_endless = False
        "Its end is not waited for."
        self.is_circle = False
        "It has passed too many servers."
        self.trouble: SpoolError | None = None
        "Why the spool did not take it."
        self._limit = limit
        self._claim = claim
        self._trace = trace
        self._content = Content()
        self._size = 0
        # The line end of the DATA command, so that a message without lines ends like any other.
        self._kept = b"\r\n"

    def feed(self, data: bytes) -> bytes | None:
        """Take what came; return what follows the message, None while it has no end."""
        seen = self._kept + data
        end = seen.find(_END)
        is_last = end >= 0
        # The end may begin in one piece and close in the next.
        cut = end + 2 if is_last else max(0, len(seen) - len(_END) + 1)
        text = self._content.feed(seen[:cut])
        if is_last:
            text += self._content.finish()
        self._kept = seen[cut:]
        self._size += len(text)
        self.is_too_long |= self._size > self._limit
        self.is_endless = self._size > _PATIENCE * self._limit + len(_END)
        self._trace.feed(text)
        self._write(text)
        if not is_last:
            return b"" if self.is_endless else None
        self.has_bare_newlines = self._content.has_bare_newlines
        self.is_circle = self._trace.is_circle()
        self.is_ambiguous = self._content.has_lone_dot
        return seen[end + len(_END) :]

    def _write(self, text: bytes) -> None:
        if self.is_too_long or self.trouble:
            return
        try:
            if not self._claim.write(len(text)):
                raise SpoolError(
                    "the rest of its disk is not for mail (bay.limits.room)", full=True
                )
            self.draft.write(text)
        except SpoolError as error:
            self.trouble = error
