"""Messages that wait for their other half: what `matching` holds, and one process gives another."""

import msgspec

from dnswatch.model.observation import Observation


class UnansweredQuery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A query without its response."""

    at: float
    key: bytes
    "Client, its port, ID and name."
    client: bytes
    server: bytes
    qname: bytes
    qtype: int
    recursion: bool


class StrayResponse(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A response without its query."""

    key: bytes
    seen: Observation
