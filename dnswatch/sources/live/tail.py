"""A log that grows: what was written to it since the last look, over rotations.

A log may be rotated by renaming (a new file stands under its name) or by cutting (it is shorter
than it was).  Reading begins at its end: what was written before belongs to a replay.
"""

import os
from pathlib import Path
from typing import BinaryIO, Final

from dnswatch.sources.opening import LONGEST_LINE

MOST: Final = 1 << 22
"""Bytes taken at a look: more waits in the file."""

HEAD: Final = 1 << 16
"""Bytes in which the header lines of a log are looked for."""


class Tail:
    """A log that is followed; it may come into being later."""

    def __init__(self, path: Path) -> None:
        """Begin at the end of what is there."""
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self.is_new = True
        "The lines taken next are of another file than those before."
        self._open(at_end=True)

    def header(self, mark: bytes) -> list[bytes]:
        """Return the lines that begin with `mark`, of those the log begins with."""
        if self._file is None:
            return []
        found = []
        head = os.pread(self._file.fileno(), HEAD, 0)
        for line in head.splitlines(keepends=True):
            if not line.startswith(mark):
                break
            found.append(line)
        return found

    def take(self) -> list[bytes]:
        """Return the lines that were written since; a line that is not whole is waited for."""
        data = self._read()
        if len(data) < MOST and self._is_replaced():
            data = self._read(data)  # what was written until just before
            if not data:
                self._open(at_end=False)
                return self._lines(self._read())
        return self._lines(data)

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()

    def _open(self, *, at_end: bool) -> None:
        self.close()
        self._rest = b""
        self.is_new = True
        try:
            self._file = self._path.open("rb", buffering=0)
        except OSError:
            self._file = None
            return
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def _read(self, before: bytes = b"") -> bytes:
        return before + (self._file.read(MOST) or b"" if self._file is not None else b"")

    def _is_replaced(self) -> bool:
        """Tell whether another file stands there, or the same one was cut."""
        try:
            there = self._path.stat()
        except OSError:
            return False  # between two files: the old one may still be written
        if self._file is None:
            return True
        here = os.fstat(self._file.fileno())
        is_other = (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
        return is_other or there.st_size < self._file.tell()

    def _lines(self, data: bytes) -> list[bytes]:
        lines = (self._rest + data).splitlines(keepends=True)
        is_whole = not lines or lines[-1].endswith(b"\n")
        self._rest = b"" if is_whole else lines.pop()[:LONGEST_LINE]
        return lines
