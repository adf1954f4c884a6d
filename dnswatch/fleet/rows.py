"""Rows: versions of the store as entries of a stream, cut into pieces and put together again.

Pure.  The stream's IDs are `FENCE-NUMBER`, the positions of store/replica: a version of three
pieces after `7-40` is `7-41` to `7-43`, and its own position is that of its last piece.  The first
piece names what it follows (`after`) and the form of the tables (`form`), the last one says so
(`last`).  A version that breaks off, since its leader did, is followed by another first piece.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from dnswatch.store.replica import Position, TablePart

PIECE: Final = 256 << 10
"""Bytes of a piece before it is packed; a row that is larger by itself is a piece by itself."""


class ShippedVersion(msgspec.Struct, frozen=True):
    """A version that is complete."""

    after: Position
    position: Position
    form: str
    pieces: list[bytes]

    def parts(self) -> list[TablePart]:
        """Unpack what changed."""
        return [part for piece in self.pieces for part in unpacked(piece)]


class VersionAssembly:
    """Pieces on their way to a version."""

    def __init__(self) -> None:
        """Begin with none."""
        self._after: Position | None = None
        self._form = ""
        self._pieces: list[bytes] = []

    def add(self, at: Position, fields: Mapping[str, bytes]) -> ShippedVersion | None:
        """Take the next entry of the stream; return the version that is complete with it."""
        if "after" in fields:
            fence, _, number = fields["after"].decode().partition("-")
            self._after, self._form = Position(int(fence), int(number)), fields["form"].decode()
            self._pieces = []
        if self._after is None:  # its beginning was let go, or lost by the engine
            return None
        self._pieces.append(fields["rows"])
        if "last" not in fields:
            return None
        version = ShippedVersion(self._after, at, self._form, self._pieces)
        self._after = None
        return version


def entries(
    after: Position, fence: int, number: int, form: str, parts: Iterable[TablePart]
) -> list[tuple[Position, dict[str, bytes]]]:
    """Cut a version into entries, the first one with the number after `number`."""
    pieces = list(packed(parts)) or [_pack([])]
    found: list[tuple[Position, dict[str, bytes]]] = [
        (Position(fence, number + place), {"rows": piece}) for place, piece in enumerate(pieces, 1)
    ]
    found[0][1].update(after=str(after).encode(), form=form.encode())
    found[-1][1]["last"] = b"1"
    return found


def packed(parts: Iterable[TablePart], most: int = PIECE) -> Iterator[bytes]:
    """Pack what changed into pieces of about `most` bytes."""
    piece: list[TablePart] = []
    size = 0
    for table, gone, rows in parts:
        for is_gone, lines in ((True, gone), (False, rows)):
            for line in lines:
                length = len(_ENCODER.encode(line))
                if piece and size + length > most:
                    yield _pack(piece)
                    piece, size = [], 0
                if not piece or piece[-1].table != table:
                    piece.append(TablePart(table, [], []))
                (piece[-1].gone if is_gone else piece[-1].rows).append(line)
                size += length
    if piece:
        yield _pack(piece)


def unpacked(piece: bytes) -> list[TablePart]:
    """Unpack a piece."""
    return _DECODER.decode(zlib.decompress(piece))


class CopiedPiece(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a copy."""

    number: int
    "From 0 on."
    position: Position
    "What the copy is of."
    form: str
    "Of the tables."
    piece: bytes
    "Empty in the last one."


def copied(number: int, position: Position, form: str, piece: bytes) -> bytes:
    """Write a piece of a copy."""
    return _ENCODER.encode(CopiedPiece(number, position, form, piece))


def read_copied(data: bytes) -> CopiedPiece:
    """Read a piece of a copy."""
    return msgspec.msgpack.decode(data, type=CopiedPiece)


def _pack(piece: list[TablePart]) -> bytes:
    return zlib.compress(_ENCODER.encode(piece), 1)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[TablePart])
