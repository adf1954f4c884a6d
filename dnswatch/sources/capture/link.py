"""The link layer: where in a frame the IP packet begins, by the capture's link type.

Numbers are those of https://www.tcpdump.org/linktypes.html.
"""

from collections.abc import Callable
from typing import Final

Find = Callable[[bytes, int, int], int]
"""Takes a block, where a frame begins and ends in it; gives where its IP packet begins, or -1."""

_IP: Final = frozenset((b"\x08\x00", b"\x86\xdd"))
_VLAN: Final = frozenset((b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00"))
"""Tags of 802.1Q, 802.1ad (QinQ) and what came before it."""
_MPLS: Final = b"\x88\x47"
_PPPOE: Final = b"\x88\x64"
_PPP_IP: Final = frozenset((b"\x00\x21", b"\x00\x57"))


def ethernet(data: bytes, at: int, end: int) -> int:
    """Find IP in an Ethernet frame, behind any number of VLAN tags."""
    at += 12
    kind = data[at : at + 2]
    if kind == b"\x08\x00":
        return at + 2
    while kind in _VLAN and at < end:
        at += 4
        kind = data[at : at + 2]
    if kind == _MPLS:
        return _behind_labels(data, at + 2, end)
    if kind == _PPPOE and data[at + 8 : at + 10] in _PPP_IP:
        return at + 10
    return at + 2 if kind in _IP else -1


def _behind_labels(data: bytes, at: int, end: int) -> int:
    """Find IP behind MPLS labels, the last of which says that it is the last."""
    while at + 4 < end:
        at += 4
        if data[at - 2] & 1:
            return _raw(data, at, end)
    return -1


def _raw(data: bytes, at: int, end: int) -> int:
    return at if at < end and data[at] >> 4 in (4, 6) else -1


def _null(data: bytes, at: int, _: int) -> int:
    """Find IP behind the four bytes of BSD's loopback, which are in either order."""
    family = data[at] | data[at + 3]
    return at + 4 if family in (2, 24, 28, 30) else -1


def _cooked(data: bytes, at: int, end: int) -> int:
    """Find IP behind Linux's cooked header (SLL)."""
    return _behind_type(data, at + 14, at + 16, end)


def _cooked2(data: bytes, at: int, end: int) -> int:
    """Find IP behind Linux's second cooked header (SLL2), which begins with the protocol."""
    return _behind_type(data, at, at + 20, end)


def _behind_type(data: bytes, type_at: int, at: int, end: int) -> int:
    """Find IP at `at`, or behind the VLAN tags there, whose first bytes are at `type_at`."""
    kind = data[type_at : type_at + 2]
    while kind in _VLAN and at < end:
        kind = data[at + 2 : at + 4]
        at += 4
    return at if kind in _IP else -1


def _ppp(data: bytes, at: int, _: int) -> int:
    """Find IP behind PPP's header, with or without its address and control bytes."""
    if data[at : at + 2] == b"\xff\x03":
        at += 2
    return at + 2 if data[at : at + 2] in _PPP_IP else -1


FINDERS: Final[dict[int, Find]] = {
    0: _null, 1: ethernet, 9: _ppp, 12: _raw, 14: _raw, 101: _raw, 108: _null, 113: _cooked,
    228: _raw, 229: _raw, 276: _cooked2,
}  # fmt: skip
"""By link type."""


def unknown(*_: object) -> int:
    """Find nothing: the link type is none that is known here."""
    return -1
