"""Opening: files, compressed or not, and the standard input, as streams of what is in them."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import zstandard

from dnswatch.errors import SourceError

STDIN: Final = "-"

HEAD: Final = 1 << 16
"""Bytes by which a format is recognised."""

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
    return Opened(name, stream, counted.position, size, trouble)


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
