"""Messages as files."""

import mailbox
from pathlib import Path

import pytest

from dnswatch.bay.desk.export import to_eml, to_mbox
from dnswatch.errors import SpoolError
from tests.bay.mail import BODY, keep, spool_in

TRICKY = b"Subject: x\r\n\r\nFrom here on\r\n>From there\r\n\r\nend\r\n"


def test_an_eml_is_the_message(tmp_path: Path) -> None:
    """Byte for byte, for its owner alone, and never over another file."""
    spool = spool_in(tmp_path)
    ident = keep(spool)
    path = to_eml(spool, ident, tmp_path)
    assert path.read_bytes() == BODY
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SpoolError, match="is there already"):
        to_eml(spool, ident, tmp_path)
    with pytest.raises(SpoolError, match="cannot write"):
        to_eml(spool, ident, tmp_path / "nowhere")


def test_an_mbox_holds_several(tmp_path: Path) -> None:
    """Lines that look like the beginning of a message are quoted."""
    spool = spool_in(tmp_path)
    idents = [keep(spool, 1, body=TRICKY), keep(spool, 2, sender="")]
    to_mbox(spool, idents, tmp_path / "m.mbox")
    text = (tmp_path / "m.mbox").read_bytes()
    assert text.startswith(b"From anna@corp.example Mon Nov 23 12:00:00 2026\n")
    assert b"\n>From here on\n>>From there\n" in text
    box = mailbox.mbox(tmp_path / "m.mbox")
    assert [mail["Subject"] for mail in box] == ["x", "hello"]
    box.close()
