"""Rdata: whether a record's data is what its type demands, for the types with names or a length.

Much software trusts these lengths and names unseen (RFC 9267): what is wrong is handed to nobody.
"""

from typing import Final, NamedTuple

from dnswatch.codes import Type
from dnswatch.errors import WireError
from dnswatch.wire import name


class Layout(NamedTuple):
    """How the data of a type is laid out."""

    before: int
    "Bytes before its names."
    names: int
    after: int
    "Bytes behind its names."


LAYOUTS: Final = {
    Type.A: Layout(4, 0, 0),
    Type.NS: Layout(0, 1, 0),
    Type.CNAME: Layout(0, 1, 0),
    Type.SOA: Layout(0, 2, 20),
    Type.PTR: Layout(0, 1, 0),
    14: Layout(0, 2, 0),  # MINFO
    Type.MX: Layout(2, 1, 0),
    17: Layout(0, 2, 0),  # RP
    18: Layout(2, 1, 0),  # AFSDB
    Type.AAAA: Layout(16, 0, 0),
    33: Layout(6, 1, 0),  # SRV
    36: Layout(2, 1, 0),  # KX
    Type.DNAME: Layout(0, 1, 0),
}
"""Types of class IN that dnswatch or resolvers of its clients read, among them all that may be
compressed and are still in use (RFC 1035 section 3.3, RFC 3597 section 4)."""


def check(message: bytes, rtype: int, at: int, end: int) -> None:
    """Raise `WireError` where the data from `at` to `end` is not what its type demands."""
    layout = LAYOUTS.get(rtype)
    if layout is None:
        return
    place = at + layout.before
    for _ in range(layout.names):
        _, place = name.take(message, place)
    if place + layout.after != end:
        raise WireError(f"a record's data is not {layout.before + layout.after} bytes and names")


def expanded(message: bytes, rtype: int, at: int, end: int) -> bytes:
    """Return the data with its names uncompressed and in lower case; `check` has passed it."""
    layout = LAYOUTS.get(rtype)
    if layout is None or not layout.names:
        return message[at:end]
    parts = [message[at : at + layout.before]]
    for _ in range(layout.names):
        whole, at = name.take(message, at + (layout.before if len(parts) == 1 else 0))
        parts.append(whole)
    return b"".join([*parts, message[at:end]])
