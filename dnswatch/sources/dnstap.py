"""dnstap files: what a resolver tells of its own messages, as Frame Streams (https://dnstap.info).

A resolver tells of both its sides.  The clients' side is what the watch wants; what the resolver
itself asked of others would be counted twice, and is passed over.  Of a side a file may hold only
the responses; they are lookups all the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from operator import attrgetter
from struct import Struct
from typing import BinaryIO, Final, NamedTuple

from dnstap_pb import Dnstap, Message
from google.protobuf.message import DecodeError

from dnswatch.sources.matching import Matcher
from dnswatch.sources.moments import believed, is_possible
from dnswatch.sources.reading import Reading, Readings

SIZE: Final = 1 << 18
"""Bytes read at a time."""

SLACK: Final = 10.0
"""Seconds by which messages may stand in the wrong order: resolvers write by the thread."""

LONGEST: Final = 1 << 17
"""Bytes of a frame that are believed: a message has 64 KiB at most."""

UNTIMED: Final = 1_000
"""Messages without a time that are held until one has one."""

_LAST_PORT: Final = 0xFFFF
_ESCAPE: Final = bytes(4)
CONTENT: Final = b"protobuf:dnstap.Dnstap"
"""The content type of a stream."""
_LENGTH: Final = Struct("!I").unpack_from
_TAGS: Final = frozenset(b"\x0a\x12\x1a\x72\x78")
"""What a frame's payload may begin with: the tag of identity, version, extra, message or type."""
_SIDES: Final[dict[int, bool]] = {
    Message.CLIENT_QUERY: False,
    Message.CLIENT_RESPONSE: True,
    Message.AUTH_QUERY: False,
    Message.AUTH_RESPONSE: True,
    Message.STUB_QUERY: False,
    Message.STUB_RESPONSE: True,
    Message.TOOL_QUERY: False,
    Message.TOOL_RESPONSE: True,
}
"""Types of messages with a client: whether it is a response."""


def is_begun(head: bytes) -> bool:
    """Tell whether a file begins with a control frame, as a stream does."""
    return head.startswith(_ESCAPE) and CONTENT in head[:256]


def readings(file: BinaryIO) -> Readings:
    """Read a file."""
    frames = Frames()
    hearing = Hearing(frames.census)
    rest = b""
    while block := file.read(SIZE):
        data = rest + block
        hearing.take(frames.whole(data))
        rest = data[frames.passed :]
        yield hearing.reading(hearing.last - SLACK)
    frames.census["cut_off"] += bool(rest) or not frames.is_ended
    yield hearing.finish()


class Frames:
    """The way through the frames of a stream."""

    def __init__(self) -> None:
        """Begin at the first."""
        self.census: Counter[str] = Counter()
        self.passed = 0
        "Bytes of the last block that were dealt with."
        self.is_ended = False
        "The stream said that it ends."

    def whole(self, data: bytes) -> Iterator[bytes]:
        """Yield the frames that hold messages."""
        at = 0
        while at + 8 <= len(data):
            [length] = _LENGTH(data, at)
            if length == 0:
                [control] = _LENGTH(data, at + 4)
                if at + 8 + control > len(data) and control <= LONGEST:
                    break
                self.is_ended = data[at + 8 : at + 12] == b"\0\0\0\3"
                at += 8 + control
            elif length > LONGEST or data[at + 4] not in _TAGS:
                at = self.find(data, at)
            elif at + 4 + length > len(data):
                break
            else:
                self.census["frames"] += 1
                yield data[at + 4 : at + 4 + length]
                at += 4 + length
        self.passed = min(at, len(data))

    def find(self, data: bytes, begin: int) -> int:
        """Return where the next frame begins that can be read, or the end of what is there."""
        self.census["damaged"] += 1
        at = begin + 1
        while at + 8 <= len(data):
            [length] = _LENGTH(data, at)
            end = at + 4 + length
            if 8 < length <= LONGEST and end <= len(data) and data[at + 4] in _TAGS:
                try:
                    Dnstap.FromString(data[at + 4 : end])
                except DecodeError:
                    pass
                else:
                    break
            at += 1
        self.census["damaged_bytes"] += at - begin
        return at


class TappedMessage(NamedTuple):
    """A message of a client, or to one."""

    at: float
    "Unix seconds; 0 where it does not say, since times are optional."
    addresses: bytes
    ports: bytes
    wire: bytes


class Hearing:
    """What was heard so far."""

    def __init__(self, census: Counter[str]) -> None:
        """Begin with nothing; what there is to count goes into `census`."""
        self.last = 0.0
        self.matcher = Matcher()
        self._census = census
        self._waiting: list[TappedMessage] = []
        "Messages without a time that stand before any with one."

    def take(self, frames: Iterable[bytes]) -> None:
        """Take frames; a message without a time is of the time of those before it."""
        messages = [message for frame in frames if (message := self.message(frame))]
        timed = (message for message in messages if message.at)
        told = set(believed(timed, attrgetter("at"), self.last, self._astray))
        for message in messages:
            if message.at and message not in told:
                continue
            self.last = max(self.last, message.at)
            self._census["untimed"] += not message.at
            self._waiting.append(message)
            if self.last:
                for one in self._waiting:
                    self.matcher.hear(one.at or self.last, one.addresses, one.ports, one.wire)
                self._waiting.clear()
        del self._waiting[UNTIMED:]
        self.matcher.expire(self.last)

    def reading(self, until: float) -> Reading:
        """Hand over what came of it."""
        lookups, matched = self.matcher.take()
        told = self._census + matched
        self._census.clear()
        return Reading(until, lookups, [], [], told)

    def finish(self) -> Reading:
        """Give up what waits; where no message has a time, none can be told of."""
        self.matcher.give_up(self.last)
        return self.reading(self.last)

    def message(self, frame: bytes) -> TappedMessage | None:
        """Read a frame; None where it is damaged, or of no client."""
        try:
            message = Dnstap.FromString(frame).message
        except DecodeError:
            self._damaged(frame)
            return None
        is_response = _SIDES.get(message.type)
        client, server = message.query_address, message.response_address
        if is_response is None or not client:
            self._census["lines_odd"] += 1
            return None
        asked = message.query_time_sec + message.query_time_nsec * 1e-9
        answered = message.response_time_sec + message.response_time_nsec * 1e-9
        at = float((answered or asked) if is_response else (asked or answered))
        ports = message.query_port, message.response_port
        is_odd = len(client) not in (4, 16) or max(ports) > _LAST_PORT
        if is_odd or (at and not is_possible(at)):
            self._damaged(frame)
            return None
        if len(server) != len(client):  # it is not told
            server = bytes(len(client))
        sent, taken = (port.to_bytes(2, "big") for port in ports)
        if is_response:
            return TappedMessage(at, server + client, taken + sent, message.response_message)
        return TappedMessage(at, client + server, sent + taken, message.query_message)

    def _damaged(self, frame: bytes) -> None:
        self._census["damaged"] += 1
        self._census["damaged_bytes"] += len(frame)

    def _astray(self, _: TappedMessage) -> None:
        self._census["damaged"] += 1
