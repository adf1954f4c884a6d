"""pcapng files: blocks that say their length at both ends (draft-ietf-opsawg-pcapng).

A file is one or more sections, each with its own order of bytes and its own interfaces.  Where the
two lengths of a block differ, the next block is looked for from which on blocks follow each other.
"""

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, Final

from dnswatch.sources.capture.chunk import LONGEST, SIZE, Chunk, Interface
from dnswatch.sources.capture.frames import FrameWalk

MAGIC: Final = b"\x0a\x0d\x0d\x0a"
"""Type of a section header block: the same in both orders, and what a file begins with."""

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_OLD: Final = 2
_SIMPLE: Final = 3
_PACKET: Final = 6
_PACKETS: Final = frozenset((_OLD, _SIMPLE, _PACKET))
_KNOWN: Final = _PACKETS | {_SECTION, _INTERFACE, 4, 5, 10, 0x0BAD, 0x40000BAD}
_LEAST: Final = 12
"""Bytes of the shortest block."""
_LONGEST: Final = 16 << 20
"""Bytes of a block that are believed: those with a list of names may be long."""
_FRAME: Final = LONGEST + 4096
"""Bytes of a packet's block, with its options."""
_CHAIN: Final = 3
"""Blocks in a row that tell a beginning from chance."""
_HEADS: Final = {order: Struct(f"{order}II").unpack_from for order in "<>"}
_TAILS: Final = {order: Struct(f"{order}I").unpack_from for order in "<>"}
_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_TSRESOL, _TSOFFSET = 9, 14


def chunks(file: BinaryIO, path: str = "", size: int = SIZE) -> Iterator[Chunk]:
    """Cut a file into chunks of about `size` bytes, each with the interfaces of its packets.

    With a path, their data is left there.
    """
    walk = _Walk()
    rest, read = b"", 0
    while block := file.read(size):
        read += len(block)
        data = rest + block
        for order, interfaces, begin, end, places, skipped in walk.blocks(data):
            part, at = b"" if path else data[begin:end], read - len(data) + begin
            place = at, path, end - begin
            yield Chunk("pcapng", order, interfaces, part, read, places, skipped, False, *place)
        rest = data[walk.passed :]
    if walk.is_lost:
        yield Chunk("pcapng", "<", (), b"", read, 1, walk.skipped + len(rest))
    elif rest:
        yield Chunk("pcapng", "<", (), b"", read, is_cut_off=True)


class BlockWalk(FrameWalk):
    """The frames of a chunk, all of whose blocks hold packets."""

    def __init__(self, chunk: Chunk) -> None:
        """Begin before the first one."""
        super().__init__(chunk.data)
        self._order = chunk.order
        self._interfaces = chunk.interfaces
        self._packet = Struct(f"{chunk.order}IIIIII").unpack_from
        self._simple = Struct(f"{chunk.order}III").unpack_from

    def next(self) -> bool:
        """Go to the next frame; False behind the last one."""
        data, at = self.data, self.place
        if at >= len(data):
            return False
        kind: int
        total: int
        length: int
        kind, total, length = self._simple(data, at)
        self.place = at + total
        self.at, self.link = 0.0, -1
        if kind == _SIMPLE:
            begin = at + 12
            if self._interfaces:
                self.link = self._interfaces[0].link
        else:
            begin = at + 28
            number: int
            high: int
            low: int
            _, _, number, high, low, length = self._packet(data, at)
            if kind == _OLD:  # its number has two bytes; a count of drops follows
                number = number & 0xFFFF if self._order == "<" else number >> 16
            if number < len(self._interfaces):
                interface = self._interfaces[number]
                self.link = interface.link
                self.at = (high << 32 | low) * interface.unit + interface.offset
        self.begin = begin
        self.end = max(begin, min(begin + length, at + total - 4))
        return True


Run = tuple[str, tuple[Interface, ...], int, int, int, int]
"""Order, interfaces, where whole blocks of packets begin and end, and damaged places and bytes
skipped before them."""


