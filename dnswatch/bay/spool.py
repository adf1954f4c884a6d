"""The spool: the directory in which messages and their records lie.

    tmp/              what is being received; worth nothing
    new/IDENT         a message, exactly the bytes received (a Maildir's `new`)
    records/IDENT.jsonl   its record
    cur/              empty; mail programs expect it of a Maildir

Rules of this file: what a method has done is on the disk when it returns, files and folders; a
message is in `new` only after its record is in `records`, and leaves it only after its record says
so.  So after a kill at any point each message is there whole, or was never acknowledged.  Several
processes may append to a record; only the one that holds the claim receives and cleans up.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from dnswatch.bay.record import Decided, Envelope, Gone, Line, decode, encode
from dnswatch.bay.state import STATES, Message, State, fold
from dnswatch.errors import SpoolError
from dnswatch.ownership import settle
from dnswatch.store.directory import is_held

_IDENT: Final = re.compile(r"[0-9a-f]{22}")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def ident_of(now: float, chance: bytes) -> str:
    """Name a message: sorts by time to the millisecond; five bytes of chance make it the only one.

    Names that are used again have let administrators of other servers release the wrong message.
    """
    return f"{round(now * 1000):012x}{chance[:5].hex()}"


class Draft:
    """A message that is being received."""

    def __init__(self, path: Path, ident: str) -> None:
        """Begin the file `path`."""
        self.ident = ident
        self.size = 0
        "Bytes so far."
        self._path = path
        self._hash = hashlib.sha256()
        with _sentences(path):
            self._file = path.open("xb", buffering=1 << 16)

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Append to it; raises `SpoolError`."""
        with _sentences(self._path):
            self._file.write(data)
        self.size += len(data)
        self._hash.update(data)

    def drop(self) -> None:
        """Throw it away."""
        with contextlib.suppress(OSError):  # what was not written yet may not fit
            self._file.close()
        with contextlib.suppress(OSError):  # the next start cleans up
            self._path.unlink(missing_ok=True)

    def _finish(self, place: Path) -> None:
        with _sentences(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.rename(place)


class Spool:
    """The messages of a bay."""

    def __init__(self, path: Path) -> None:
        """Use the directory `path`; nothing is made or read yet."""
        self.path = path
        self._tmp, self._new, self._records = path / "tmp", path / "new", path / "records"
        self._lock: int | None = None

    def claim(self) -> None:
        """Be the one process that receives; make the directories, and clean up after a kill."""
        with _sentences(self.path):
            for folder in (self.path, self._tmp, self._new, self.path / "cur", self._records):
                is_new = not folder.exists()
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if is_new:
                    settle(folder)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            settle(self.path / "lock")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise SpoolError(
                    f"another holding bay keeps its mail in '{self.path}': stop it, or give this"
                    " one a directory of its own as bay.spool"
                ) from None
            self._lock = lock
            self._clean()

    def close(self) -> None:
        """Give up the claim."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_claimed(self) -> bool:
        """Say whether a bay runs on it now."""
        return is_held(self.path)

    def draft(self, ident: str) -> Draft:
        """Begin to receive a message."""
        return Draft(self._tmp / ident, ident)

    def put(self, draft: Draft, envelope: Envelope) -> None:
        """Keep a message for good, with its envelope."""
        record = self._record(draft.ident)
        try:
            _write_new(record, encode(envelope))
            _sync(self._records)
            draft._finish(self._new / draft.ident)
            _sync(self._new)
        except SpoolError:
            draft.drop()
            with contextlib.suppress(OSError):
                (self._new / draft.ident).unlink(missing_ok=True)
                record.unlink(missing_ok=True)
            raise

    def append(self, ident: str, *lines: Line) -> None:
        """Write lines to a record; none or all of them take effect, unless the machine dies.

        Nothing is decided on a message that is not there any more: raises `SpoolError`.
        """
        with self._locked(ident) as file:
            if any(isinstance(line, Decided) for line in lines) and not self.body(ident).exists():
                raise SpoolError(f"message {ident} is no longer kept: nothing was done")
            _append(file, lines)

    def lines(self, ident: str) -> list[Line]:
        """Read a record; a last line that was cut off by a kill never took effect."""
        path = self._record(ident)
        with _sentences(path):
            *whole, _ = path.read_bytes().split(b"\n")
        try:
            return [decode(line) for line in whole]
        except msgspec.DecodeError as error:
            raise SpoolError(
                f"the record '{path}' is damaged ({error}): restore it from a backup,"
                " or mend the line by hand"
            ) from None

    def message(self, ident: str) -> Message:
        """Read what became of a message."""
        message = fold(self.lines(ident))
        if message is None:
            raise SpoolError(f"the record '{self._record(ident)}' lacks its envelope")
        return message

    def open(self, ident: str) -> BinaryIO:
        """Open a message to read its bytes."""
        path = self.body(ident)
        with _sentences(path):
            return path.open("rb")

    def body(self, ident: str) -> Path:
        """Return where a message lies, or lay."""
        self._record(ident)
        return self._new / ident

    def idents(self) -> list[str]:
        """Return the names of all messages that have a record, oldest first."""
        with _sentences(self._records):
            if not self._records.is_dir():
                return []
            names = (entry.name.removesuffix(".jsonl") for entry in os.scandir(self._records))
            return sorted(name for name in names if _IDENT.fullmatch(name))

    def has(self, ident: str) -> bool:
        """Say whether anything is known of a message."""
        return self._record(ident).exists()

    def length(self, ident: str) -> int:
        """Return how long a record is, in bytes: it only grows, so that tells what was read."""
        with _sentences(self._records):
            return self._record(ident).stat().st_size

    def lengths(self) -> dict[str, int]:
        """Return the length of every record, by the message's name."""
        found = {}
        for ident in self.idents():
            with contextlib.suppress(SpoolError):  # it was forgotten just now
                found[ident] = self.length(ident)
        return found

    def let_go(self, ident: str, gone: Gone, states: Collection[State] = STATES) -> None:
        """Note why the body of a message is no longer kept, and remove it.

        Does so only while it is in one of `states`: it may have been decided on just now.
        """
        with self._locked(ident) as file:
            message = self.message(ident)
            if message.gone is None and message.state in states:
                _append(file, (gone,))
                self._unlink(self._new / ident)

    def forget(self, ident: str) -> None:
        """Remove a message and its record: nothing is known of it afterwards."""
        self._unlink(self._new / ident)
        self._unlink(self._record(ident))

    def free(self) -> int:
        """Return how many bytes the disk still takes."""
        with _sentences(self.path):
            disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize

    def _clean(self) -> None:
        """Remove what a killed process left: it was never acknowledged, or was let go."""
        for path in self._tmp.iterdir():
            path.unlink()
        bodies = {path.name for path in self._new.iterdir()}
        for ident in self.idents():
            try:
                lines = self.lines(ident)
            except SpoolError:
                continue  # a damaged record is for a person to mend
            gone = any(isinstance(line, Gone) for line in lines)
            if gone and ident in bodies:
                self._unlink(self._new / ident)
            elif len(lines) <= 1 and ident not in bodies:
                self._unlink(self._record(ident))

    @contextlib.contextmanager
    def _locked(self, ident: str) -> Iterator[BinaryIO]:
        """Open a record to write; nobody else writes to it meanwhile."""
        path = self._record(ident)
        with _sentences(path), path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _record(self, ident: str) -> Path:
        if not _IDENT.fullmatch(ident):
            raise SpoolError(f"'{ident}' names no message; `dnswatch bay list` has the names")
        return self._records / f"{ident}.jsonl"

    def _unlink(self, path: Path) -> None:
        with _sentences(path):
            path.unlink(missing_ok=True)
            _sync(path.parent)


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn what the system raises into a `SpoolError` that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise SpoolError(f"there is no '{path}' in the spool: it was removed") from None
    except OSError as error:
        if error.errno in _FULL:
            text = f"the disk of '{path}' is full: make room, and mail is taken again"
            raise SpoolError(text, full=True) from None
        raise SpoolError(
            f"cannot keep or read '{path}': {error.strerror or error}; see to the disk,"
            " and to the rights of its folder"
        ) from None


def _write_new(path: Path, data: bytes) -> None:
    with _sentences(path), path.open("xb", buffering=0) as file:
        _write_all(file, data)
        os.fsync(file.fileno())


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write all of it: an unbuffered file on a disk that fills up takes a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _append(file: BinaryIO, lines: Iterable[Line]) -> None:
    end = _end(file)
    try:
        _write_all(file, b"".join(map(encode, lines)))
        os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(end)
        raise


def _end(file: BinaryIO) -> int:
    """Go to the end of a record's last whole line, and cut off what a kill left behind it."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            end = file.read().rfind(b"\n") + 1
            file.truncate(end)
    return file.seek(end)


def _sync(folder: Path) -> None:
    with _sentences(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
