"""Control: a process's end of the supervisor's line.

A message there is a new configuration, the workers that are away, or a fault that the watch is to
note; its end means that the supervisor is gone.  The supervisor has judged a configuration before
it sends one; what cannot be read all the same is refused, and the old one stays in force.

In the other direction a process says again and again that it lives: one that falls silent hangs.
It may also leave a connection with the supervisor, by a name, for whoever comes after it, and tells
what goes wrong in it.
"""

import logging
import socket
from collections.abc import Collection
from contextlib import suppress
from typing import Final

import msgspec

from dnswatch.errors import SettingsError
from dnswatch.model.policies.note import Note
from dnswatch.settings import Settings, Source, combine, decode

LONGEST: Final = 1 << 20
"""Bytes of a message: more than the supervisor can send."""

ALIVE: Final = b"alive"
"""What a process says once its work has begun, and as long as it goes on."""

BEAT: Final = 0.25
"""Seconds between two times, at most twice that."""

_AWAY: Final = b"away"
"""How the message begins that says who is away; no configuration begins so."""

_FAULT: Final = b"fault"
"""How the message begins that tells of a fault, in either direction."""

FAULTS: Final = 100
"""Faults that wait in a process for being noted; the oldest go."""

logger: Final = logging.getLogger("dnswatch.control")


KEEP: Final = b"keep "
"""How the message begins that brings a connection; its name follows, and its lag in seconds."""

DROP: Final = b"drop "
"""How the message begins by which one is no longer kept: its name follows."""


def away(workers: Collection[int]) -> bytes:
    """Write the message that says which workers are away; their numbers are below 256."""
    return _AWAY + bytes(sorted(workers))


def write_fault(told: Note) -> bytes:
    """Write the message that tells of a fault."""
    return _FAULT + msgspec.msgpack.encode(told)


def read_fault(message: bytes) -> Note | None:
    """Read such a message; None where it is another one."""
    if not message.startswith(_FAULT):
        return None
    try:
        return msgspec.msgpack.decode(message[len(_FAULT) :], type=Note)
    except msgspec.DecodeError:
        return None


class Control:
    """The line to the supervisor."""

    def __init__(self, line: socket.socket) -> None:
        """Listen to `line`, a seqpacket socket that does not block."""
        self._line = line
        self.is_over = False
        "The supervisor is gone: nobody is there to work for."
        self.away: frozenset[int] = frozenset()
        "Numbers of the workers that do not answer now."
        self.faults: list[Note] = []
        "What was told of faults since somebody took it from here."

    def fileno(self) -> int:
        """Return the line's number, so that a loop may wait for it."""
        return self._line.fileno()

    def beat(self) -> None:
        """Tell the supervisor that the work goes on; never waits for it."""
        with suppress(OSError):  # it has not read the last ones yet, or is gone: `news` says so
            self._line.send(ALIVE)

    def keep(self, name: str, lag: float, connection: socket.socket) -> None:
        """Leave a connection with the supervisor; without it, it would end with this process."""
        with suppress(OSError):
            message = KEEP + f"{name} {lag!r}".encode()
            socket.send_fds(self._line, [message], [connection.fileno()])

    def drop(self, name: str) -> None:
        """Have the supervisor let go of a connection."""
        with suppress(OSError):
            self._line.send(DROP + name.encode())

    def news(self) -> tuple[Source, Settings] | None:
        """Return a new configuration, or None where there is none to obey."""
        try:
            message = self._line.recv(LONGEST)
        except BlockingIOError:
            return None
        except ConnectionError:
            message = b""
        if not message:
            self.is_over = True
            return None
        if message.startswith(_AWAY):
            self.away = frozenset(message[len(_AWAY) :])
            return None
        if (told := read_fault(message)) is not None:
            self.faults = [*self.faults[1 - FAULTS :], told]
            return None
        try:
            source = decode(message)
            return source, combine(source)
        except (SettingsError, ValueError) as error:
            logger.error("new settings are refused, the old ones stay in force: %s", error)
            return None