class _Walk:
    """The way through the blocks of a file."""

    def __init__(self) -> None:
        self._order = "<"
        self._interfaces: list[Interface] = []
        self._places = self._bytes = 0
        "Damage that no run has told of yet."
        self.passed = 0
        "Bytes of the last piece that were dealt with."
        self.is_lost = False
        "Where the next block begins is not known."
        self.skipped = 0
        "Bytes that were skipped so far because of that."

    def blocks(self, data: bytes) -> Iterator[Run]:
        """Yield runs of packets that were captured on the same interfaces."""
        at = begin = 0
        while True:
            if self.is_lost:
                at = begin = self._find(data, at)
                if self.is_lost:
                    break
            kind, total = self._block(data, at)
            if total == 0:
                break
            if total < 0:
                self.is_lost = True
                yield from self._run(begin, at)
            elif kind in _PACKETS:
                at += total
            else:
                yield from self._run(begin, at)
                self._learn(kind, data[at : at + total])
                at = begin = at + total
        yield from self._run(begin, at)
        self.passed = at

    def _run(self, begin: int, end: int) -> Iterator[Run]:
        if begin < end or self._places:
            yield self._order, tuple(self._interfaces), begin, end, self._places, self._bytes
            self._places = self._bytes = 0

    def _block(self, data: bytes, at: int) -> tuple[int, int]:
        """Return a block's type and length: 0 where more must be read, -1 where it is damaged."""
        order = self._order
        if data[at : at + 4] == MAGIC and at + _LEAST <= len(data):
            order = _ORDERS.get(data[at + 8 : at + 12], "")
            if not order:
                return 0, -1
        head, tail = _HEADS[order], _TAILS[order]
        if at + _LEAST > len(data):
            return 0, 0
        kind, total = head(data, at)
        if total % 4 or not _LEAST <= total <= _LONGEST:
            return kind, -1
        if kind in _PACKETS and not (_LEAST if kind == _SIMPLE else 32) <= total <= _FRAME:
            return kind, -1
        if at + total > len(data):
            return kind, 0
        return kind, total if tail(data, at + total - 4)[0] == total else -1

    def _learn(self, kind: int, block: bytes) -> None:
        """Take in what a block says that holds no packet."""
        if kind == _SECTION:
            self._order = _ORDERS[block[8:12]]
            self._interfaces = []
        elif kind == _INTERFACE:
            self._interfaces.append(_interface(block, self._order))

    def _find(self, data: bytes, begin: int) -> int:
        """Look for the next block; of what has none, the last bytes are kept for the next look."""
        stop = max(begin, len(data) - _LEAST + 1)
        for at in range(begin, stop):
            if self._begins(data, at):
                self.is_lost = False
                self._places += 1
                self._bytes += self.skipped + at - begin
                self.skipped = 0
                return at
        self.skipped += stop - begin
        return stop

    def _begins(self, data: bytes, at: int) -> bool:
        """Tell whether blocks of known types begin at a place."""
        for n in range(_CHAIN):
            kind, total = self._block(data, at)
            if total < 0 or (total and kind not in _KNOWN):
                return False
            if total == 0:
                return n > 0 or kind in _PACKETS
            at += total
        return True


def _interface(block: bytes, order: str) -> Interface:
    """Read an interface description block: link type, and what its clock counts in."""
    if len(block) < 20:
        return Interface(-1, 1e-6)
    [link] = Struct(f"{order}H").unpack_from(block, 8)
    unit, offset, at = 1e-6, 0.0, 16
    option = Struct(f"{order}HH").unpack_from
    while at + 8 <= len(block):
        code, length = option(block, at)
        if code == 0:
            break
        value = block[at + 4 : at + 4 + length]
        if code == _TSRESOL and value:
            unit = 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]
        elif code == _TSOFFSET and length == 8:
            offset = float(Struct(f"{order}q").unpack(value)[0])
        at += 4 + (length + 3) // 4 * 4
    return Interface(link, unit, offset)
