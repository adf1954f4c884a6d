"""The journal of a spool: new messages, whole, in one file that is forced to the disk.

A message and its record are two new files in two folders: five forced writes, one after the other.
Here all messages that are ready at a moment are written behind each other into one file that lies
on the disk already, and one forced write keeps them all (a group commit).  Their own files are
written as well, and left to the system to force when it likes; whatever a power cut takes of them
is written again from here at the next start.

An entry is a line of JSON, and behind it the record and the message as they are, so that a person
can read them:

    {"generation":7,"ident":"018c...","record":412,"body":10230,"crc":1234567}

Rules of this file: what `write` was given is on the disk when it returns; an entry counts only when
all before it are whole and of the generation that the first line of the file names; the file begins
anew, with a new generation, only after all files that it stands for were forced to the disk.
"""

import contextlib
import ctypes
import os
import secrets
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from dnswatch.ownership import settle

SIZE: Final = 32_000_000
"""Bytes of the file: some thousand letters, after which all files are forced to the disk at once.
So much is read at a start."""

INLINE: Final = 1_000_000
"""Bytes of a message that is written here; to write a longer one twice costs more than its own
forced write."""

_STEP: Final = 1_000_000
"""Bytes that the file grows by, written with zeros: to force what lies there already takes a
quarter of the time that a file takes which grows (ext4: no commit of the file system's journal)."""

_FIRST: Final = 64
"""Bytes of the first line."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _First(msgspec.Struct):
    """The first line of the file."""

    generation: int


class _Head(msgspec.Struct):
    """The first line of an entry."""

    generation: int
    ident: str
    record: Annotated[int, msgspec.Meta(ge=0)]
    "Bytes of the record."
    body: Annotated[int, msgspec.Meta(ge=0)] | None
    "Bytes of the message; None where its own file was forced to the disk before."
    crc: int
    "CRC-32 over record and message."


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A new message."""

    ident: str
    record: bytes
    "Its record, whole."
    body: bytes | None
    "The message; None where it is a file of its own that is on the disk."


class SpoolJournal:
    """The journal in one folder, for the one process that holds the claim, a thread at a time.

    Raises `OSError`.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, and read where it ends; make it where there is none."""
        self._folder = path.parent
        self._number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        settle(path)
        self._idents: set[str] = set()
        self._size = os.fstat(self._number).st_size
        self._generation = self._read_generation()
        self._end = _FIRST
        if self._generation is None:
            # By chance: what stands behind a line that a power cut took must not count again.
            self._begin(secrets.randbits(40))
            self._sync_folder(os.fsync)

    def close(self) -> None:
        """Close the file; what it holds is read at the next start."""
        os.close(self._number)

    def entries(self) -> Iterator[JournalEntry]:
        """Read what is in it, once, before anything is written."""
        data = memoryview(os.pread(self._number, self._size, 0))
        while (found := self._entry(data, self._end)) is not None:
            entry, self._end = found
            self._idents.add(entry.ident)
            yield entry

    def __contains__(self, ident: str) -> bool:
        """Say whether the files of a message may not be on the disk but for the journal."""
        return ident in self._idents

    def write(self, entries: Sequence[JournalEntry]) -> None:
        """Force entries to the disk, in one go.

        All files of earlier ones have to be written; they need not be forced.
        """
        pieces = [piece for entry in entries for piece in self._pieces(entry)]
        size = sum(map(len, pieces))
        if self._end + size > SIZE and self._idents:
            self.start_anew()
            pieces = [piece for entry in entries for piece in self._pieces(entry)]
        self._grow(self._end + size)
        _write_all(self._number, b"".join(pieces), self._end)
        os.fdatasync(self._number)
        self._size = max(self._size, self._end + size)
        self._end += size
        self._idents.update(entry.ident for entry in entries)

    def start_anew(self) -> None:
        """Force the files of all that is in it to the disk, and empty it."""
        # One call for thousands of files; each by itself would wait for the disk.
        self._sync_folder(_syncfs)
        assert self._generation is not None
        self._begin(self._generation + 1)

    def _sync_folder(self, sync: Callable[[int], None]) -> None:
        number = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            sync(number)
        finally:
            os.close(number)

    def _begin(self, generation: int) -> None:
        line = msgspec.json.encode(_First(generation)).ljust(_FIRST - 1) + b"\n"
        _write_all(self._number, line, 0)
        os.fsync(self._number)
        self._generation, self._end = generation, _FIRST
        self._size = max(self._size, _FIRST)
        self._idents.clear()

    def _read_generation(self) -> int | None:
        """Read the first line; None where a power cut left none, and so nothing behind it."""
        try:
            return msgspec.json.decode(os.pread(self._number, _FIRST, 0), type=_First).generation
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _pieces(self, entry: JournalEntry) -> tuple[bytes, bytes, bytes, bytes]:
        assert self._generation is not None
        body = entry.body or b""
        head = _Head(
            self._generation,
            entry.ident,
            len(entry.record),
            None if entry.body is None else len(body),
            zlib.crc32(body, zlib.crc32(entry.record)),
        )
        return msgspec.json.encode(head) + b"\n", entry.record, body, b"\n"

    def _entry(self, data: memoryview, at: int) -> tuple[JournalEntry, int] | None:
        """Read the entry at an offset, and where the next one is; None where there is none."""
        line, newline, _ = bytes(data[at : at + 256]).partition(b"\n")
        try:
            head = msgspec.json.decode(line, type=_Head)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        begin = at + len(line) + len(newline)
        middle = begin + head.record
        end = middle + (head.body or 0)
        record, body = bytes(data[begin:middle]), bytes(data[middle:end])
        is_whole = zlib.crc32(body, zlib.crc32(record)) == head.crc
        if (
            head.generation != self._generation
            or not is_whole
            or bytes(data[end : end + 1]) != b"\n"
        ):
            return None
        return JournalEntry(head.ident, record, None if head.body is None else body), end + 1

    def _grow(self, size: int) -> None:
        """Make room in steps, before it is needed; without, the file grows as it is written."""
        if size <= self._size:
            return
        wanted = size + _STEP
        with contextlib.suppress(OSError):  # the disk is nearly full: an entry may have room
            _write_all(self._number, bytes(wanted - self._size), self._size)
            os.fsync(self._number)
            self._size = wanted
            return
        os.ftruncate(self._number, self._size)


def _syncfs(number: int) -> None:
    """Force all that a file system holds to its disk (syncfs(2))."""
    if _libc.syncfs(number):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _write_all(number: int, data: bytes, at: int) -> None:
    """Write all of it: a disk that fills up takes a part."""
    rest = memoryview(data)
    while rest:
        count = os.pwrite(number, rest, at)
        rest, at = rest[count:], at + count
