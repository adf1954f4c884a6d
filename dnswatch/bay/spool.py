"""The spool: the directory in which messages and their records lie.

    tmp/              what is being received and is long; worth nothing
    new/IDENT         a message, exactly the bytes received (a Maildir's `new`)
    records/IDENT.jsonl   its record
    journal           new messages again, all in one file that is forced to the disk
    cur/              empty; mail programs expect it of a Maildir

Rules of this file: what a method has done is on the disk when it returns, files and folders, but
for `put`: a message is there to be seen and decided on, and is on the disk with the first lines
that are appended to its record.  It is in `new` only after its record is in `records`, and leaves
it only after its record says so.  So after a kill or a power cut at any point each message is there
whole, or was never acknowledged.  Several processes may append to a record; only the one that holds
the claim receives and cleans up.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from dnswatch.bay.journal import INLINE, JournalEntry, SpoolJournal
from dnswatch.bay.record import (
    Answered,
    Decision,
    Envelope,
    Gone,
    Line,
    counted,
    decode,
    encode,
)
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


_PIECE: Final = 1 << 16
"""Bytes of a message that are written at a time."""


class Draft:
    """A message that is being received."""

    def __init__(self, path: Path, ident: str) -> None:
        """Begin; `path` is where it lies until it is whole."""
        self.ident = ident
        self.size = 0
        "Bytes so far."
        self._path = path
        self._hash = hashlib.sha256()
        self._pending = bytearray()
        self._number: int | None = None
        "Its file, once there is more than is kept in memory."

    @property
    def whole(self) -> bytes | None:
        """All that was written so far; None where that is more than is kept in memory."""
        return bytes(self._pending) if self._number is None else None

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Append to it; raises `SpoolError`."""
        self._pending += data
        self.size += len(data)
        self._hash.update(data)
        if len(self._pending) >= _PIECE:
            self._flush()

    def drop(self) -> None:
        """Throw it away, if it has not become a message."""
        if self._number is not None:
            self._close(self._number)
            with contextlib.suppress(OSError):  # the next start cleans up
                self._path.unlink(missing_ok=True)

    def _finish(self, place: Path) -> bytes | None:
        """Move it to its place; return what it holds, None where that is much."""
        with _sentences(place):
            if self._number is None:
                whole = bytes(self._pending)
                _write_new(place, whole)
                return whole
            self._flush()
            self._path.rename(place)
            self._close(self._number)
            return None

    def _flush(self) -> None:
        with _sentences(self._path):
            if self._number is None:
                self._number = _create(self._path)
            _write_all(self._number, self._pending)
        self._pending.clear()

    def _close(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.close(number)
        self._number = None


class News(NamedTuple):
    """What is to be written of a message."""

    ident: str
    lines: Sequence[Line]
    "For its record."
    added: bytes
    "The same, encoded."
    body: bytes | None = None
    "The whole of a message that has no files yet: its lines begin with the envelope."


def news_of(ident: str, *lines: Line, body: bytes | None = None) -> News:
    """Gather what is to be written of a message."""
    return News(ident, lines, b"".join(map(encode, lines)), body)


@dataclass(frozen=True, slots=True)
class _New:
    """A new message on its way to the disk."""

    number: int
    "Which one of those that are written together."
    file: BinaryIO | None
    "Its record, locked; None where there is none yet."
    before: bytes
    "What stands there."
    entry: JournalEntry


class Spool:
    """The messages of a bay."""

    def __init__(self, path: Path) -> None:
        """Use the directory `path`; nothing is made or read yet."""
        self.path = path
        self._tmp, self._new, self._records = path / "tmp", path / "new", path / "records"
        self._lock: int | None = None
        self._journal: SpoolJournal | None = None
        self._fresh: dict[str, bytes | None] = {}
        "Messages that were put, and are not forced to the disk yet; None for those that are long."
        self._counts: Counter[str] = Counter()
        self._turn = threading.Lock()
        "Kept while the journal is written to: all that it stands for is in the files then."

    def claim(self) -> None:
        """Be the one process that receives; make the directories, and clean up after a kill."""
        with _sentences(self.path):
            for folder in (self.path, self._tmp, self._new, self.path / "cur", self._records):
                is_new = not folder.exists()
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if is_new:
                    settle(folder)
                    _sync(folder.parent)
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
            self._journal = SpoolJournal(self.path / "journal")
            self._restore(self._journal)
            self._clean()

    def close(self) -> None:
        """Give up the claim."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
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
        """Show a message that was received, with its envelope; see the rules of this file."""
        record = self._record(draft.ident)
        try:
            with _sentences(record):
                _write_new(record, encode(envelope))
            body = draft._finish(self._new / draft.ident)
        except SpoolError:
            draft.drop()
            _remove(record, self.body(draft.ident))
            raise
        self._fresh[draft.ident] = body

    def append(self, ident: str, *lines: Line) -> None:
        """Write lines to a record; none or all of them take effect, unless the machine dies.

        Nothing is decided on a message that is not there any more: raises `SpoolError`.
        """
        (error,) = self.append_all([news_of(ident, *lines)])
        if error is not None:
            raise error

    def append_all(self, news: Sequence[News]) -> list[SpoolError | None]:
        """Do so with many messages; all that are new are forced to the disk in one go.

        Returns for each what went wrong with it.
        """
        errors: list[SpoolError | None] = [None] * len(news)
        new: list[_New] = []
        with contextlib.ExitStack() as opened, self._turn:
            for number, one in enumerate(news):
                try:
                    if one.body is not None:
                        entry = JournalEntry(one.ident, one.added, one.body)
                        new.append(_New(number, None, b"", entry))
                    elif one.ident in self._fresh:
                        file = opened.enter_context(self._locked(one.ident))
                        new.append(self._read_new(one, file, number))
                    else:
                        self._append_to(one)
                except SpoolError as error:
                    errors[number] = error
            self._keep(new, errors)
            for one, failure in zip(news, errors, strict=True):
                if failure is None:
                    self._counts.update(counted(one.lines))
        return errors

    def take_counts(self) -> Counter[str]:
        """Take what this process has written since it was taken, counted by name (`counted`)."""
        with self._turn:
            taken, self._counts = self._counts, Counter()
        return taken

    def _append_to(self, news: News) -> None:
        with self._locked(news.ident) as file:
            self._check(news)
            self._force(news.ident, file, news.added)

    def _check(self, news: News) -> None:
        decides = any(isinstance(line, Decision) for line in news.lines)
        if decides and not self.body(news.ident).exists():
            raise SpoolError(f"message {news.ident} is no longer kept: nothing was done")

    def _force(self, ident: str, file: BinaryIO, added: bytes) -> None:
        _end(file)
        _write_behind(file, added, force=True)
        if self._journal is None or ident in self._journal:
            _sync(self._records)  # that the record is there may stand in the journal alone

    def lines(self, ident: str) -> list[Line]:
        """Read a record; a last line that was cut off by a kill never took effect."""
        path = self._record(ident)
        with _sentences(path):
            *whole, _ = path.read_bytes().split(b"\n")
        try:
            return [decode(line) for line in whole]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
                self._force(ident, file, encode(gone))
                self._unlink(self._new / ident)

    def forget(self, ident: str) -> None:
        """Remove a message and its record: nothing is known of it afterwards."""
        with self._turn, _sentences(self.path):
            if self._journal is not None and ident in self._journal:
                self._journal.start_anew()  # it would come back from there
        self._unlink(self._new / ident)
        self._unlink(self._record(ident))
        self._fresh.pop(ident, None)

    def free(self) -> int:
        """Return how many bytes the disk still takes."""
        with _sentences(self.path):
            disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize

    def _read_new(self, news: News, file: BinaryIO, number: int) -> "_New":
        """Read a new message and its record as they will be."""
        self._check(news)
        ident, added = news.ident, news.added
        end = _end(file)
        file.seek(0)
        before = file.read(end)
        if (whole := self._fresh[ident]) is not None:
            return _New(number, file, before, JournalEntry(ident, before + added, whole))
        body = self.body(ident)
        with _sentences(body), body.open("rb", buffering=0) as message:
            if os.fstat(message.fileno()).st_size > INLINE:
                os.fsync(message.fileno())
                _sync(self._new)
                return _New(number, file, before, JournalEntry(ident, before + added, None))
            return _New(number, file, before, JournalEntry(ident, before + added, message.read()))

    def _keep(self, new: Sequence["_New"], errors: list[SpoolError | None]) -> None:
        """Write new messages to the journal, and then what was added to their records."""
        if not new:
            return
        if self._journal is None:
            raise SpoolError("only the bay that holds the spool takes in messages")
        try:
            with _sentences(self.path / "journal"):
                self._journal.write([one.entry for one in new])
        except SpoolError as error:
            for one in new:
                errors[one.number] = error
            return
        for one in new:
            try:
                if one.file is None:
                    self._write_files(one.entry)
                    continue
                with _sentences(self._record(one.entry.ident)):
                    _write_behind(one.file, one.entry.record[len(one.before) :])
            except SpoolError as error:
                errors[one.number] = error
                # The last entry of a message counts, and one of nothing makes no files; where not
                # even that can be written, the message may be taken for acknowledged at the next
                # start: kept twice, never lost.
                before = replace(
                    one.entry, record=one.before, body=one.entry.body if one.before else None
                )
                with contextlib.suppress(SpoolError), _sentences(self.path / "journal"):
                    self._journal.write([before])
            else:
                del self._fresh[one.entry.ident]

    def _write_files(self, entry: JournalEntry) -> None:
        """Write the files of a new message, or none of them."""
        record, body = self._record(entry.ident), self._new / entry.ident
        try:
            with _sentences(record):
                _write_new(record, entry.record)
                _write_new(body, entry.body or b"")
        except SpoolError:
            _remove(record, body)
            raise

    def _restore(self, journal: SpoolJournal) -> None:
        """Write what a power cut took of new messages' files, from the journal."""
        for entry in {entry.ident: entry for entry in journal.entries()}.values():
            record, body = self._record(entry.ident), self._new / entry.ident
            if not _content(record).startswith(entry.record):
                record.unlink(missing_ok=True)
                _write_new(record, entry.record)
            if entry.body is None or _content(body) == entry.body:
                continue
            if not any(isinstance(line, Gone) for line in self.lines(entry.ident)):
                body.unlink(missing_ok=True)
                _write_new(body, entry.body)

    def _clean(self) -> None:
        """Remove what was never acknowledged, or was let go, and that a kill left."""
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
            elif not gone and not self._is_kept(ident, lines, ident in bodies):
                self.forget(ident)

    def _is_kept(self, ident: str, lines: Sequence[Line], has_body: bool) -> bool:
        """Say whether a message may have been acknowledged, or is whole all the same.

        Of one that was on its way in when the power was cut any part may be missing.
        """
        assert self._journal is not None
        if not lines or (len(lines) == 1 and not has_body):
            return False
        is_answered = any(isinstance(line, Answered) for line in lines)
        envelope = lines[0]
        if is_answered or ident in self._journal or not isinstance(envelope, Envelope):
            return True
        if not has_body:
            return True
        body = self.body(ident)
        with _sentences(body), body.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == envelope.sha256

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


def _remove(*paths: Path) -> None:
    """Remove files as far as that can be done."""
    with contextlib.suppress(OSError):
        for path in paths:
            path.unlink(missing_ok=True)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write_new(path: Path, data: bytes) -> None:
    number = _create(path)
    try:
        _write_all(number, data)
    finally:
        os.close(number)


def _write_all(number: int, data: bytes | bytearray) -> None:
    """Write all of it: a disk that fills up takes a part."""
    with memoryview(data) as rest:
        written = 0
        while written < len(rest):
            written += os.write(number, rest[written:])


def _write_behind(file: BinaryIO, data: bytes, *, force: bool = False) -> None:
    """Write behind a record's last whole line, where the file stands; all or nothing."""
    end = file.tell()
    try:
        _write_all(file.fileno(), data)
        if force:
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(end)
        raise


def _content(path: Path) -> bytes:
    """Read a file, empty where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


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
