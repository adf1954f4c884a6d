"""The door: where vantage points that are no children of ours come in, at the socket of [ingest].

Who may, the kernel says (`SO_PEERCRED`): the user that this process runs as, and those that the
settings list.  Whoever comes has a moment to say who it is; then it has a line like everybody else.
"""

import contextlib
import json
import logging
import os
import pwd
import selectors
import socket
import struct
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from dnswatch import clock
from dnswatch.seams.batch import MAX_MESSAGE
from dnswatch.seams.ingest import Hello, read_hello

GUESTS: Final = 32
"""Connections at a time, with those that have not said yet who they are."""

PATIENCE: Final = 5.0
"""Seconds in which to say that."""

SAY_EVERY: Final = 60.0
"""Seconds between two lines in the log about who was refused."""

_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group of a peer."""

logger: Final = logging.getLogger("dnswatch.watchdog")

LetIn = Callable[[Hello, socket.socket], str | None]
"""Takes who has said who it is; returns a sentence where it may not come in."""


class Door:
    """The socket at which vantage points come in, and those on the step."""

    def __init__(self, listening: socket.socket, let_in: LetIn) -> None:
        """Let in at a seqpacket socket that listens and does not block."""
        self._listening = listening
        self._let_in = let_in
        self._users = frozenset[int]()
        self._step: dict[socket.socket, float] = {}
        "Who has not said yet who it is, and since when it waits."
        self._say_at = 0.0
        self._selector: selectors.BaseSelector | None = None
        self.refused = 0
        "Connections that were refused."

    def configure(self, users: Iterable[str]) -> None:
        """Let these users in (names or numbers), besides the one that we are."""
        self._users = frozenset([os.geteuid(), *_numbers(users)])

    def open(self, selector: selectors.BaseSelector) -> None:
        """Begin."""
        self._selector = selector
        selector.register(self._listening, selectors.EVENT_READ, self._answer)

    def tidy(self) -> None:
        """Send away who has said nothing for too long."""
        for guest, since in list(self._step.items()):
            if clock.elapsed() > since + PATIENCE:
                self._refuse(guest, f"said nothing for {PATIENCE:.0f} s")

    def _answer(self) -> None:
        with contextlib.suppress(OSError):  # it is gone already, or too many files are open
            guest, _ = self._listening.accept()
            guest.setblocking(False)
            _, user, _ = _CREDENTIALS.unpack(
                guest.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            self._step[guest] = clock.elapsed()
            self._watch(guest)
            if user not in self._users:
                self._refuse(guest, f"user {user} is not listed in 'ingest.users'")
            elif len(self._step) > GUESTS:
                self._refuse(guest, f"{GUESTS} are waiting at the door already")

    def _watch(self, guest: socket.socket) -> None:
        if self._selector is not None:
            self._selector.register(guest, selectors.EVENT_READ, partial(self._hear, guest))

    def _hear(self, guest: socket.socket) -> None:
        """Read who it is."""
        if guest not in self._step:
            return
        try:
            message = guest.recv(MAX_MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        try:
            hello = read_hello(message)
        except ValueError as error:
            self._refuse(guest, f"did not say who it is: {error}")
            return
        self._forget(guest)
        if (why := self._let_in(hello, guest)) is not None:
            self._refuse(guest, why)
        else:
            _say(guest, welcome=hello.hello)

    def _refuse(self, guest: socket.socket, why: str) -> None:
        self.refused += 1
        if clock.elapsed() >= self._say_at:
            self._say_at = clock.elapsed() + SAY_EVERY
            logger.warning("a vantage point was refused: %s", why)
        _say(guest, refused=why)
        self._forget(guest)
        with contextlib.suppress(OSError):
            guest.recv(MAX_MESSAGE)  # who closes without reading takes its own answer back
        guest.close()

    def _forget(self, guest: socket.socket) -> None:
        if self._step.pop(guest, None) is not None and self._selector is not None:
            self._selector.unregister(guest)


def _say(guest: socket.socket, **what: str) -> None:
    with contextlib.suppress(OSError):  # it does not listen, or is gone
        guest.send(json.dumps(what).encode())


def _numbers(users: Iterable[str]) -> list[int]:
    """Return the numbers of users; one that this machine does not know is said, and left out."""
    found = []
    for user in users:
        try:
            found.append(int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid)
        except KeyError:
            logger.warning("'ingest.users' names '%s', whom this machine does not know", user)
    return found
