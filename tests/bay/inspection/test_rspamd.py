"""What a real rspamd says, and what is made of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from dnswatch.bay.inspection.opinions import Said, UnscannedError
from dnswatch.bay.inspection.scanners import LONGEST, Rspamd, RspamdAnswer, understand_rspamd
from dnswatch.settings import Url
from tests.bay.inspection.letters import envelope, letter, look
from tests.bay.rspamd import DUBIOUS, PROFILE, SPAM

TO = ("you@here.example", "them@here.example")


def ask(url: str, path: Path, message: bytes, settings: str = "") -> Said:
    """Have rspamd look at a message."""
    path.write_bytes(message)
    sealed = envelope(size=len(message), recipients=TO, ident="a\r\nIP: 192.0.2.1")
    return look(Rspamd(Url(url), settings), sealed, path=path)


@pytest.mark.parametrize(
    ("subject", "says"), [("Greetings", "clean"), (DUBIOUS, "suspicious"), (SPAM, "worm")]
)
def test_action_is_the_opinion(filtering: str, tmp_path: Path, subject: str, says: str) -> None:
    """What rspamd rejects is mass mail; what it would mark or delay is suspicious."""
    assert ask(filtering, tmp_path / "letter", letter(subject=subject))[0] == says


def test_envelope_is_told(filtering: str, tmp_path: Path) -> None:
    """Rspamd is told HELO, sender and every recipient."""
    assert "TOLD_ENVELOPE" in ask(filtering, tmp_path / "letter", letter())[1]


def test_address_is_told_only_with_settings_for_outbound_mail(
    filtering: str, tmp_path: Path
) -> None:
    """Without settings for outbound mail, block lists would judge the client's own address."""
    assert "TOLD_ADDRESS" not in ask(filtering, tmp_path / "letter", letter())[1]
    assert "TOLD_ADDRESS" in ask(filtering, tmp_path / "letter", letter(), PROFILE)[1]


def test_large_message_comes_through(filtering: str, tmp_path: Path) -> None:
    """A message of megabytes is judged."""
    assert ask(filtering, tmp_path / "letter", letter(("a.bin", bytes(3_000_000))))[0] == "clean"


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Run a server that always answers the same."""

    class Stubborn(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Stubborn) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b"{}", "HTTP status 503"),
        (302, b"", "HTTP status 302"),
        (200, b"<html>", "cannot be read"),
        (200, b'{"score": 1}', "cannot be read"),
        (200, b"[" * (LONGEST + 1), "longer than"),
    ],
)
def test_no_answer_is_not_scanned(tmp_path: Path, status: int, body: bytes, said: str) -> None:
    """An error, nonsense, or an answer without end has not scanned anything."""
    with answering(status, body) as url, pytest.raises(UnscannedError, match=said):
        ask(url, tmp_path / "letter", letter())


def test_absent_rspamd_is_said(tmp_path: Path) -> None:
    """An rspamd that is away has not scanned anything."""
    with pytest.raises(UnscannedError, match="is away"):
        ask("http://127.0.0.1:1", tmp_path / "letter", letter())


def test_skipped_message_is_not_scanned() -> None:
    """A message that rspamd's own settings let pass unread is not clean."""
    with pytest.raises(UnscannedError, match="skips"):
        understand_rspamd(
            RspamdAnswer(action="no action", score=0, required_score=15, is_skipped=True)
        )
