"""What the sender of a message that failed is told."""

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from dnswatch.bay.queue.system_mail import IN_ALL, PER_SENDER, Failures, is_due
from dnswatch.bay.record import Answered, Decision, DeliveryOutcome, Line, Verdict
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from tests.bay.mail import NOW, judged, keep, spool_in

DOMAINS = ("corp.example",)


def failed(
    spool: Spool, sender: str = "anna@corp.example", verdict: Verdict = "clean", code: int = 250
) -> Message:
    """Keep a message that its exchange refused."""
    ident = keep(spool, sender=sender)
    lines: list[Line] = [
        judged(verdict),
        Decision(at=NOW, fate="release"),
        Answered(at=NOW, code=code),
        DeliveryOutcome(
            at=NOW, recipient="bob@there.example", result="refused", text="550 é\x1b[2J no"
        ),
    ]
    spool.append(ident, *lines)
    return spool.message(ident)


def test_a_local_sender_is_told_once(tmp_path: Path) -> None:
    """The notice says who did not get it and why, and has the message's headers, not its body."""
    spool = spool_in(tmp_path)
    message = failed(spool)
    assert is_due(message, DOMAINS)
    failures = Failures(spool, "bay.corp.example", lambda *_: (0, 0), lambda: NOW + 5)
    ident = failures.tell(message)
    assert ident is not None
    assert failures.tell(message) is None
    notice = spool.message(ident)
    assert notice.envelope.recipients == ("anna@corp.example",)
    assert notice.envelope.sender == ""
    assert not is_due(notice, DOMAINS)
    report = message_from_bytes(spool.body(ident).read_bytes())
    assert report.get_content_type() == "multipart/report"
    parts: Any = report.get_payload()
    text, status, headers = parts
    assert "bob@there.example" in text.get_payload(decode=True).decode()
    assert status.get_payload()[1]["Diagnostic-Code"] == r"smtp; 550 \x{E9}\x{1B}[2J no"
    assert "Subject: hello" in headers.get_payload()
    assert b"A line." not in spool.body(ident).read_bytes()


@pytest.mark.parametrize(
    ("sender", "verdict", "code"),
    [
        ("eve@elsewhere.example", "clean", 250),
        ("", "clean", 250),
        ("anna@corp.example", "worm", 250),
        ("anna@corp.example", "clean", 451),
        ("x@sub.corp.example", "clean", 250),
    ],
)
def test_nobody_else_is_told(tmp_path: Path, sender: str, verdict: Verdict, code: int) -> None:
    """No outsider, no notice about a notice, nobody whom a worm has named, no client that was not
    told 250: it bounces by itself."""
    assert not is_due(failed(spool_in(tmp_path), sender, verdict, code), DOMAINS)


@pytest.mark.parametrize("counts", [(PER_SENDER, PER_SENDER), (0, IN_ALL)])
def test_few_notices_in_a_day(tmp_path: Path, counts: tuple[int, int]) -> None:
    """A person whose address a worm forges is not buried in notices."""
    spool = spool_in(tmp_path)
    failures = Failures(spool, "bay.corp.example", lambda *_: counts, lambda: NOW)
    assert failures.tell(failed(spool)) is None
    assert len(spool.idents()) == 1
