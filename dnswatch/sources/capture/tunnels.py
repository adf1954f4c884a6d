"""Tunnels: packets within packets, as mirror ports, clouds and old gateways send them.

IP in IP (RFC 2003, 4213), GRE (RFC 2784) with ERSPAN, VXLAN (RFC 7348), its extension VXLAN-GPE and
Geneve (RFC 8926).
"""

from typing import Final

from dnswatch.sources.capture.ip import UDP
from dnswatch.sources.capture.link import ethernet

_IP_IN_IP: Final = frozenset((4, 41))
_GRE: Final = 47
_VXLAN, _VXLAN_GPE, _GENEVE = b"\x12\xb5", b"\x12\xb6", b"\x17\xc1"
PORTS: Final = frozenset((_VXLAN, _VXLAN_GPE, _GENEVE))
"""UDP ports of tunnels: 4789, 4790, 6081."""
PROTOCOLS: Final = _IP_IN_IP | {_GRE}

_ETHERNET: Final = b"\x65\x58"
_IP: Final = frozenset((b"\x08\x00", b"\x86\xdd"))
_ERSPAN: Final = {b"\x88\xbe": 8, b"\x22\xeb": 12}
"""Protocol to the bytes of the header before the mirrored frame, in its second and third type."""
_GRE_FIELDS: Final = (0x80, 0x20, 0x10)
"""Flags of checksum, key and sequence number: four bytes each."""


def inner(protocol: int, data: bytes, body: int, stop: int) -> int:
    """Find the IP packet within a payload, which is in `data` from `body` to `stop`; or say -1."""
    if protocol in _IP_IN_IP:
        return body
    if protocol == _GRE:
        return _in_gre(data, body, stop)
    if protocol == UDP:
        source, destination = data[body : body + 2], data[body + 2 : body + 4]
        return _in_udp(data, body + 8, stop, destination if destination in PORTS else source)
    return -1


def _in_gre(data: bytes, body: int, stop: int) -> int:
    flags, kind = data[body], data[body + 2 : body + 4]
    at = body + 4 + 4 * sum(flags & field != 0 for field in _GRE_FIELDS)
    if kind in _IP:
        return at
    if kind in _ERSPAN:
        has_header = flags & 0x10 or kind == b"\x22\xeb"  # the first type has none
        return ethernet(data, at + (_ERSPAN[kind] if has_header else 0), stop)
    return ethernet(data, at, stop) if kind == _ETHERNET else -1


def _in_udp(data: bytes, body: int, stop: int, port: bytes) -> int:
    if body + 8 > stop:
        return -1
    at = body + 8
    if port == _VXLAN:
        return ethernet(data, at, stop)
    if port == _VXLAN_GPE:
        following = data[body + 3]
        return at if following in (1, 2) else ethernet(data, at, stop) if following == 3 else -1
    at += (data[body] & 0x3F) * 4
    kind = data[body + 2 : body + 4]
    return at if kind in _IP else ethernet(data, at, stop) if kind == _ETHERNET else -1
