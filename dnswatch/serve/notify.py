"""The service manager: systemd is told that we answer, and again and again that we still do.

It says by `NOTIFY_SOCKET` where it listens, and by `WATCHDOG_USEC` how often it wants to hear
(sd_notify(3), sd_watchdog_enabled(3)).  Before each word the service is asked a question over the
socket at which clients ask, so that what is told is what they would see.
"""

import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

_QUESTION: Final = b"\x10\0" + bytes(8)
"""STATUS (RFC 1035 section 4.1.1), all but the ID: answered with NOTIMP, whatever becomes of
upstreams, and no lookup that would stand in a record."""


class Manager:
    """Whoever started us, and what it wants to hear; times are those of `clock.elapsed`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read where it listens; where nothing is said nobody is told anything."""
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        interval = environment.get("WATCHDOG_USEC", "")
        wanted = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.interval = int(interval) / 3e6 if wanted and interval.isdecimal() else 0.0
        "Seconds between two words: a third of what it waits; 0 where it wants none."

    def tell(self, state: str) -> None:
        """Say something, as sd_notify(3) has it."""
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
                line.setblocking(False)
                line.sendto(state.encode(), self._address)


class Question:
    """One question to oneself, as a client would ask it."""

    def __init__(self, endpoint: socket.socket) -> None:
        """Ask at `endpoint`, a bound UDP socket of ours."""
        host, port, *rest = endpoint.getsockname()
        if host in _EVERYWHERE:
            host = _EVERYWHERE[host]
        self._socket = socket.socket(endpoint.family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect((host, port, *rest))
        self._ident = b""

    def fileno(self) -> int:
        """Return the number of what becomes readable with the answer."""
        return self._socket.fileno()

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()

    def client(self) -> str:
        """Return the address that the question comes from."""
        return str(self._socket.getsockname()[0])

    def ask(self) -> None:
        """Ask anew."""
        self._ident = secrets.token_bytes(2)
        with suppress(OSError):
            self._socket.send(self._ident + _QUESTION)

    def is_answered(self) -> bool:
        """Take in what came; whether the last question is answered now."""
        with suppress(OSError):
            while len(answer := self._socket.recv(512)) >= 12:
                if answer[:2] == self._ident and answer[2] & 0x80:
                    return True
        return False


_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 it is not bound here
