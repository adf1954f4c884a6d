"""IP packets: who sends to whom, by which protocol, and where its header begins.

Rules of this file: a packet is a place in a block of bytes; nothing is copied but addresses.
`IndexError` says that the frame is cut off within a header.
"""

from typing import Final, NamedTuple

TCP: Final = 6
UDP: Final = 17

_EXTENSIONS: Final = frozenset((0, 43, 60, 135, 139, 140))
"""Headers of IPv6 that are lengthened by eights: hop by hop, routing, destination, mobility ..."""
_AUTHENTICATION: Final = 51
_FRAGMENT: Final = 44


class Fragment(NamedTuple):
    """A part of a packet."""

    packet: bytes
    "What all fragments of one packet share: addresses, protocol and identification."
    offset: int
    "Bytes of the packet's payload before this part."
    is_last: bool


class Packet(NamedTuple):
    """An IP packet, as a place in a block of bytes."""

    protocol: int
    addresses: bytes
    "Source and destination."
    payload: tuple[int, int, int]
    "Where it begins and ends, and the packet's length on the IP layer."
    fragment: Fragment | None
    "Of which packet it is a part, if it is one."


def packet(data: bytes, at: int, end: int) -> Packet | None:
    """Read the headers of the packet at `at`; None where it is no IP."""
    version, words = data[at] >> 4, data[at] & 15
    if version == 4:
        return _packet4(data, at, at + words * 4, end)
    return _packet6(data, at, end) if version == 6 else None


def _packet4(data: bytes, at: int, body: int, end: int) -> Packet:
    if not at + 20 <= body <= end:
        raise IndexError
    length = data[at + 2] << 8 | data[at + 3] or end - at  # 0 is the kernel's, for offloading
    addresses, protocol = data[at + 12 : at + 20], data[at + 9]
    field = data[at + 6] << 8 | data[at + 7]
    fragment = None
    if field & 0x3FFF:
        shared = addresses + data[at + 9 : at + 10] + data[at + 4 : at + 6]
        fragment = Fragment(shared, (field & 0x1FFF) * 8, not field & 0x2000)
    return Packet(protocol, addresses, (body, min(at + length, end), length), fragment)


def _packet6(data: bytes, at: int, end: int) -> Packet:
    length = 40 + (data[at + 4] << 8 | data[at + 5])
    if length == 40:
        length = end - at  # a jumbogram, or the kernel's for offloading
    addresses = data[at + 8 : at + 40]
    protocol, body, fragment = data[at + 6], at + 40, None
    while body <= end:
        if protocol in _EXTENSIONS:
            protocol, body = data[body], body + 8 + data[body + 1] * 8
        elif protocol == _AUTHENTICATION:
            protocol, body = data[body], body + 8 + data[body + 1] * 4
        elif protocol == _FRAGMENT:
            field = data[body + 2] << 8 | data[body + 3]
            protocol, ident, body = data[body], data[body + 4 : body + 8], body + 8
            if field & 0xFFF9:  # else it is whole by itself (RFC 6946)
                shared = addresses + bytes((protocol,)) + ident
                fragment = Fragment(shared, field & 0xFFF8, not field & 1)
                break
        else:
            break
    if body > end:
        raise IndexError
    return Packet(protocol, addresses, (body, min(at + length, end), length), fragment)
