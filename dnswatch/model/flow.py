"""Flows: who spoke to whom, as a vantage point at the site's edge sees it.

The paper counts flows beside lookups: what a host does with an address that DNS gave it tells what
the lookup was for (WORM'04, sections 4 and 5).  A flow is all packets of one connection or
conversation, told as its first packet's sender sees it.

Rules of this file: addresses are packed (4 or 16 bytes), times are Unix seconds.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec


class Outcome(StrEnum):
    """What became of a flow; only TCP says so, by its handshake."""

    SUCCESS = "success"
    "The destination took the connection: its SYN-ACK was seen, or packets both ways."
    FAILURE = "failure"
    "A SYN was answered by a reset, or by nothing."
    UNKNOWN = "unknown"
    "No TCP, or its beginning was not seen."


class Contact(NamedTuple):
    """The beginning of a flow: what a lookup was for is told by it, long before the flow ends."""

    at: float
    "First packet, Unix seconds."
    source: bytes
    "Packed address of who began it."
    destination: bytes
    protocol: int
    port: int | None


class Flow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One flow."""

    at: float
    "First packet, Unix seconds."
    source: bytes
    "Packed address of who began it."
    destination: bytes
    protocol: int
    "IP protocol: 6 is TCP, 17 is UDP, 1 is ICMP."
    port: int | None
    "Destination port; None where the protocol has none."
    outcome: Outcome
    ended: float
    "Last packet, Unix seconds."
    packets: int
    "Both ways, where both are known."
    bytes: int
    "On the IP layer, both ways where both are known."
    payload: int | None
    "Payload that the source sent, bytes; None where that is not known."
