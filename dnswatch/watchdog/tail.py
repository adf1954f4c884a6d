"""Tail: the last lookups of the site, in memory alone, and the socket at which their owner reads.

A ring, where `records.tail` wants one: nothing of it is written, and it ends with the process.  Who
stands in no record does not stand here; who has a pseudonym has it here too.  Answers from a
worker's packet cache come as counts, since their names are kept nowhere.

A reader asks for what came after a number and gets one message, so that a slow one holds up nobody.
The socket is the owner's of the state directory, and the kernel says who connects (`SO_PEERCRED`).
"""

import contextlib
import logging
import os
import selectors
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from dnswatch.errors import StoreError
from dnswatch.model.observation import Fate, Observation, Origin, Tally
from dnswatch.ownership import settle
from dnswatch.wire.name import to_text

MOST: Final = 10_000
"""Lookups of the ring; about 5 MB."""

PAGE: Final = 500
"""Lookups of one message, unless they are longer than `LONGEST` together."""

LONGEST: Final = 100_000
"""Bytes of a message, unless one lookup has more: the kernel takes twice that."""

RECORDS: Final = 20
"""Addresses, and exchanges, that are told of one lookup."""

READERS: Final = 8
"""Connections at a time."""

FILE: Final = "tail.sock"

_ROOM: Final = 1 << 20
_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group of a peer."""

logger: Final = logging.getLogger("dnswatch.watchdog")


class TailedLookup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lookup as it is read, or several of one kind that a packet cache answered."""

    at: float
    "Unix seconds."
    client: str
    "Its address, or its pseudonym."
    type: int
    rcode: int
    origin: str
    "An `Origin` in lower case; `challenged` or `limited` where no answer was given."
    name: str | None = None
    "None where only the count is known."
    addresses: list[str] = []
    exchanges: list[str] = []
    policy: str | None = None
    decided: str | None = None
    dry_run: bool = False
    count: int = 1


class TailPage(msgspec.Struct, frozen=True):
    """What came after the number that was asked for."""

    ring: str
    "Names the ring: another one begins to count anew."
    last: int
    "Number of the last lookup of this page, or of all where it is empty."
    missed: int
    "Lookups that went out of the ring before they could be read."
    lookups: list[TailedLookup]


class _Noted(NamedTuple):
    number: int
    seen: Observation | Tally
    at: float


