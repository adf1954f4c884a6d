"""Observations: what a vantage point saw, the one thing that all of the watch is fed with.

An ordinary lookup that the answer cache satisfied is only counted (`Tally`); everything else goes
out on its own (`Observation`): each upstream lookup, and each lookup that may be mail-related,
cached or not.

Rules of this file: addresses are packed (4 or 16 bytes), names are in wire form in lower case and
uncompressed, times are Unix seconds; nothing here is turned into text.
"""

from enum import IntEnum, StrEnum

import msgspec


class Origin(IntEnum):
    """Where an answer came from."""

    UPSTREAM = 0
    "An upstream was asked for this lookup: the site cache learns from it."
    CACHE = 1
    "The worker's answer cache had it, or it joined another client's lookup that was in flight."
    STALE = 2
    "An expired answer, since no upstream answered in time (RFC 8767)."
    LOCAL = 3
    "Local names, or a refusal that dnswatch made itself."
    FAILED = 4
    "No upstream gave a usable answer."
    LATE = 5
    "An upstream answered when its clients had been given a stale answer: nobody's lookup."


class Decided(StrEnum):
    """What a policy decided on an answer."""

    HELD = "held"
    REFUSED = "refused"
    REWRITTEN = "rewritten"


class Enforced(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a policy did to the answer of one lookup."""

    policy: str
    "Its name."
    decided: Decided
    dry_run: bool = False
    "It would have done so; nothing was done."


class Observation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One lookup: a client's query with its response."""

    at: float
    "When the response left, Unix seconds."
    client: bytes | None
    "Packed source address; None where the client is left out of the records."
    qname: bytes
    "Lower-case wire form."
    qtype: int
    rcode: int
    "Extended rcode, 0 to 4095; `UNANSWERED` where who listened in saw no response."
    origin: Origin
    addresses: tuple[tuple[bytes, int], ...] = ()
    "Packed address and TTL (seconds) of each A and AAAA record of the answer section."
    exchanges: tuple[bytes, ...] = ()
    "Exchanges of the answer's MX records (wire form, lower case); the root name is a null MX."
    ttl: int = 0
    "Smallest TTL of those MX records, seconds."
    redirected: bool = False
    "The lookup was on its way to another resolver and was redirected to us."
    recursion: bool = True
    "The RD bit of the query."
    enforced: Enforced | None = None
    "What a policy did; `addresses` and `exchanges` are those that the upstream gave."
    server: bytes | None = None
    "Packed address of the resolver that was asked; None where that was dnswatch, or is not known."
    proven: bool = True
    "Nobody else can have sent it in the client's name; recordings cannot tell, and are believed."


class Fate(IntEnum):
    """What became of queries that are only counted."""

    ANSWERED = 0
    CHALLENGED = 1
    "Told to come by TCP, since the client is suspect and its address was not proven."
    LIMITED = 2
    "Told to come by TCP, or not answered, since it asked too often."


class Tally(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How often a client got one kind of ordinary answer from the answer cache."""

    client: bytes | None
    qtype: int
    rcode: int
    addresses: int
    "A and AAAA records in one such answer."
    redirected: bool
    count: int
    fate: Fate = Fate.ANSWERED
