"""`dnswatch bay export`."""

import json
from pathlib import Path

from dnswatch.bay.spool import Spool
from tests.bay.mail import BODY
from tests.cli.conftest import Run


def test_messages_become_files(run: Run, bay: Spool, tmp_path: Path) -> None:
    """Byte for byte; a second time is refused."""
    later = bay.idents()[1]
    said = run("bay", "export", later, "--eml", str(tmp_path))
    assert Path(said.strip()).read_bytes() == BODY
    other = tmp_path / "other"
    other.mkdir()
    told = json.loads(run("bay", "export", later, "--eml", str(other), "--json"))
    assert told == {"messages": [later], "files": [str(other / f"{later}.eml")]}
    assert "is there already" in run("bay", "export", later, "--eml", str(tmp_path), exit_code=1)


def test_messages_become_an_mbox(run: Run, bay: Spool, tmp_path: Path) -> None:
    """All that are chosen, in one file."""
    box = tmp_path / "all.mbox"
    assert "2 messages" in run("bay", "export", "--domain", "there.example", "--mbox", str(box))
    assert box.read_bytes().count(b"\nFrom ") + box.read_bytes().startswith(b"From ") == 2
    wrong = ["bay", "export", "--is", "held", "--mbox", "x", "--eml", "y"]
    assert "not both" in run(*wrong, exit_code=2)
