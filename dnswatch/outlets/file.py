"""A file: lines are appended to it, and to the next one once it was rotated away."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from dnswatch.errors import EventError
from dnswatch.outlets.outlet import Dispatch
from dnswatch.ownership import settle


class FileOutlet:
    """Appends lines to a file, and to the next one once that was rotated away."""

    def __init__(self, path: Path) -> None:
        """Open it at the first line."""
        self._path = path
        self._file = -1

    def send(self, dispatch: Dispatch) -> None:
        """Append a line, and see it on the disk."""
        line = dispatch.body + b"\n"
        try:
            if not self._is_current():
                self._open()
            size = os.fstat(self._file).st_size
            try:
                if os.write(self._file, line) < len(line):
                    raise EventError(f"'{self._path}' cannot be written: the disk is full")
                os.fdatasync(self._file)
            except (OSError, EventError):
                with suppress(OSError):
                    os.ftruncate(self._file, size)  # half a line would spoil the next one
                raise
        except OSError as error:
            raise EventError(f"'{self._path}' cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _is_current(self) -> bool:
        """Whether the open file is still the one of that name."""
        if self._file < 0:
            return False
        ours = os.fstat(self._file)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)

    def _open(self) -> None:
        self.close()
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._file = os.open(self._path, flags)
        except FileNotFoundError:
            self._file = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o640)
            os.fchmod(self._file, 0o640)  # whatever the umask: who is in the group collects it
            settle(self._path)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise EventError(f"'{self._path}' is no file: name one")
        if found.st_size and os.pread(self._file, 1, found.st_size - 1) != b"\n":
            os.write(self._file, b"\n")  # a power cut left half a line
