"""Link layers and tunnels, wrapped around IP packets by hand, each as its document has it."""

import struct
from collections.abc import Callable
from typing import Final

from tests.sources.packets import ethernet, ip, udp

Wrap = Callable[[bytes], bytes]

MACS: Final = bytes.fromhex("02000000000a02000000000b")
EVEN_MACS: Final = bytes.fromhex("00163e00000a00163e00000b")
"""Those of a machine whose first bytes may be taken for another header's."""


def kind(packet: bytes) -> bytes:
    """Return a packet's EtherType."""
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"


def behind(head: bytes) -> Wrap:
    """Put bytes in front of a packet."""
    return lambda packet: head + packet


def typed(head: bytes, tail: bytes = b"") -> Wrap:
    """Put bytes and the packet's EtherType in front of it."""
    return lambda packet: head + kind(packet) + tail + packet


def snap(packet: bytes) -> bytes:
    """Put SNAP in front of a packet."""
    return b"\xaa\xaa\x03\0\0\0" + kind(packet) + packet


def ppp(packet: bytes) -> bytes:
    """Put PPP's protocol in front of a packet."""
    return (b"\0\x57" if packet[0] >> 4 == 6 else b"\0\x21") + packet


def radio(packet: bytes, control: bytes = b"\x08\x01", extra: bytes = b"") -> bytes:
    """Put a data frame of 802.11 around a packet."""
    return control + bytes(2) + MACS + MACS[:6] + bytes(2) + extra + snap(packet)


def _nflog(packet: bytes) -> bytes:
    prefix = struct.pack("<HH", 6, 10) + b"ab\0\0"
    return (
        bytes([2 if packet[0] >> 4 == 4 else 10, 0, 0, 1])
        + prefix
        + struct.pack("<HH", 4 + len(packet), 9)
        + packet
    )


def _pktap(packet: bytes, link: int = 12) -> bytes:
    return struct.pack("<III", 108, 1, link) + bytes(96) + packet


def _pflog(packet: bytes) -> bytes:
    family = b"\x02" if packet[0] >> 4 == 4 else b"\x18"
    return bytes([61]) + family + bytes(59) + bytes(3) + packet


def _802_3(packet: bytes) -> bytes:
    return MACS + struct.pack("!H", len(snap(packet))) + snap(packet)


RADIOTAP: Final = b"\0\0\x09\0\x02\0\0\0\0"
PADDED_RADIOTAP: Final = b"\0\0\x09\0\x02\0\0\0\x20"
TIMED_RADIOTAP: Final = b"\0\0\x19\0\x03\0\0\x80\x03\0\0\0" + bytes(4) + bytes(8) + b"\0"

