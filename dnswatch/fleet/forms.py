"""Forms: what nodes write into the engine, and how it is read again.

Up: a node's stream `seen:NODE:BOOT` has its journal's messages as entries, one field each, the
sender's name and the message.  An entry's ID is `END-NUMBER`: the place where the next message
begins in the journal, and how many messages came before.  So it is told from an entry where it
begins, whether one is missing before it, and how many; and the engine refuses a second copy.

Down: the stream `told` has briefings and notices, with IDs `FENCE-N`; `told:whole` is all that was
told so far, for who begins or has missed something.
"""

from typing import Final, NamedTuple, TypeVar

import msgspec

from dnswatch.fleet.engine import Entry
from dnswatch.model.vantage import VantagePoint
from dnswatch.watchdog.journal import Record, size_of

STREAMS: Final = "streams"
"""The set of the nodes' streams, `NODE:BOOT`."""

TOLD: Final = "told"
WHOLE: Final = "whole"
"""With `TOLD` before it."""

SEEN: Final = "seen"

COUNTERS: Final = ".counters"
"""Sender of a relay's own counters, in a batch."""

POINTS: Final = ".points"
"""Sender of `Points`."""

BRIEFING: Final = "briefing"
NOTICE: Final = "notice"

_FIRST: Final = "first"
_GREATEST: Final = (1 << 64) - 1

T = TypeVar("T")


class StreamName(NamedTuple):
    """Whose stream, and of which of its lives."""

    node: str
    boot: int

    @property
    def text(self) -> str:
        """As it stands in the engine."""
        return f"{self.node}:{self.boot:x}"

    @classmethod
    def read(cls, text: str) -> "StreamName":
        """Read it; raises `ValueError`."""
        node, _, boot = text.partition(":")
        return cls(node, int(boot, 16))


class Piece(NamedTuple):
    """A journal's message, as it came by the engine."""

    place: int
    end: int
    number: int
    name: str
    "Who sent it, at its node."
    message: bytes
    is_first: bool
    "The node has nothing any more that came before it."


class Points(msgspec.Struct, frozen=True, array_like=True):
    """How those vantage points of a node do that said anything, came or went."""

    points: dict[str, VantagePoint]


class RelayNotice(msgspec.Struct, frozen=True, array_like=True):
    """What a leader tells the nodes' relays themselves."""

    needed: dict[str, int] = {}
    "Stream to the place in its journal before which nothing is needed any more."
    again: tuple[str, ...] = ()
    "Streams in which something is missing: their nodes send them again."
    workers: int = 1
    "Workers of the whole site."


class Whole(msgspec.Struct, frozen=True, array_like=True):
    """All that was told up to an entry of `told`."""

    until: tuple[int, int]
    briefings: tuple[bytes, ...]
    notice: RelayNotice


_encoder: Final = msgspec.msgpack.Encoder()


def encode(thing: Points | RelayNotice | Whole) -> bytes:
    """Write one of these."""
    return _encoder.encode(thing)


def decode(message: bytes, form: type[T]) -> T:
    """Read one of these; raises `ValueError`."""
    return msgspec.msgpack.decode(message, type=form)


def entry_of(record: Record, *, is_first: bool) -> tuple[str, dict[str, bytes]]:
    """Write a journal's message as an entry's ID and fields."""
    fields = {record.name: record.message}
    if is_first:
        fields[_FIRST] = b""
    return f"{record.end}-{record.number}", fields


def piece_of(entry: Entry) -> Piece:
    """Read it again; raises `ValueError` for what no relay wrote."""
    end, number = entry.numbers
    name, message = next(iter(entry.fields.items()))
    place = end - size_of(name, message)
    return Piece(place, end, number, name, message, _FIRST in entry.fields)


def after(place: int) -> str:
    """Return the ID after which the messages come that begin at a place or later."""
    return f"{place}-{_GREATEST}"


class Continuity:
    """Whether a stream's messages follow one another."""

    def __init__(self, place: int, count: int) -> None:
        """Expect the message at a place; `count` came before it."""
        self.place = place
        self._count = count

    def follows(self, piece: Piece) -> bool:
        """Say whether a message may be taken: none is missing before it that could still come."""
        return piece.place == self.place or piece.is_first

    def take(self, piece: Piece) -> int:
        """Take it; return how many before it are lost."""
        lost = max(0, piece.number - self._count)
        self.place, self._count = piece.end, max(self._count, piece.number + 1)
        return lost
