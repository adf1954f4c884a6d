"""System mail: messages that the bay itself writes; they go out as released ones do.

Their sender is empty, so that nobody ever answers them and none of them breeds another (RFC 5321
section 4.5.5); RFC 3834 has them say that no person wrote them.

A sender is told that a message failed only rarely.  A worm forges its senders, so a notice mostly
reaches somebody who wrote nothing (the paper, section 6, counts these bounces among the harm).  So
there is at most one notice a message, only to a sender in the site's own domains, only for a
message that the bay took the duty for, never for one that an inspector knows for a worm or whose
sender is empty, and few of them in a day.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesHeaderParser
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

import msgspec

from dnswatch.bay.delivery.attempt import domain_of
from dnswatch.bay.record import DAEMON, Answered, Decision, Envelope
from dnswatch.bay.spool import Spool, ident_of
from dnswatch.bay.state import Message as Kept
from dnswatch.bay.state import Recipient


def post(spool: Spool, ident: str, to: str, mail: Message, hostname: str, at: float) -> None:
    """Keep a mail to one person as message `ident`, released; the headers are filled in.

    To be called by the process that holds the spool's claim; raises `SpoolError`.
    """
    draft = spool.draft(ident)
    try:
        draft.write(headed(mail, ident, to, hostname, at))
        envelope = envelope_to(to, ident, hostname, at, draft.size)
        spool.put(draft, msgspec.structs.replace(envelope, sha256=draft.sha256))
    finally:
        draft.drop()
    spool.append(
        ident,
        Decision(at=at, fate="release", why="the bay wrote it"),
        Answered(at=at, code=250),
    )


def headed(mail: Message, ident: str, to: str, hostname: str, at: float) -> bytes:
    """Fill in the headers of a mail to one person, and write it down."""
    mail["From"] = f"dnswatch <postmaster@{hostname}>"
    mail["To"] = to
    mail["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    mail["Message-ID"] = f"<{ident}@{hostname}>"
    mail["Auto-Submitted"] = "auto-generated"
    return mail.as_bytes(policy=SMTP if to.isascii() else SMTPUTF8)


def envelope_to(to: str, ident: str, hostname: str, at: float, size: int) -> Envelope:
    """Return the envelope of a mail of ours to one person."""
    return Envelope(
        at=at,
        ident=ident,
        client="",
        key=DAEMON,
        helo=hostname,
        sender="",
        recipients=(to,),
        smtputf8=not to.isascii(),
        body="8BITMIME",
        size=size,
        sha256="",
    )


PER_SENDER: Final = 5
"""Notices to one sender in a day: whose address a worm forges is not to pay for it."""

IN_ALL: Final = 100
"""Notices in a day."""

MOST_HEADERS: Final = 32_000
"""Bytes of the message's beginning in which its headers are looked for."""

MOST_NAMED: Final = 50
"""Recipients that a notice names."""


def is_due(message: Kept, domains: Collection[str]) -> bool:
    """Say whether the sender of a message may be told that it failed."""
    return (
        message.state == "failed"
        and message.is_ours
        and message.verdict != "worm"
        and message.envelope.sender != ""
        and domain_of(message.envelope.sender) in domains
    )


class Failures:
    """Tells local senders."""

    def __init__(
        self,
        spool: Spool,
        hostname: str,
        count: Callable[[str, float], tuple[int, int]],
        now: Callable[[], float],
    ) -> None:
        """Post to `spool`; `count` says how many a person was sent since when, and all were."""
        self._spool = spool
        self._hostname = hostname
        self._count = count
        self._now = now

    def tell(self, message: Kept) -> str | None:
        """Post a notice about a message, unless there is one; return its name."""
        sender, ident = message.envelope.sender, _ident(message)
        if self._spool.has(ident):
            return None
        to_sender, to_all = self._count(sender, self._now() - 86400)
        if to_sender >= PER_SENDER or to_all >= IN_ALL:
            return None
        with self._spool.open(message.ident) as file:
            headers = _headers(file.read(MOST_HEADERS))
        mail = written(message, headers, self._hostname)
        post(self._spool, ident, sender, mail, self._hostname, self._now())
        return ident


def written(message: Kept, headers: str, hostname: str) -> Message:
    """Write the notice: for persons, and for programs as RFC 3464 has it."""
    failed = [one for one in message.recipients if one.state == "failed"]
    mail = MIMEMultipart("report", report_type="delivery-status")
    mail["Subject"] = "Your message was not delivered"
    named = "\n".join(f"  {one.address}\n    {one.text}" for one in failed[:MOST_NAMED])
    more = f"\n  and {len(failed) - MOST_NAMED} more" if len(failed) > MOST_NAMED else ""
    text = (
        f"This is {hostname}, which held your message for inspection and then sent it on.\n"
        f"It could not be delivered to:\n\n{named}{more}\n\n"
        "Nothing further will be tried.  The headers of your message are below.\n"
    )
    mail.attach(MIMEText(text, "plain", "utf-8"))
    mail.attach(_status(failed[:MOST_NAMED], hostname))
    mail.attach(_original(headers))
    return mail


def _status(failed: list[Recipient], hostname: str) -> Message:
    part = MIMEBase("message", "delivery-status")
    del part["MIME-Version"]
    whole = Message()
    whole["Reporting-MTA"] = f"dns; {hostname}"
    blocks: list[Message | str] = [whole]
    for one in failed:
        block = Message()
        kind = "rfc822" if one.address.isascii() else "utf-8"
        block["Final-Recipient"] = f"{kind}; {_ascii(one.address)}"
        block["Action"] = "failed"
        block["Status"] = "5.0.0"
        block["Diagnostic-Code"] = f"smtp; {_ascii(one.text)}"
        blocks.append(block)
    part.set_payload(blocks)
    return part


def _original(headers: str) -> Message:
    part = MIMEBase("text", "rfc822-headers")
    del part["MIME-Version"]
    part.set_payload(headers)
    return part


def _headers(beginning: bytes) -> str:
    """Return the headers that tell a sender which message it was, in ASCII."""
    found = BytesHeaderParser().parsebytes(beginning)
    wanted = ("Date", "From", "To", "Subject", "Message-ID")
    lines = (
        f"{name}: {_ascii(' '.join(str(found[name]).split()))}" for name in wanted if found[name]
    )
    return "".join(f"{line[:900]}\r\n" for line in lines)


def _ascii(text: str) -> str:
    r"""Write other characters as RFC 6533 section 3 does: `\x{E9}`; and control characters so."""
    return "".join(
        one if one.isascii() and one.isprintable() else f"\\x{{{ord(one):X}}}" for one in text
    )


def _ident(message: Kept) -> str:
    """Name the notice: the same name each time, so that there is only one."""
    return ident_of(message.envelope.at, sha256(b"failure " + message.ident.encode()).digest())