LINKS: Final[dict[str, tuple[int, Wrap]]] = {
    "null": (0, behind(b"\x02\0\0\0")),
    "loop": (108, behind(b"\0\0\0\x02")),
    "ethernet": (1, ethernet),
    "vlan": (1, typed(MACS + b"\x81\0\0\5")),
    "qinq": (1, typed(MACS + b"\x88\xa8\0\5\x81\0\0\6")),
    "vn-tag": (1, typed(MACS + b"\x89\x26\0\0\0\0")),
    "hsr": (1, typed(MACS + b"\x89\x2f\0\x3c\0\1")),
    "e-tag": (1, typed(MACS + b"\x89\x3f" + bytes(6))),
    "cmd": (1, typed(MACS + b"\x89\x09\1\1\0\1\0\7")),
    "802.3": (1, _802_3),
    "mpls": (1, behind(MACS + b"\x88\x47\0\1\x00\x40\0\1\x01\x40")),
    "mpls multicast": (1, behind(MACS + b"\x88\x48\0\1\x01\x40")),
    "pppoe": (
        1,
        lambda packet: (
            MACS + b"\x88\x64\x11\0\0\1" + struct.pack("!H", len(packet) + 2) + ppp(packet)
        ),
    ),
    "i-tag": (1, lambda packet: MACS + b"\x88\xe7\0\0\0\1" + MACS + kind(packet) + packet),
    "macsec": (
        1,
        lambda packet: MACS + b"\x88\xe5\0\0\0\0\0\1" + kind(packet) + packet + bytes(16),
    ),
    "nsh": (1, lambda packet: MACS + b"\x89\x4f\x0f\xc2\2\1\0\0\0\xff" + packet),
    "token ring": (6, lambda packet: b"\x10\x40" + MACS + snap(packet)),
    "ppp": (9, lambda packet: b"\xff\x03" + ppp(packet)),
    "ppp bare": (9, ppp),
    "ppp one byte": (9, behind(b"\x21")),
    "ppp mpls": (9, behind(b"\xff\x03\x02\x81\0\1\x01\x40")),
    "fddi": (10, lambda packet: b"\x50" + MACS + snap(packet)),
    "raw": (101, bytes),
    "ppp in hdlc": (50, lambda packet: b"\xff\x03" + ppp(packet)),
    "cisco in ppp": (50, typed(b"\x0f\0")),
    "ppp ethernet": (
        51,
        lambda packet: b"\x11\0\0\1" + struct.pack("!H", len(packet) + 2) + ppp(packet),
    ),
    "atm": (100, snap),
    "cisco hdlc": (104, typed(b"\x0f\0")),
    "802.11": (105, radio),
    "802.11 qos": (105, lambda packet: radio(packet, b"\x88\x01", b"\0\0")),
    "802.11 wds": (105, lambda packet: radio(packet, b"\x08\x03", bytes(6))),
    "frame relay": (107, behind(b"\x18\x41\x03\xcc")),
    "enc": (109, behind(b"\0\0\0\x02" + bytes(8))),
    "cooked": (113, typed(b"\0\0\0\1\0\6" + bytes(8))),
    "pflog": (117, _pflog),
    "radiotap": (127, lambda packet: RADIOTAP + radio(packet)),
    "radiotap padded": (127, lambda packet: PADDED_RADIOTAP + radio(packet, b"\x88\x01", bytes(4))),
    "radiotap timed": (127, lambda packet: TIMED_RADIOTAP + radio(packet)),
    "1394": (138, typed(bytes(16))),
    "avs": (163, lambda packet: struct.pack("!II", 0x80211001, 64) + bytes(56) + radio(packet)),
    "ppi": (192, lambda packet: struct.pack("<HHI", 0, 8, 105) + radio(packet)),
    "ppp with direction": (204, lambda packet: b"\0\xff\x03" + ppp(packet)),
    "nflog": (239, _nflog),
    "pktap": (258, _pktap),
    "pktap ethernet": (258, lambda packet: _pktap(ethernet(packet), 1)),
    "cooked2": (276, typed(b"", b"\0\0\0\0\0\1\0\1\0\6" + bytes(8))),
}
"""Name to link type and frame; tshark knows all of them."""

UNKNOWN_TO_TSHARK: Final[dict[str, tuple[int, Wrap]]] = {
    "pppd": (166, lambda packet: b"\1\x03" + ppp(packet)),
    "hdlc with direction": (205, typed(b"\0\x0f\0")),
    "dsa broadcom": (281, typed(MACS + bytes(4))),
    "mpls bare": (219, behind(b"\0\1\x01\x40")),
    "null6-10": (0, behind(b"\x0a\0\0\0")),
    "eompls": (
        1,
        lambda packet: MACS + b"\x88\x47\0\1\x01\x40" + EVEN_MACS + kind(packet) + packet,
    ),
    "eompls, control word": (
        1,
        lambda packet: (
            MACS + b"\x88\x47\0\1\x01\x40" + bytes(4) + EVEN_MACS + kind(packet) + packet
        ),
    ),
    "eompls, a MAC like IP": (
        1,
        lambda packet: MACS + b"\x88\x47\0\1\x01\x40\x40" + EVEN_MACS[1:] + kind(packet) + packet,
    ),
}


def _in_udp(port: int, head: bytes, wrap: Wrap = bytes) -> Wrap:
    return lambda packet: ethernet(
        udp(head + wrap(packet), "198.51.100.1", "198.51.100.2", 50_000, port)
    )


