"""Mail that the bay itself writes."""

from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

from dnswatch.bay.queue.system_mail import post
from tests.bay.mail import NOW, spool_in


def test_own_mail_is_released_and_breeds_none(tmp_path: Path) -> None:
    """It has no sender, says that no person wrote it, and is on its way."""
    spool = spool_in(tmp_path)
    mail = EmailMessage()
    mail["Subject"] = "hello"
    mail.set_content("A line.\n")
    ident = "0" * 22
    post(spool, ident, "admin@corp.example", mail, "bay.corp.example", NOW)
    message = spool.message(ident)
    assert (message.state, message.envelope.sender) == ("releasing", "")
    assert message.is_ours
    data = spool.body(ident).read_bytes()
    assert b"\r\n" in data
    assert b"\n" not in data.replace(b"\r\n", b"")
    read = message_from_bytes(data)
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["To"] == "admin@corp.example"
    assert read["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
