"""Orders: what persons decide on messages, told to a bay that runs, and kept for one that does not.

A decision is a line in the message's record; the file `orders` in the spool only names the messages
that have one, so that a running bay need not look at all of them.

Rules of this file: names are written before lines, so that no decision stays unheard of whatever
comes in between; the lock keeps the bay from looking until the lines are there.
"""

import fcntl
import os
from collections.abc import Iterable
from typing import Final

from dnswatch.bay.record import Line
from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError
from dnswatch.ownership import settle

FILE: Final = "orders"


def give(spool: Spool, lines: Iterable[tuple[str, Line]]) -> None:
    """Write each line to the record of its message, and tell the bay."""
    lines = list(lines)
    with _opened(spool) as file:
        file.write("".join(f"{ident}\n" for ident, _ in lines).encode())
        for ident, line in lines:
            spool.append(ident, line)


def take(spool: Spool) -> list[str]:
    """Return the messages with orders since the last call; each is named at least once."""
    with _opened(spool) as file:
        size = os.fstat(file.number).st_size
        names = os.pread(file.number, size, 0).decode("ascii", "replace").split()
        os.ftruncate(file.number, 0)
    return list(dict.fromkeys(names))


def are_there(spool: Spool) -> bool:
    """Say whether there is something to take; costs next to nothing."""
    try:
        return (spool.path / FILE).stat().st_size > 0
    except OSError:
        return False


class _opened:  # noqa: N801 used as a word
    """The file, locked against others who give or take."""

    def __init__(self, spool: Spool) -> None:
        self._path = spool.path / FILE

    def __enter__(self) -> "_opened":
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self.number = os.open(self._path, flags, 0o600)
            settle(self._path)
        except OSError as error:
            raise SpoolError(
                f"cannot use '{self._path}': {error.strerror}; become the bay's user, or root"
            ) from None
        fcntl.flock(self.number, fcntl.LOCK_EX)
        return self

    def write(self, data: bytes) -> None:
        """Append all of it or nothing; raises `SpoolError`."""
        size = os.fstat(self.number).st_size
        reason: str | None = "the disk is full: make room"
        try:
            if os.write(self.number, data) == len(data):
                return
        except OSError as error:
            reason = error.strerror
        os.ftruncate(self.number, size)
        raise SpoolError(f"cannot write '{self._path}': {reason}; nothing was done")

    def __exit__(self, *exc: object) -> None:
        os.close(self.number)
