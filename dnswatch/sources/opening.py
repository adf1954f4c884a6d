"""Opening: files, compressed or not, and the standard input, as streams of what is in them."""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import zstandard

from dnswatch.errors import SourceError

STDIN: Final = "-"

HEAD: Final = 1 << 16
"""Bytes by which a format is recognised."""

LONGEST_LINE: Final = 1 << 20
"""Bytes of a line that are held: a row of Zeek or nfdump has some hundred."""

_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


class Opened(NamedTuple):
    """A file that is being read."""

    name: str
    stream: "io.BufferedReader[Any]"
    "What is in it, unpacked."
    position: Callable[[], int]
    "Bytes of the file itself that were read so far."
    size: int
    "Bytes of the file itself; 0 where that is not known."
    trouble: list[str]
    "Why unpacking ended before the end: `damaged` or `cut_off`; empty while all is well."

    path: str = ""
    "Where any process can read the same bytes; empty where they are unpacked, or come by a pipe."

    def head(self) -> bytes:
        """Return the first bytes of what is in it, without reading them."""
        return self.stream.peek(HEAD)[:HEAD]


def open_file(name: str) -> Opened:
    """Open a file by its name, or the standard input by `-`."""
    try:
        file = sys.stdin.buffer if name == STDIN else Path(name).open("rb")  # noqa: SIM115
        size = 0 if name == STDIN else Path(name).stat().st_size
    except OSError as error:
        raise SourceError(f"cannot read '{name}': {error.strerror or error}") from None
    counted = _Counted(file)
    packed = io.BufferedReader(counted, HEAD)
    try:
        magic = packed.peek(4)[:4]
    except OSError as error:
        raise SourceError(f"cannot read '{name}': {error.strerror or error}") from None
    trouble: list[str] = []
    stream: io.BufferedReader[Any] = packed
    if magic.startswith(_GZIP):
        unpacked = gzip.GzipFile(fileobj=packed, mode="rb")
        stream = io.BufferedReader(_Unpacked(unpacked, trouble), HEAD)
    elif magic == _ZSTD:
        reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        stream = io.BufferedReader(_Unpacked(reader, trouble), HEAD)
    is_plain = stream is packed and not magic.startswith(codecs.BOM_UTF8)
    path = name if is_plain and name != STDIN and Path(name).is_file() else ""
    return Opened(name, _unmarked(stream, trouble), counted.position, size, trouble, path)


def lines(stream: "io.BufferedReader[Any]") -> Iterator[bytes]:
    """Give the lines of a text; one that is too long comes in pieces, which then make no sense."""
    return iter(partial(stream.readline, LONGEST_LINE), b"")


def _unmarked(stream: "io.BufferedReader[Any]", trouble: list[str]) -> "io.BufferedReader[Any]":
    """Pass over a byte-order mark; what one says is UTF-16 (of Windows) is read as UTF-8."""
    mark = stream.peek(3)[:3]
    if mark == codecs.BOM_UTF8:
        stream.read(3)
    elif encoding := _UTF_16.get(mark[:2]):
        stream.read(2)
        return io.BufferedReader(_Unpacked(_Recoded(stream, encoding), trouble), HEAD)
    return stream


class _Counted(io.RawIOBase):
    """A file that says how much of it was read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = cast(io.BufferedReader, self._file).readinto(buffer)
        self._position += count
        return count

    def position(self) -> int:
        return self._position

    def close(self) -> None:
        if not self.closed and self._file is not sys.stdin.buffer:
            self._file.close()
        super().close()


class _Recoded:
    """A text in UTF-16, as one in UTF-8."""

    def __init__(self, stream: "io.BufferedReader[Any]", encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._rest = b""

    def read1(self, size: int) -> bytes:
        while len(self._rest) < size and (block := self._stream.read1(size)):
            self._rest += self._decoder.decode(block).encode("utf-8", "replace")
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


class _Unpacked(io.RawIOBase):
    """What is in a compressed file; where it is broken it ends, and the trouble is noted."""

    def __init__(self, file: Any, trouble: list[str]) -> None:
        self._file = file
        self._trouble = trouble

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._trouble:
            return 0
        try:
            part = self._file.read1(len(buffer))
        except EOFError:
            self._trouble.append("cut_off")
            return 0
        except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError):
            self._trouble.append("damaged")
            return 0
        buffer[: len(part)] = part
        return len(part)
