"""dnstap files: what a resolver tells of its own messages, as Frame Streams (https://dnstap.info).

A resolver tells of both its sides.  The clients' side is what the watch wants; what the resolver
itself asked of others would be counted twice, and is passed over.  Of a side a file may hold only
the responses; they are lookups all the same.
"""

from collections import Counter
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, Final

from dnstap_pb import Dnstap, Message
from google.protobuf.message import DecodeError

from dnswatch.sources.matching import Matcher
from dnswatch.sources.reading import Reading, Readings

SIZE: Final = 1 << 18
"""Bytes read at a time."""

SLACK: Final = 10.0
"""Seconds by which messages may stand in the wrong order: resolvers write by the thread."""

LONGEST: Final = 1 << 17
"""Bytes of a frame that are believed: a message has 64 KiB at most."""

_ESCAPE: Final = bytes(4)
_CONTENT: Final = b"protobuf:dnstap.Dnstap"
_LENGTH: Final = Struct("!I").unpack_from
_TAGS: Final = frozenset(b"\x0a\x12\x1a\x72\x78")
"""What a frame's payload may begin with: the tag of identity, version, extra, message or type."""
_SIDES: Final[dict[int, bool]] = {
    Message.CLIENT_QUERY: False, Message.CLIENT_RESPONSE: True,
    Message.AUTH_QUERY: False, Message.AUTH_RESPONSE: True,
    Message.STUB_QUERY: False, Message.STUB_RESPONSE: True,
    Message.TOOL_QUERY: False, Message.TOOL_RESPONSE: True,
}  # fmt: skip
"""Types of messages with a client: whether it is a response."""


def is_begun(head: bytes) -> bool:
    """Tell whether a file begins with a control frame, as a stream does."""
    return head.startswith(_ESCAPE) and _CONTENT in head[:256]


def readings(file: BinaryIO) -> Readings:
    """Read a file."""
    frames = _Frames()
    matcher = Matcher()
    last, rest = 0.0, b""
    while block := file.read(SIZE):
        data = rest + block
        for frame in frames.whole(data):
            last = max(last, _hear(matcher, frame, frames.census))
        rest = data[frames.passed :]
        matcher.expire(last)
        yield _reading(matcher, frames.census, last - SLACK)
    frames.census["cut_off"] += bool(rest) or not frames.is_ended
    matcher.give_up(last)
    yield _reading(matcher, frames.census, last)


class _Frames:
    """The way through the frames of a stream."""

    def __init__(self) -> None:
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
                at = self._find(data, at)
            elif at + 4 + length > len(data):
                break
            else:
                self.census["frames"] += 1
                yield data[at + 4 : at + 4 + length]
                at += 4 + length
        self.passed = min(at, len(data))

    def _find(self, data: bytes, begin: int) -> int:
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


def _hear(matcher: Matcher, frame: bytes, census: Counter[str]) -> float:
    """Take in one message; return when it was seen."""
    try:
        message = Dnstap.FromString(frame).message
    except DecodeError:
        census["damaged"] += 1
        census["damaged_bytes"] += len(frame)
        return 0.0
    is_response = _SIDES.get(message.type)
    if is_response is None or not message.query_address:
        census["lines_odd"] += 1
        return 0.0
    client, client_port = message.query_address, message.query_port
    server = message.response_address or bytes(len(client))
    ports = client_port.to_bytes(2, "big"), message.response_port.to_bytes(2, "big")
    if is_response:
        at = float(message.response_time_sec + message.response_time_nsec * 1e-9)
        matcher.hear(at, server + client, ports[1] + ports[0], message.response_message)
    else:
        at = float(message.query_time_sec + message.query_time_nsec * 1e-9)
        matcher.hear(at, client + server, ports[0] + ports[1], message.query_message)
    return at


def _reading(matcher: Matcher, census: Counter[str], until: float) -> Reading:
    lookups, matched = matcher.take()
    told = census + matched
    census.clear()
    return Reading(until, lookups, [], [], told)
