"""Pieces: what there is in one chunk of a capture, as one process tells it another."""

import msgspec

from dnswatch.model.observation import Observation
from dnswatch.sources.unmatched import StrayResponse, UnansweredQuery


class Segment(msgspec.Struct, array_like=True):
    """A segment of DNS over TCP."""

    at: float
    addresses: bytes
    ports: bytes
    seq: int
    flags: int
    payload: bytes


class Scrap(msgspec.Struct, array_like=True):
    """A fragment of a packet."""

    at: float
    addresses: bytes
    protocol: int
    packet: bytes
    offset: int
    is_last: bool
    part: bytes


class Part(msgspec.Struct, array_like=True, gc=False):
    """A flow as far as it has been seen."""

    ends: bytes
    "Addresses of source and destination, and their ports where the protocol has any."
    protocol: int
    at: float
    ended: float
    seq: int
    "Sequence number of the SYN it began with; -1 where that was not seen."
    packets: int = 0
    bytes: int = 0
    sent: int = 0
    "Payload from the source, bytes."
    received: int = 0
    flags: int = 0
    "TCP flags that the source sent, joined; `answered` those of the destination."
    answered: int = 0


class Dissected(msgspec.Struct, array_like=True):
    """What one chunk holds."""

    last: float
    "When its last packet was captured; 0 where it holds none."
    lookups: list[Observation]
    queries: list[UnansweredQuery]
    responses: list[StrayResponse]
    segments: list[Segment]
    scraps: list[Scrap]
    flows: list[Part]
    census: dict[str, int]


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Dissected).decode
