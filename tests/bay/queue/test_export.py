"""Messages as files."""

import mailbox
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dnswatch.bay.queue.view import to_eml, to_mbox
from dnswatch.bay.spool import Spool
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


@pytest.mark.parametrize(
    "export",
    [to_eml, lambda spool, ident, folder: to_mbox(spool, [ident], folder / "m.mbox")],
)
def test_a_file_that_has_no_room_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, export: Callable[[Spool, str, Path], object]
) -> None:
    """A full disk is said in a sentence, and leaves no half message behind."""
    spool = spool_in(tmp_path)
    ident = keep(spool)

    def full(number: int, mode: str) -> object:
        os.close(number)
        return open("/dev/full", mode)

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(SpoolError, match="No space left on device; it was removed again"):
        export(spool, ident, tmp_path)
    assert not list(tmp_path.glob("*m*"))


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
