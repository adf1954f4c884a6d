"""Lessons: what is known of a mail-related name, in the forms in which it is kept and told.

They stand apart from `exchanges`, which is compiled: a compiled `msgspec.Struct` is spoilt.
"""

from enum import StrEnum

import msgspec


class LookupKind(StrEnum):
    """In which way a lookup is mail-related."""

    MX = "mx"
    EXCHANGE = "exchange"
    IMPLICIT = "implicit-mx"
    GUESS = "guess"


class Lessons(msgspec.Struct, frozen=True, array_like=True):
    """Names that may be mail-related, for those who did not see the MX answers themselves."""

    exchanges: list[tuple[bytes, float, bytes]] = []
    "Name (lower-case wire form) of an exchange, until when it counts as one, and its mail domain."
    domains: list[tuple[bytes, float]] = []
    "Domain that was asked for MX, and until when its address may be an implicit MX."


class KnownExchange(msgspec.Struct, gc=False):
    """A mail host that an MX answer named."""

    expiry: float
    "Until when it counts as one, Unix seconds."
    domain: bytes
    "The domain whose MX answer named it last; one that no policy may touch stays."
