"""Control: a process's end of the supervisor's line.

A message there is a new configuration, its end means that the supervisor is gone.  The supervisor
has judged a configuration before it sends one; what cannot be read all the same is refused, and the
old one stays in force.
"""

import logging
import socket
from typing import Final

from dnswatch.errors import SettingsError
from dnswatch.settings import Settings, Source, combine, decode

LONGEST: Final = 1 << 20
"""Bytes of a message: more than the supervisor can send."""

READY: Final = b"ready"
"""What a process says once its work has begun."""

logger: Final = logging.getLogger("dnswatch.control")


class Control:
    """The line to the supervisor."""

    def __init__(self, line: socket.socket) -> None:
        """Listen to `line`, a seqpacket socket that does not block."""
        self._line = line
        self.is_over = False
        "The supervisor is gone: nobody is there to work for."

    def fileno(self) -> int:
        """Return the line's number, so that a loop may wait for it."""
        return self._line.fileno()

    def ready(self) -> None:
        """Tell the supervisor that the work has begun."""
        self._line.send(READY)

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
        try:
            source = decode(message)
            return source, combine(source)
        except (SettingsError, ValueError) as error:
            logger.error("new settings are refused, the old ones stay in force: %s", error)
            return None
