"""The journal: what the watch has read from its lines and not stored yet, where no kill reaches it.

It is a ring of messages in a file in memory that the supervisor keeps open.  A message is written
here before it leaves its line, and stays until the store has all of it; so the next watch finds
what a killed one had read.  Where the store fails for long, the oldest messages make room.  Pages
whose messages went are given back: memory is taken for what waits, not for the whole ring.

Rules of this file: a place is the number of bytes ever written before it, so none comes twice; what
a record is becomes true with one store of eight bytes, after the record is whole.
"""

import os
from collections.abc import Iterator
from mmap import MADV_REMOVE, PAGESIZE, mmap
from secrets import randbits
from struct import Struct
from typing import Final, NamedTuple

SIZE: Final = 8 << 20
"""Bytes: some ten seconds of 5,000 lookups a second."""

_NAME, _FIRST, _END, _COUNT = range(4)
"""What the head says, in eight bytes each."""

_HEAD: Final = 32
_BEFORE: Final = Struct(">IQB")
"""What stands before each sender's name and message: the length of both, the message's number, and
the length of the name."""


def size_of(name: str, message: bytes) -> int:
    """Return how many bytes of a journal a message takes, with all that is kept of it."""
    return _BEFORE.size + len(name) + len(message)


def create(size: int = SIZE) -> int:
    """Make the memory of a journal; return its file descriptor."""
    file = os.memfd_create("dnswatch-journal")
    os.ftruncate(file, _HEAD + size)
    return file


class Record(NamedTuple):
    """A message that is kept."""

    place: int
    name: str
    "Of who sent it."
    message: bytes
    number: int = 0
    "How many came before it."

    @property
    def end(self) -> int:
        """The place of the next message."""
        return self.place + size_of(self.name, self.message)


class Journal:
    """The journal as the one process uses it that reads the lines."""

    def __init__(self, file: int) -> None:
        """Go on with the journal in a file that `create` made."""
        self._mapped = mmap(file, 0)
        memory = memoryview(self._mapped)
        self._head = memory[:_HEAD].cast("Q")
        self._ring = memory[_HEAD:]
        if not self._head[_NAME]:
            self._head[_NAME] = randbits(63) | 1
        self._given_back = 0
        "Up to which place pages were given back."
        self.name = self._head[_NAME]
        "No other journal has it."
        self.last = max(self.records(), default=None)
        "What an earlier watch wrote last: a kill may have left that in its line as well."

    @property
    def end(self) -> int:
        """The place of the next message."""
        return self._head[_END]

    @property
    def first(self) -> int:
        """The place of the first message that is kept."""
        return self._head[_FIRST]

    @property
    def count(self) -> int:
        """How many messages there ever were."""
        return self._head[_COUNT]

    @property
    def kept(self) -> int:
        """How many messages are kept."""
        return self.count - (self._before(self.first)[1] if self.first < self.end else self.count)

    def append(self, name: str, message: bytes) -> int:
        """Write down what somebody sent, over the oldest where there is no room; return its place.

        `name` is at most 255 bytes of ASCII.
        """
        number = self._head[_COUNT]
        before = _BEFORE.pack(len(name) + len(message), number, len(name))
        record = before + name.encode("ascii") + message
        place = self.end
        while place + len(record) - self._head[_FIRST] > len(self._ring):
            self._head[_FIRST] += _BEFORE.size + self._before(self._head[_FIRST])[0]
        start = place % len(self._ring)
        before = record[: len(self._ring) - start]
        after = record[len(before) :]
        self._ring[start : start + len(before)] = before
        self._ring[: len(after)] = after
        self._head[_COUNT] = number + 1
        self._head[_END] = place + len(record)
        return place

    def records(self, place: int = 0) -> Iterator[Record]:
        """Go through the messages that are kept, from a message's place on."""
        place = max(place, self._head[_FIRST])
        while place < self.end:
            length, number, cut = self._before(place)
            record = self._read(place + _BEFORE.size, length)
            yield Record(place, record[:cut].decode("ascii"), record[cut:], number)
            place += _BEFORE.size + length

    def let_go(self, place: int) -> None:
        """Keep nothing from before that place."""
        self._head[_FIRST] = max(self._head[_FIRST], place)
        self._give_back()

    def _give_back(self) -> None:
        """Give the kernel the pages that hold nothing but messages which were let go."""
        size, first = len(self._ring), min(self.first, self.end)
        # What was written a whole ring before the end is written over already.
        place = max(self._given_back, self.end - size)
        while place < first:
            start = _HEAD + place % size
            end = min(start + first - place, _HEAD + size)
            page, last = -(-start // PAGESIZE) * PAGESIZE, end // PAGESIZE * PAGESIZE
            if page < last:
                self._mapped.madvise(MADV_REMOVE, page, last - page)
            place += end - start
        self._given_back = first - (_HEAD + first % size) % PAGESIZE  # the rest of a page later

    def _before(self, place: int) -> tuple[int, int, int]:
        length, number, cut = _BEFORE.unpack(self._read(place, _BEFORE.size))
        return length, number, cut

    def _read(self, place: int, length: int) -> bytes:
        start = place % len(self._ring)
        data = bytes(self._ring[start : start + length])
        return data + bytes(self._ring[: length - len(data)])
