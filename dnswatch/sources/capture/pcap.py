"""pcap files: a header, then records, as libpcap writes them (draft-ietf-opsawg-pcap).

Nothing but a record's length says where the next one begins.  So where a length is impossible, the
next place is looked for from which on records follow each other.  A fraction of a second that makes
a second or more is a writer's slip, and carried over.
"""

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, Final

from dnswatch.sources.capture.chunk import LONGEST, SIZE, Chunk, Interface
from dnswatch.sources.capture.frames import FrameWalk

MAGIC: Final[dict[bytes, tuple[str, int]]] = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
"""First bytes of a file, to the order of its numbers and the ticks of a second."""

_HEADER: Final = 24
_HEAD: Final = 16
"""Bytes before a record's frame."""
_CHAIN: Final = 3
"""Records in a row that tell a beginning from chance."""
_LEAP: Final = 31 * 86_400
"""Seconds that a record may lie from the one before, to be believed after damage."""


def chunks(file: BinaryIO, path: str = "", size: int = SIZE) -> Iterator[Chunk]:
    """Cut a file into chunks of about `size` bytes; with a path, their data is left there."""
    header = file.read(_HEADER)
    order, ticks = MAGIC[header[:4]]
    if len(header) < _HEADER:
        yield Chunk("pcap", order, (), b"", len(header), is_cut_off=True)
        return
    link = (
        Struct(f"{order}I").unpack_from(header, 20)[0] & 0xFFFF
    )  # above it: if there are checksums
    interfaces = (Interface(link, 1 / ticks),)
    walk = _Walk(order, ticks)
    rest, read = b"", _HEADER
    is_more = True
    while is_more:
        block = file.read(size)
        is_more = bool(block)
        read += len(block)
        data = rest + block
        for begin, end, places, skipped in walk.records(data, is_last=not is_more):
            part, at = b"" if path else data[begin:end], read - len(data) + begin
            place = at, path, end - begin
            yield Chunk("pcap", order, interfaces, part, read, places, skipped, False, *place)
        rest = data[walk.passed :]
    if walk.is_lost:
        yield Chunk("pcap", order, interfaces, b"", read, 1, walk.skipped + len(rest))
    elif rest:
        yield Chunk("pcap", order, interfaces, b"", read, is_cut_off=True)


class RecordWalk(FrameWalk):
    """The frames of a chunk of whole records."""

    def __init__(self, chunk: Chunk) -> None:
        """Begin before the first one."""
        super().__init__(chunk.data)
        self._is_little = chunk.order == "<"
        self._unit = 0.0
        if chunk.interfaces:  # there are none where the file's header is cut off
            self.link, self._unit, _ = chunk.interfaces[0]

    def next(self) -> bool:
        """Go to the next frame; False behind the last one."""
        data, place, is_little = self.data, self.place, self._is_little
        if place >= len(data):
            return False
        fraction = _number(data, place + 4, is_little)
        self.at = _number(data, place, is_little) + fraction * self._unit
        self.begin = place + _HEAD
        self.end = self.place = self.begin + _number(data, place + 8, is_little)
        return True


def _number(data: bytes, at: int, is_little: bool) -> int:
    """Read 32 bits: compiled, `Struct` would take twice as long, with an object for each result."""
    if is_little:
        return data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


class _Walk:
    """The way through the records of a file, block by block."""

    def __init__(self, order: str, ticks: int) -> None:
        self._record = Struct(f"{order}IIII").unpack_from
        self._is_little = order == "<"
        self._ticks = ticks
        self._second: int | None = None
        "When the last record before the damage was captured."
        self.passed = 0
        "Bytes of the last block that were dealt with."
        self.is_lost = False
        "Where the next record begins is not known."
        self.skipped = 0
        "Bytes that were skipped so far because of that."

    def records(self, data: bytes, *, is_last: bool) -> Iterator[tuple[int, int, int, int]]:
        """Yield where runs of whole records begin and end, and damaged places and bytes before.

        What is not dealt with, from `passed` on, must come again with more behind it.
        """
        self.passed = 0
        is_more = True
        while is_more:
            places, skipped = 0, 0
            if self.is_lost:
                if not self._find(data, is_last):
                    return
                places, skipped, self.skipped = 1, self.skipped, 0
            begin = self.passed
            self._pass(data)
            if self.passed > begin:
                yield begin, self.passed, places, skipped
            is_more = self.is_lost

    def _pass(self, data: bytes) -> None:
        """Pass whole records; each pays this loop, so it does no more than it must."""
        at, is_little = self.passed, self._is_little
        last, end = at, len(data)
        while at + _HEAD <= end:
            captured = _number(data, at + 8, is_little)
            if captured > LONGEST:
                self.is_lost = True
                break
            following = at + _HEAD + captured
            if following > end:
                break
            last, at = at, following
        if at > self.passed:
            self._second = self._record(data, last)[0]
        self.passed = at

    def _find(self, data: bytes, is_last: bool) -> bool:
        """Look for the next record; where that takes more than is there, look again later."""
        begin = self.passed
        at = begin
        while at + _HEAD <= len(data):
            found = self._begins(data, at)
            self.is_lost = not found
            if found or (found is None and not is_last):
                break
            at += 1
        self.passed = at
        self.skipped += at - begin
        return not self.is_lost

    def _begins(self, data: bytes, at: int) -> bool | None:
        """Tell whether a chain of records begins at a place; None where more must be seen."""
        for _ in range(_CHAIN):
            if at + _HEAD > len(data):
                return at == len(data) or None
            second, fraction, captured, length = self._record(data, at)
            if fraction >= self._ticks or not 0 < captured <= min(length, LONGEST):
                return False
            if self._second is not None and abs(second - self._second) > _LEAP:
                return False
            at += _HEAD + captured
        return True
