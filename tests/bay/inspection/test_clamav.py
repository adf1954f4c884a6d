"""What a real clamd says, and what is made of it."""

from pathlib import Path

import pytest

from dnswatch.bay.inspection.opinions import UnscannedError
from dnswatch.bay.inspection.scanners import Clamav, understand_clamd
from dnswatch.settings import Daemon
from tests.bay.clamd import EICAR, SIGNATURE, STREAM, Clamd
from tests.bay.inspection.letters import envelope, letter, look, zipped


@pytest.fixture
def message(tmp_path: Path) -> Path:
    """A message's file."""
    return tmp_path / "letter"


def test_worm_is_known(scanner: Clamd, message: Path) -> None:
    """A message whose attachment carries a signature is a worm, and the reason names it."""
    message.write_bytes(letter(("a.zip", zipped(("eicar.com", EICAR.encode())))))
    for address in (scanner.address, str(scanner.path)):
        says, reason = look(Clamav(Daemon(address)), envelope(), path=message)
        assert says == "worm"
        assert SIGNATURE in reason


def test_other_mail_is_clean(scanner: Clamd, message: Path) -> None:
    """A message that holds nothing known is clean."""
    message.write_bytes(letter(("a.bin", bytes(STREAM // 2))))
    assert look(Clamav(Daemon(scanner.address)), envelope(), path=message)[0] == "clean"


def test_too_large_message_is_not_scanned(scanner: Clamd, message: Path) -> None:
    """Above StreamMaxLength clamd answers in mid-stream and closes: that is said, and not clean."""
    message.write_bytes(letter() + b"a" * 8 * STREAM)
    for address in (scanner.address, str(scanner.path)):
        with pytest.raises(UnscannedError, match="StreamMaxLength"):
            look(Clamav(Daemon(address)), envelope(), path=message)


def test_absent_daemon_is_said(tmp_path: Path, message: Path) -> None:
    """A clamd that is away has not scanned anything."""
    message.write_bytes(letter())
    with pytest.raises(UnscannedError, match="is away"):
        look(Clamav(Daemon(str(tmp_path / "none.sock"))), envelope(), path=message)


def test_unreadable_message_is_no_clean_one(scanner: Clamd, message: Path) -> None:
    """A message that cannot be read is not waited for without end."""
    with pytest.raises(FileNotFoundError):
        look(Clamav(Daemon(scanner.address)), envelope(), path=message)


@pytest.mark.parametrize("name", ["Heuristics.Phishing.Email", "PUA.Win.Packer"])
def test_guess_is_no_knowledge(name: str) -> None:
    """ClamAV's heuristics and unwanted programs are suspicious: persons send such, too."""
    assert understand_clamd(f"stream: {name} FOUND")[0] == "suspicious"


@pytest.mark.parametrize(
    "answer",
    ["", "stream: lstat() failed. ERROR", "stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND"],
)
def test_anything_else_is_not_scanned(answer: str) -> None:
    """An error, a limit or nonsense is not taken for clean."""
    with pytest.raises(UnscannedError):
        understand_clamd(answer)
