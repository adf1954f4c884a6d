"""Text files that others write: read again only when one of them changed.

An editor may have put a byte-order mark in front of one; that is no part of it.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dnswatch.names.outage import Outage

MAX_BYTES: Final = 32_000_000
"""What is read of one file: some 200,000 leases."""


class TextFiles:
    """Some files, as they were when they were last looked at."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Look at `paths` later."""
        self._files = [_TextFile(path) for path in paths]

    def news(self) -> Iterator[str] | None:
        """Return all texts where one has changed since the last call, or None."""
        changes = [file.has_changed() for file in self._files]
        return (file.read() for file in self._files) if any(changes) else None


class _TextFile:
    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._state: tuple[int, ...] | None = None
        self._outage = Outage(f"'{path}'", "its names are missing until then")

    def has_changed(self) -> bool:
        state = self._look()
        changed, self._state = state != self._state, state
        return changed

    def read(self) -> str:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
            self._outage.begin(error)
            return ""
        self._outage.end()
        if len(data) > MAX_BYTES:
            data = data[: data.rfind(b"\n", 0, MAX_BYTES) + 1]
        is_wide = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        return data.decode("utf-16" if is_wide else "utf-8-sig", "replace")

    def _look(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return ()
        return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size
