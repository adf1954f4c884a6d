"""A bay's server under test: real sockets and a real spool, and an inspector with one opinion."""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from dnswatch import clock
from dnswatch.bay.reception import Reception
from dnswatch.bay.record import Envelope, Judged, Verdict
from dnswatch.bay.smtp.access import Banner
from dnswatch.bay.smtp.connection import Shared
from dnswatch.bay.smtp.limits import RateLimits, Room, StrangerTally
from dnswatch.bay.smtp.server import SmtpServer, context
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from dnswatch.settings import Duration
from dnswatch.settings.bay import Bay, Tls
from tests.check import PATIENCE
from tests.loopback import reserve

HOSTNAME = "bay.example"
BODY = b"Subject: hello\r\n\r\nA line.\r\n"


class Says:
    """An inspector that thinks the same of every message, when it is let to."""

    def __init__(self, verdict: Verdict) -> None:
        """Say `verdict`."""
        self.verdict = verdict
        self.seen: list[bytes] = []
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    async def judge_text(self, envelope: Envelope, path: Path, message: bytes) -> Judged | None:
        """Leave it to `judge`, where a message has its file."""

    async def judge(self, envelope: Envelope, path: Path) -> Judged:
        """Say what it says."""
        self.seen.append(path.read_bytes())
        self.asked.set()
        await asyncio.to_thread(self.may_answer.wait)
        return Judged(at=clock.now(), verdict=self.verdict, opinions=())


@dataclass
class Served:
    """One server; `settings` are those of the bay."""

    folder: Path
    settings: Bay = field(default_factory=lambda: Bay(pause=Duration(0)))
    inspector: Says = field(default_factory=lambda: Says("clean"))
    admits: Callable[[str], bool] = lambda _: True
    knows: Callable[[str], bool] = lambda _: True
    lag: float = 0.0
    tls: Tls = field(default_factory=Tls)
    key: Callable[[str], str] = str

    def __enter__(self) -> Self:
        """Start."""
        self.spool = Spool(self.folder / "spool")
        self.spool.claim()
        self.reception = Reception(
            self.settings, self.spool, self.inspector, lambda *_: None, lambda *_: None, clock.now
        )
        for ident in self.spool.idents():
            self.reception.restore(self.spool.message(ident))
        self._loop = asyncio.new_event_loop()
        self._holder = reserve()
        self.port = int(self._holder.getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._do(self._server.stop(5.0))
        self._do(asyncio.sleep(0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()
        self.spool.close()

    async def _start(self) -> None:
        tally = StrangerTally(self.key)
        shared = Shared(
            self.settings,
            HOSTNAME,
            context(self.tls, self.folder, HOSTNAME, clock.now()),
            self.spool,
            self.reception,
            Room(self.spool.free, self.settings.limits.room),
            RateLimits(self.settings.limits),
            Banner(self.admits, self.knows, tally, lag=self.lag),
            tally,
            self.key,
            clock.now,
        )
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", self.port))
        self._server = SmtpServer(shared, [sock])
        await self._server.start()

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)  # type: ignore[arg-type]

    def client(self) -> smtplib.SMTP:
        """Connect as a mail program does."""
        return smtplib.SMTP(
            "127.0.0.1", self.port, local_hostname="client.example", timeout=PATIENCE
        )

    def raw(self) -> "Raw":
        """Connect as a worm does."""
        return Raw(self.port)

    def send(self, body: bytes = BODY, *recipients: str, sender: str = "a@b.example") -> int:
        """Send a message and return the code of the answer to DATA."""
        with self.client() as client:
            client.ehlo()
            client.mail(sender)
            for recipient in recipients or ("c@d.example",):
                client.rcpt(recipient)
            return client.data(body)[0]

    def messages(self) -> list[Message]:
        """Give what is in the spool."""
        return [self.spool.message(ident) for ident in self.spool.idents()]

    def bodies(self) -> list[bytes]:
        """Give the bytes of the messages in the spool."""
        return [self.spool.body(ident).read_bytes() for ident in self.spool.idents()]


class Raw:
    """A connection on which any bytes can be sent."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        """Do nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def read(self) -> str:
        """Read an answer, with all its lines; empty at the end of the connection."""
        while True:
            line = self._file.readline().decode()
            if line[3:4] != "-":
                return line.strip()

    def read_all(self) -> str:
        """Read an answer, and return all its lines."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            lines.append(self._file.readline().decode())
        return "".join(lines)

    def say(self, *lines: bytes) -> list[str]:
        """Send lines one by one, and read the answer to each."""
        answers = []
        for line in lines:
            self.send(line + b"\r\n")
            answers.append(self.read())
        return answers

    def encrypt(self) -> int:
        """Go over to TLS, trusting anybody; returns the descriptor beneath, to spoil it."""
        self._file.close()
        self._socket = ssl._create_unverified_context().wrap_socket(self._socket)
        self._file = self._socket.makefile("rb")
        return self._socket.fileno()

    def begin(self) -> str:
        """Go to where the message is sent."""
        self.read()
        return self.say(b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@d.example>", b"DATA")[
            -1
        ]
