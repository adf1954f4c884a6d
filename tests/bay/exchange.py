"""A real exchange for tests: an SMTP server (aiosmtpd) that remembers, and misbehaves as told.

with Exchange() as exchange:
    exchange.rcpt = lambda address: "550 5.1.1 nobody here" if "bob" in address else None
    ...
    exchange.taken                  # each message it said 250 to, or took and did not say so

`Blunt` is one that answers in any bytes.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.loopback import reserve


@dataclass(frozen=True)
class Taken:
    """A message as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    options: tuple[str, ...]
    encrypted: bool


class Exchange:
    """An SMTP server on a port of its own."""

    def __init__(
        self, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None, utf8: bool = True
    ) -> None:
        """Take a port; with a context STARTTLS is offered."""
        self.address = address
        self.taken: list[Taken] = []
        self.helos: list[str] = []
        self.mail: Callable[[str], str | None] = lambda _: None
        "Says what to answer to MAIL FROM; None is yes."
        self.rcpt: Callable[[str], str | None] = lambda _: None
        self.data: Callable[[Taken], str | None] = lambda _: None
        'What to answer to the message; "" means to hang up without a word.'
        self._holder = reserve(address)
        self.port = int(self._holder.getsockname()[1])
        self._lock = threading.Lock()
        self._tls, self._utf8 = tls, utf8

    def __enter__(self) -> Self:
        """Start."""
        self._controller = Controller(
            self,
            hostname=self.address,
            port=self.port,
            tls_context=self._tls,
            enable_SMTPUTF8=self._utf8,
            decode_data=False,
            data_size_limit=1_000_000,
        )
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._controller.stop()
        self._holder.close()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        """Note who calls."""
        self.helos.append(hostname)
        session.host_name = hostname
        return answers

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer MAIL FROM."""
        if said := self.mail(address):
            return said
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        if said := self.rcpt(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a message, or not."""
        content: Any = envelope.content
        taken = Taken(
            (envelope.mail_from or "").replace("<>", ""),
            tuple(envelope.rcpt_tos),
            content,
            tuple(envelope.mail_options),
            session.ssl is not None,
        )
        said = self.data(taken)
        if not said:
            with self._lock:
                self.taken.append(taken)
        if said == "":
            server.transport.abort()  # type: ignore[union-attr]
        return said or "250 2.0.0 taken"


class Blunt:
    """An exchange that answers each command with these bytes, whatever they are.

    `answers` are by the first four letters of a command, and "." for the message; what is not there
    is taken.  "STAR" with 220 is followed by what is no handshake.
    """

    address = "127.0.0.1"

    def __init__(self, **answers: bytes) -> None:
        """Take a port."""
        self.answers = {
            "HELLO": b"220 blunt\r\n",
            "EHLO": b"250 blunt\r\n",
            "DATA": b"354 go on\r\n",
            **answers,
        }
        self.taken: list[bytes] = []
        "Each message that came whole."
        self.said: list[bytes] = []
        "Each command, in order."
        self._listener = socket.create_server((self.address, 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        """Start."""
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as lines:
            try:
                peer.sendall(self.answers["HELLO"])
                for line in lines:
                    self.said.append(line.rstrip(b"\r\n"))
                    verb = line[:4].decode("latin-1").strip().upper()
                    peer.sendall(self.answers.get(verb, b"250 yes\r\n"))
                    if verb == "DATA" and self.answers[verb].startswith(b"3"):
                        self.taken.append(b"".join(iter(lines.readline, b".\r\n")))
                        peer.sendall(self.answers.get(".", b"250 taken\r\n"))
            except OSError:
                return
