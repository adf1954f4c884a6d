"""What a person at the site is told."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dnswatch.bay.queue import notices as module
from dnswatch.bay.queue.notices import MOST_WAITING, Notice, Notices
from dnswatch.settings.bay import Notify
from dnswatch.settings.mail import MailAddress
from dnswatch.settings.remote import Url
from tests.check import eventually

NOTICE = Notice("first-mail", "client 'x' has sent mail", {"client": "x", "recipients": 2})


class Told:
    """Tells notices until something has come true."""

    def __init__(self, notify: Notify) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self._notices = Notices(notify, self._out)

    async def _out(self, to: str, mail: EmailMessage) -> None:
        self.mails.append((to, mail))

    def until(self, condition: Callable[[], object], notices: int = 1) -> None:
        """Tell, and wait."""

        async def work() -> None:
            running = asyncio.create_task(self._notices.run())
            for _ in range(notices):
                self._notices.tell(NOTICE)
            await asyncio.to_thread(eventually, condition)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(work())


def test_a_command_gets_the_facts(tmp_path: Path) -> None:
    """In its environment, and as JSON on its input; no shell reads the arguments."""
    out = tmp_path / "out"
    program = (
        "import os, sys; from pathlib import Path; part = Path(sys.argv[1] + '.part');"
        "part.write_text(os.environ['DNSWATCH_CLIENT'] + sys.argv[2] + sys.stdin.read());"
        "part.rename(sys.argv[1])"
    )
    told = Told(Notify(command=(sys.executable, "-c", program, str(out), "; touch x")))
    told.until(out.exists)
    text = out.read_text()
    assert text.startswith("x; touch x")
    facts = json.loads(text.removeprefix("x; touch x"))
    assert (facts["event"], facts["recipients"]) == ("first-mail", 2)


def test_a_webhook_gets_json(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One POST a notice; one that fails is tried again, and the log keeps the secret in its URL."""
    monkeypatch.setattr(module, "TRIES", (0.0, 0.0))
    caplog.set_level("INFO", "dnswatch.bay")
    posted: list[dict[str, object]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204 if len(posted) > 1 else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        told = Told(Notify(webhooks=(Url(f"http://127.0.0.1:{server.server_port}/secret"),)))
        told.until(lambda: len(posted) > 1)
        server.shutdown()
        thread.join()
    assert posted[0]["client"] == "x"
    assert "/… answered 500" in caplog.text
    assert "secret" not in caplog.text


def test_a_person_gets_a_mail() -> None:
    """With the sentence and the facts."""
    told = Told(Notify(mail=(MailAddress("admin@corp.example"),)))
    told.until(lambda: told.mails)
    ((to, mail),) = told.mails
    assert to == "admin@corp.example"
    assert mail["Subject"] == "dnswatch: mail of a quarantined client"
    assert "recipients: 2" in mail.get_content()


def test_what_fails_is_said_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A command that is not there does not keep the mail from being sent."""
    monkeypatch.setattr(module, "TRIES", (0.0, 0.0))
    told = Told(Notify(command=("/no/such/program",), mail=(MailAddress("a@corp.example"),)))
    told.until(lambda: "attempt 2" in caplog.text and told.mails)
    assert "No such file" in caplog.text


def test_a_flood_is_bounded() -> None:
    """Those that wait are told, further ones are counted, and nobody waits for it."""
    told = Told(Notify(mail=(MailAddress("a@corp.example"),)))
    told.until(lambda: len(told.mails) >= MOST_WAITING, notices=MOST_WAITING + 50)
    assert len(told.mails) == MOST_WAITING
