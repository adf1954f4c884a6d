"""Pieces: what there is in one chunk of a capture, as one process tells it another."""

import msgspec

from dnswatch.model.observation import Observation
from dnswatch.sources.unmatched import StrayResponse, UnansweredQuery


class Segment(msgspec.Struct, array_like=True, gc=False):
    """A segment of DNS over TCP."""

    at: float
    addresses: bytes
    ports: bytes
    seq: int
    flags: int
    payload: bytes


class Scrap(msgspec.Struct, array_like=True, gc=False):
    """A fragment of a packet."""

    at: float
    addresses: bytes
    protocol: int
    packet: bytes
    offset: int
    is_last: bool
    part: bytes


PartRow = tuple[bytes, int, float, float, int, tuple[int, int, int, int, int, int]]
"""A `flows.Part`: its attributes in their order, those that are counted apart."""


class Dissected(msgspec.Struct, array_like=True):
    """What one chunk holds."""

    last: float
    "When its last packet was captured; 0 where it holds none."
    lookups: list[Observation]
    queries: list[UnansweredQuery]
    responses: list[StrayResponse]
    segments: list[Segment]
    scraps: list[Scrap]
    flows: list[PartRow]
    census: dict[str, int]


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Dissected).decode