class LookupRing:
    """The ring, and its door; both only where they are wanted."""

    def __init__(self, state: Path, key_of: Callable[[bytes], str]) -> None:
        """Keep nothing yet; `key_of` gives a client's key, none where it is out of reach."""
        self._path = state / FILE
        self._key_of = key_of
        self._ring: deque[_Noted] | None = None
        self._name = ""
        self._number = 0
        self._door: socket.socket | None = None
        self._readers: set[socket.socket] = set()
        self._selector: selectors.BaseSelector | None = None

    def open(self, selector: selectors.BaseSelector) -> None:
        """Let readers in from now on, where there is a ring."""
        self._selector = selector
        if self._ring is not None:
            self._listen(selector)

    def configure(self, *, is_wanted: bool) -> None:
        """Begin a ring, or forget all of it."""
        if is_wanted == (self._ring is not None):
            return
        self._ring = deque(maxlen=MOST) if is_wanted else None
        self._name, self._number = os.urandom(8).hex(), 0
        if self._selector is not None:
            if is_wanted:
                self._listen(self._selector)
            else:
                self.close()

    @property
    def is_wanted(self) -> bool:
        """Whether there is a ring."""
        return self._ring is not None

    def note(self, seen: Observation) -> None:
        """Take a lookup in; one of nobody who stands in records is passed over."""
        if self._ring is not None and seen.client is not None:
            self._number += 1
            self._ring.append(_Noted(self._number, seen, seen.at))

    def count(self, tally: Tally, at: float) -> None:
        """Take in how often a client got one kind of answer, up to a moment."""
        if self._ring is not None and tally.client is not None:
            self._number += 1
            self._ring.append(_Noted(self._number, tally, at))

    def page(self, after: int, most: int = PAGE) -> TailPage:
        """Return what came after a number; below 0 it counts from the end."""
        ring = self._ring if self._ring is not None else deque[_Noted]()
        first = ring[0].number if ring else self._number + 1
        if after < 0:
            after = max(self._number + after, first - 1)
        begin = max(after + 1, first)
        noted = list(islice(ring, begin - first, begin - first + most))
        last = noted[-1].number if noted else self._number
        told = [lookup for one in noted if (lookup := self._told(one)) is not None]
        return TailPage(self._name, last, max(0, begin - after - 1), told)

    def close(self) -> None:
        """Let nobody in any more."""
        for sock in [*self._readers, *([self._door] if self._door else [])]:
            self._drop(sock)
        if self._door is not None:
            self._door = None
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _listen(self, selector: selectors.BaseSelector) -> None:
        try:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()  # of a watch that was killed
            door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            os.fchmod(door.fileno(), 0o600)  # the file gets the socket's rights
            with _short(self._path) as path:
                door.bind(path)
            settle(self._path)
            door.listen(READERS)
        except OSError as error:
            logger.error("nobody can read the last lookups at '%s': %s", self._path, error.strerror)
            return
        door.setblocking(False)
        self._door = door
        selector.register(door, selectors.EVENT_READ, self._let_in)

    def _let_in(self) -> None:
        with contextlib.suppress(OSError):  # it is gone already, or too many files are open
            assert self._door is not None
            reader, _ = self._door.accept()
            reader.setblocking(False)
            _, user, _ = _CREDENTIALS.unpack(
                reader.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            if user not in (0, os.geteuid()) or len(self._readers) >= READERS:
                reader.close()
                return
            self._readers.add(reader)
            if self._selector is not None:
                self._selector.register(reader, selectors.EVENT_READ, partial(self._answer, reader))

    def _answer(self, reader: socket.socket) -> None:
        """Answer a question: a number in eight bytes."""
        try:
            asked = reader.recv(8)
            if len(asked) == 8:
                reader.send(self._page(int.from_bytes(asked, "big", signed=True)))
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # it has gone, or reads nothing of what it asked for
        self._drop(reader)

    def _page(self, after: int) -> bytes:
        most = PAGE
        while len(message := msgspec.json.encode(self.page(after, most))) > LONGEST and most > 1:
            most //= 4
        return message

    def _drop(self, sock: socket.socket) -> None:
        self._readers.discard(sock)
        if self._selector is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(sock)
        sock.close()

    def _told(self, noted: _Noted) -> TailedLookup | None:
        """Write a lookup down for a reader; None while its client has no name that may be told."""
        seen = noted.seen
        assert seen.client is not None
        key = self._key_of(seen.client)
        if not key:
            return None
        if isinstance(seen, Tally):
            fate = "cache" if seen.fate is Fate.ANSWERED else seen.fate.name.lower()
            return TailedLookup(noted.at, key, seen.qtype, seen.rcode, fate, count=seen.count)
        enforced = seen.enforced
        return TailedLookup(
            noted.at,
            key,
            seen.qtype,
            seen.rcode,
            Origin(seen.origin).name.lower(),
            to_text(seen.qname),
            [str(ip_address(address)) for address, _ in seen.addresses[:RECORDS]],
            [to_text(exchange) for exchange in seen.exchanges[:RECORDS]],
            enforced.policy if enforced else None,
            enforced.decided.value if enforced else None,
            enforced.dry_run if enforced else False,
        )


class TailReader:
    """Reads the ring of the watch that runs on a state directory."""

    def __init__(self, state: Path) -> None:
        """Connect; raises `StoreError` where nobody keeps a ring there, or it is another's."""
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with _short(state / FILE) as path:
                self._sock.connect(path)
        except OSError as error:
            self._sock.close()
            raise StoreError(
                f"there are no last lookups to read in '{state}' ({error.strerror}): set"
                " records.tail = true and reload, and read them as the owner of that directory;"
                " in a fleet, on the node that leads"
            ) from None

    def page(self, after: int) -> TailPage:
        """Return what came after a number; below 0 it counts from the end."""
        try:
            self._sock.send(after.to_bytes(8, "big", signed=True))
            message = self._sock.recv(_ROOM)
        except OSError as error:
            raise StoreError(f"the last lookups are out of reach: {error.strerror}") from None
        if not message:
            raise StoreError("the last lookups are out of reach: the watch has ended, or is begun")
        return msgspec.json.decode(message, type=TailPage)

    def __enter__(self) -> Self:
        """Begin a `with`."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Hang up."""
        self._sock.close()


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Name a socket by its open directory: an address has 107 bytes, a path may have more."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
