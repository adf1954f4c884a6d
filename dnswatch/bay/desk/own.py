"""Own mail: messages that the bay itself writes; they go out as released ones do.

Their sender is empty, so that nobody ever answers them and none of them breeds another (RFC 5321
section 4.5.5); RFC 3834 has them say that no person wrote them.
"""

from datetime import UTC, datetime
from email.message import Message
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from dnswatch.bay.record import DAEMON, Answered, Decided, Envelope
from dnswatch.bay.spool import Spool


def post(spool: Spool, ident: str, to: str, mail: Message, hostname: str, at: float) -> None:
    """Keep a mail to one person as message `ident`, released; the headers are filled in.

    To be called by the process that holds the spool's claim; raises `SpoolError`.
    """
    mail["From"] = f"dnswatch <postmaster@{hostname}>"
    mail["To"] = to
    mail["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    mail["Message-ID"] = f"<{ident}@{hostname}>"
    mail["Auto-Submitted"] = "auto-generated"
    draft = spool.draft(ident)
    try:
        draft.write(mail.as_bytes(policy=SMTP if to.isascii() else SMTPUTF8))
        envelope = Envelope(
            at=at, ident=ident, client="", key=DAEMON, helo=hostname, sender="", recipients=(to,),
            smtputf8=not to.isascii(), body="8BITMIME", size=draft.size, sha256=draft.sha256,
        )  # fmt: skip
        spool.put(draft, envelope)
    finally:
        draft.drop()
    spool.append(
        ident,
        Decided(at=at, fate="release", why="the bay wrote it"),
        Answered(at=at, code=250),
    )