def _in_ip(protocol: int, head: bytes, wrap: Wrap = bytes) -> Wrap:
    class Upper:
        def __init__(self, data: bytes) -> None:
            self._data = data

        def __bytes__(self) -> bytes:
            return self._data

        def __len__(self) -> int:
            return len(self._data)

    return lambda packet: ethernet(
        ip("198.51.100.1", "198.51.100.2", Upper(head + wrap(packet)), protocol)
    )


def _gtp(packet: bytes) -> bytes:
    return struct.pack("!BBHI", 0x30, 0xFF, len(packet), 7) + packet


def _extended_gtp(packet: bytes) -> bytes:
    more = b"\0\0\0\x85" + b"\1\x10\x05\0"
    return struct.pack("!BBHI", 0x34, 0xFF, len(packet) + len(more), 7) + more + packet


def _pptp(packet: bytes) -> bytes:
    inner = b"\xff\x03" + ppp(packet)
    return b"\x30\x01\x88\x0b" + struct.pack("!HHI", len(inner), 5, 1) + inner


def _l2tp(packet: bytes) -> bytes:
    inner = b"\xff\x03" + ppp(packet)
    return struct.pack("!HHHH", 0x4002, 8 + len(inner), 3, 4) + inner


VXLAN_HEAD: Final = b"\x08\0\0\0\0\0\7\0"
TUNNELS: Final[dict[str, Wrap]] = {
    "ip in ip": _in_ip(4, b""),
    "gre": _in_ip(47, b"\0\0\x08\0"),
    "gre bridging": _in_ip(47, b"\0\0\x65\x58", ethernet),
    "gre mpls": _in_ip(47, b"\0\0\x88\x47\0\1\x01\x40"),
    "erspan": _in_ip(47, b"\x10\0\x88\xbe\0\0\0\1\x10\1\0\1\0\0\0\0", ethernet),
    "pptp": _in_ip(47, b"", _pptp),
    "etherip": _in_ip(97, b"\x30\0", ethernet),
    "mpls in ip": _in_ip(137, b"\0\1\x01\x40"),
    "l2tp": _in_udp(1701, b"", _l2tp),
    "gtp-u": _in_udp(2152, b"", _gtp),
    "gtp-u extended": _in_udp(2152, b"", _extended_gtp),
    "vxlan": _in_udp(4789, VXLAN_HEAD, ethernet),
    "vxlan-gpe": _in_udp(4790, b"\x0c\0\0\1\0\0\7\0"),
    "geneve": _in_udp(6081, b"\0\0\x65\x58\0\0\7\0", ethernet),
    "mpls in udp": _in_udp(6635, b"\0\1\x01\x40"),
    "tzsp": _in_udp(37008, b"\1\0\0\1\x0a\1\x05\1", ethernet),
    "tzsp 802.11": _in_udp(37008, b"\1\0\0\x12\0\1", radio),
}
"""Name to frame; tshark knows all of them."""

OTHER_TUNNELS: Final[dict[str, Wrap]] = {
    "vxlan of Linux": _in_udp(8472, VXLAN_HEAD, ethernet),
    "vxlan anywhere": _in_udp(14789, VXLAN_HEAD, ethernet),
    "l2tpv3": _in_ip(115, b"\0\0\0\7", ethernet),
    "l2tpv3, a cookie": _in_ip(115, b"\0\0\0\7" + b"cookie!!", ethernet),
    "l2tpv3 in udp": _in_udp(1701, b"\0\3\0\0\0\0\0\7", ethernet),
    "erspan of the first type": _in_ip(47, b"\0\0\x88\xbe", ethernet),
    "wccp": _in_ip(47, b"\0\0\x88\x3e\0\0\0\0"),
    "ethernet in ip": _in_ip(143, b"", ethernet),
}


def teredo(packet: bytes, head: bytes = b"") -> bytes:
    """Put an IPv6 packet into Teredo."""
    return _in_udp(3544, head)(packet)
