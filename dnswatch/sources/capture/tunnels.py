"""Tunnels: packets within packets, as mirror ports, clouds and old gateways send them.

IP in IP (RFC 2003, 4213), GRE (RFC 2784) with ERSPAN and PPTP (RFC 2637), EtherIP (RFC 3378), L2TP
(RFC 2661, 3931), MPLS in IP and UDP (RFC 4023, 7510), VXLAN (RFC 7348) on any port, its extension
VXLAN-GPE, Geneve (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380) and TZSP.

Rules of this file: a port is a hint, no more: who asks here goes on with the outer packet where no
IP is found in it.
"""

from collections.abc import Callable
from typing import Final

from dnswatch.sources.capture import link
from dnswatch.sources.capture.ip import UDP

_IP_IN_IP: Final = frozenset((4, 41))
_GRE, _ETHERIP, _L2TP3, _MPLS, _ETHERNET_IN_IP = 47, 97, 115, 137, 143
PROTOCOLS: Final = _IP_IN_IP | {_GRE, _ETHERIP, _L2TP3, _MPLS, _ETHERNET_IN_IP}

_ERSPAN: Final = {b"\x88\xbe": 8, b"\x22\xeb": 12}
"""Protocol to the bytes of the header before the mirrored frame, in its second and third type."""
_PPTP: Final = b"\x88\x0b"
_WCCP: Final = b"\x88\x3e"
_GRE_FIELDS: Final = (0x80, 0x20, 0x10)
"""Flags of checksum, key and sequence number: four bytes each."""
VXLAN: Final = b"\x08\0\0\0"
"""First bytes of VXLAN's header: the flag that a network's number follows, and no other."""
_COOKIES: Final = (4, 8, 12)
"""Bytes of L2TPv3 before a frame: a session's number, and a cookie of none, four or eight."""


def inner(protocol: int, data: bytes, body: int, stop: int) -> int:
    """Find the IP packet within a payload, which is in `data` from `body` to `stop`.

    Below 0 where there is none; raises `IndexError` where a header is cut off.
    """
    if protocol == UDP:
        for port in (data[body + 2 : body + 4], data[body : body + 2]):
            if port in _BY_PORT:
                return _BY_PORT[port](data, body + 8, stop)
        return _vxlan(data, body + 8, stop)
    if protocol == _GRE:
        return _gre(data, body, stop)
    if protocol == _L2TP3:
        return _l2tp3(data, body, stop)
    if protocol == _MPLS:
        return link.behind_labels(data, body, stop)
    if protocol in (_ETHERIP, _ETHERNET_IN_IP):
        return link.ethernet(data, body + (2 if protocol == _ETHERIP else 0), stop)
    return body


def _gre(data: bytes, body: int, stop: int) -> int:
    flags, version, kind = data[body], data[body + 1] & 7, data[body + 2 : body + 4]
    if version == 1 and kind == _PPTP:
        at = body + 8 + (4 if flags & 0x10 else 0) + (4 if data[body + 1] & 0x80 else 0)
        return link.ppp(data, at, stop)
    at = body + 4 + 4 * sum(flags & field != 0 for field in _GRE_FIELDS)
    if kind in _ERSPAN:
        if kind == b"\x22\xeb" and data[at + 11] & 1:  # a header of the platform's
            at += 8
        has_header = flags & 0x10 or kind == b"\x22\xeb"  # the first type has none
        return link.ethernet(data, at + (_ERSPAN[kind] if has_header else 0), stop)
    if kind == _WCCP:
        found = link.raw(data, at, stop)
        return found if found >= 0 else link.raw(data, at + 4, stop)
    return link.behind_type(data, body + 2, at, stop)


def _l2tp3(data: bytes, body: int, stop: int) -> int:
    """Find IP in a frame of L2TPv3; only both ends know how long the cookie is."""
    if data[body : body + 4] == bytes(4):  # its own control messages
        return -1
    for skipped in _COOKIES:
        for finder in (link.ethernet, link.ppp):
            found = finder(data, body + skipped, stop)
            if 0 <= found < stop and link.raw(data, found, stop) >= 0:
                return found
    return -1


def _vxlan(data: bytes, at: int, stop: int) -> int:
    """Find IP in what looks like VXLAN, whatever the port."""
    return link.ethernet(data, at + 8, stop) if data[at : at + 4] == VXLAN else -1


def _vxlan_flagged(data: bytes, at: int, stop: int) -> int:
    """Find IP in VXLAN on its own port, where other flags are those of its extensions."""
    return link.ethernet(data, at + 8, stop)


def _vxlan_gpe(data: bytes, at: int, stop: int) -> int:
    following = data[at + 3]
    if following == 3:
        return link.ethernet(data, at + 8, stop)
    return at + 8 if following in (1, 2) else -1


def _geneve(data: bytes, at: int, stop: int) -> int:
    return link.behind_type(data, at + 2, at + 8 + (data[at] & 0x3F) * 4, stop)


def _gtp_u(data: bytes, at: int, stop: int) -> int:
    """Find IP in a G-PDU of GTPv1-U, behind the headers that extend it."""
    flags = data[at]
    if flags & 0xF0 != 0x30 or data[at + 1] != 0xFF:
        return -1
    at += 8
    if flags & 7:
        following, at = data[at + 3], at + 4
        while following and at < stop:
            size = data[at] * 4 or stop
            following, at = data[at + size - 1], at + size
    return link.raw(data, at, stop)


def _teredo(data: bytes, at: int, stop: int) -> int:
    """Find IPv6 behind authentication and origin."""
    if data[at : at + 2] == b"\0\1":
        at += 13 + data[at + 2] + data[at + 3]
    if data[at : at + 2] == b"\0\0":
        at += 8
    return at if at < stop and data[at] >> 4 == 6 else -1


def _l2tp(data: bytes, at: int, stop: int) -> int:
    """Find IP in a message with data, of version 2 or 3."""
    flags, version = data[at], data[at + 1] & 15
    if flags & 0x80:
        return -1
    if version == 3:
        return _l2tp3(data, at + 4, stop)
    at += 8 if flags & 0x40 else 6
    at += 4 if flags & 0x08 else 0
    if flags & 0x02:
        at += 2 + (data[at] << 8 | data[at + 1])
    return link.ppp(data, at, stop)


def _tzsp(data: bytes, at: int, stop: int) -> int:
    """Find IP in a frame that was heard by a sensor, behind tags that tell of it."""
    version, protocol, at = data[at], data[at + 2] << 8 | data[at + 3], at + 4
    while at < stop and (tag := data[at]) != 1:
        at += 1 if tag == 0 else 2 + data[at + 1]
    finder = _HEARD.get(protocol)
    return finder(data, at + 1, stop) if finder and version == 1 else -1


_HEARD: Final = {
    1: link.ethernet,
    0x12: link.find(105),
    0x77: link.find(119),
    0x7F: link.find(163),
}
_BY_PORT: Final[dict[bytes, Callable[[bytes, int, int], int]]] = {
    port.to_bytes(2, "big"): finder
    for port, finder in (
        (1701, _l2tp),
        (2152, _gtp_u),
        (3544, _teredo),
        (4789, _vxlan_flagged),
        (4790, _vxlan_gpe),
        (6081, _geneve),
        (6635, link.behind_labels),
        (8472, _vxlan_flagged),
        (37008, _tzsp),
    )
}
PORTS: Final = frozenset(_BY_PORT)
"""UDP ports of tunnels."""
