"""The link layer: where in a frame the IP packet begins, by the capture's link type.

Numbers are those of https://www.tcpdump.org/linktypes.html and of IEEE's EtherTypes.

Rules of this file: a place is given only where IP's version stands there, or its EtherType before
it; what holds no IP gives a number below 0, by which `named` says what it is instead.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final

Find = Callable[[bytes, int, int], int]
"""Takes a block, where a frame begins and ends in it; gives where its IP packet begins, or what
there is instead (below 0)."""

_ETHERTYPE, _PPP, _LLC, _LINK, _FAMILY, _RADIO = (number << 16 for number in range(6))
"""What a number tells of a frame without IP, beside the 16 bits of the number itself."""
_KINDS: Final = {
    _ETHERTYPE: "EtherType 0x{:04x}",
    _PPP: "PPP protocol 0x{:04x}",
    _LLC: "LLC service access points 0x{:04x}",
    _LINK: "link type {}",
    _FAMILY: "address family {}",
}
_NAMES: Final = {
    0x0806: "ARP",
    0x8035: "RARP",
    0x8808: "Ethernet pause",
    0x8809: "LACP",
    0x8863: "PPPoE discovery",
    0x888E: "802.1X",
    0x88CC: "LLDP",
    0x9000: "loopback test",
    _PPP | 0xC021: "link control",
    _PPP | 0x8021: "IP control",
    _LLC | 0x4242: "spanning tree",
    _LLC | 0xFEFE: "routing of OSI",
    _RADIO: "management and control of 802.11",
}
"""What is known to hold no IP."""
NOTHING: Final = ~_FAMILY
"""What is found where IP should be, and is not."""
_ENCRYPTED: Final = ~(_RADIO | 1)
_UNDESCRIBED: Final = ~(_LINK | 0xFFFF)
"""What pcapng's readers write as link type -1."""

_IP: Final = frozenset((b"\x08\x00", b"\x86\xdd"))
_VLAN: Final = frozenset((b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00", b"\x93\x00"))
"""Tags of 802.1Q, 802.1ad (QinQ) and what came before it."""
_TAGS: Final = {
    **dict.fromkeys(_VLAN, 2),
    b"\x89\x26": 4,
    b"\x89\x2f": 4,
    b"\x89\x3f": 6,
    b"\x89\x09": 6,
}
"""EtherTypes to the bytes before the next one: VLAN, VN-tag, HSR, E-tag (802.1BR), Cisco's CMD."""
_DEEPEST: Final = 8
"""Headers within headers that are followed; no network has as many."""
_RFC_1042: Final = frozenset((b"\0\0\0", b"\0\0\xf8"))
"""Organisations in whose name an EtherType follows in SNAP; the second bridges."""
_BRIDGED: Final = b"\0\x80\xc2"
_PPP_IP: Final = frozenset((0x21, 0x57))
_PPP_MPLS: Final = frozenset((0x0281, 0x0283))
_U16LE, _U32LE, _U32BE = (Struct(order).unpack_from for order in ("<H", "<I", ">I"))


def ethernet(data: bytes, at: int, end: int) -> int:
    """Find IP in an Ethernet frame, behind any tags and labels."""
    return behind_type(data, at + 12, at + 14, end)


def behind_type(data: bytes, type_at: int, at: int, end: int, depth: int = 0) -> int:
    """Find IP at `at`, or behind what the EtherType at `type_at` says is there."""
    kind = data[type_at : type_at + 2]
    for _ in range(_DEEPEST):
        if kind in _IP:
            return at
        skipped = _TAGS.get(kind)
        if skipped is None or at >= end:
            break
        kind = data[at + skipped : at + skipped + 2]
        at += skipped + 2
    number = kind[0] << 8 | kind[1]
    if number < 0x0600:  # a length, as 802.3 has it
        return llc(data, at, end, depth + 1)
    header = _HEADERS.get(kind)
    return header(data, at, end, depth + 1) if header and depth < _DEEPEST else ~number


def _frame(data: bytes, at: int, end: int, depth: int) -> int:
    """Find IP in an Ethernet frame within another."""
    return behind_type(data, at + 12, at + 14, end, depth)


def _macsec(data: bytes, at: int, end: int, depth: int) -> int:
    """Find IP behind a tag of MACsec that signs and does not encrypt."""
    if data[at] & 0x0C:
        return ~0x88E5
    at += 14 if data[at] & 0x20 else 6
    return behind_type(data, at, at + 2, end, depth)


def _trill(data: bytes, at: int, end: int, depth: int) -> int:
    return _frame(data, at + 6 + ((data[at] & 7) << 2 | data[at + 1] >> 6) * 4, end, depth)


def _nsh(data: bytes, at: int, end: int, depth: int) -> int:
    """Find IP behind a header of service chains (RFC 8300)."""
    following, at = data[at + 3], at + (data[at + 1] & 0x3F) * 4
    if following == 3:
        return _frame(data, at, end, depth)
    return raw(data, at, end) if following in (1, 2) else ~0x894F


def llc(data: bytes, at: int, end: int, depth: int = 0) -> int:
    """Find IP behind a header of 802.2, with or without SNAP."""
    points = data[at] << 8 | data[at + 1]
    if points == 0xAAAA:
        organisation = data[at + 3 : at + 6]
        if organisation in _RFC_1042:
            return behind_type(data, at + 6, at + 8, end, depth)
        if organisation == _BRIDGED and data[at + 7] in (1, 7):  # RFC 2684, with and without FCS
            return behind_type(data, at + 22, at + 24, end, depth)
    elif points == 0x0606:
        return raw(data, at + 3, end)
    elif points == 0xFEFE:
        return _behind_nlpid(data, at + 3, end)
    return ~(_LLC | points)


def _behind_nlpid(data: bytes, at: int, end: int) -> int:
    """Find IP behind ISO's protocol identifier (RFC 2427, RFC 2684)."""
    match data[at]:
        case 0xCC | 0x8E:
            return raw(data, at + 1, end)
        case 0xCF:
            return ppp(data, at + 1, end)
        case 0x80 if data[at + 1 : at + 4] in _RFC_1042:
            return behind_type(data, at + 4, at + 6, end)
    return ~(_LLC | 0xFE00 | data[at])


def behind_labels(data: bytes, at: int, end: int, depth: int = 0) -> int:
    """Find IP behind MPLS labels, the last of which says that it is the last.

    Nothing says what follows: IP, or an Ethernet frame (RFC 4448), with a word before it or not.
    """
    while at + 4 <= end:
        at += 4
        if not data[at - 2] & 1:
            continue
        if raw(data, at, end) >= 0 and _fits(data, at, end):
            return at
        for frame in (at + 4, at) if data[at] < 0x10 else (at,):
            found = behind_type(data, frame + 12, frame + 14, end, depth)
            if 0 <= found < end and raw(data, found, end) >= 0:
                return found
        break
    return ~0x8847


def _fits(data: bytes, at: int, end: int) -> bool:
    """Tell whether an IP packet's length is one that it can have; a MAC address may begin alike."""
    if data[at] >> 4 == 4:
        length = data[at + 2] << 8 | data[at + 3]
        return (data[at] & 15) >= 5 and (not length or length >= 20)
    return at + 40 <= end


def raw(data: bytes, at: int, end: int) -> int:
    """Find IP at once."""
    if at < end and data[at] >> 4 in (4, 6):
        return at
    return NOTHING


def ppp(data: bytes, at: int, end: int) -> int:
    """Find IP behind PPP's header: address and control may be absent, and half of the protocol."""
    if data[at : at + 2] == b"\xff\x03":
        at += 2
    protocol, following = data[at], at + 1
    if not protocol & 1:
        protocol, following = protocol << 8 | data[at + 1], at + 2
    if protocol in _PPP_IP:
        return following
    return behind_labels(data, following, end) if protocol in _PPP_MPLS else ~(_PPP | protocol)


def _hdlc(data: bytes, at: int, end: int) -> int:
    """Find IP in a frame of HDLC, which is PPP's or Cisco's."""
    if data[at] in (0x0F, 0x8F):
        return behind_type(data, at + 2, at + 4, end)
    return ppp(data, at, end)


def _pppd(data: bytes, at: int, end: int) -> int:
    """Find IP in what pppd writes: a direction stands where PPP has its address."""
    return ppp(data, at + (2 if data[at + 1] == 3 else 1), end)


def _null(data: bytes, at: int, _: int) -> int:
    """Find IP behind the four bytes of BSD's loopback, which are in either order."""
    family = data[at] | data[at + 3]
    return at + 4 if family in (2, 10, 24, 28, 30) else ~(_FAMILY | family)


def _cooked(data: bytes, at: int, end: int) -> int:
    """Find IP behind Linux's cooked header (SLL)."""
    return _behind_hardware(data, data[at + 2] << 8 | data[at + 3], at + 14, at + 16, end)


def _cooked2(data: bytes, at: int, end: int) -> int:
    """Find IP behind Linux's second cooked header (SLL2), which begins with the protocol."""
    return _behind_hardware(data, data[at + 8] << 8 | data[at + 9], at, at + 20, end)


def _behind_hardware(data: bytes, hardware: int, type_at: int, at: int, end: int) -> int:
    """Find IP behind a cooked header: kinds of hardware have protocols of their own."""
    match hardware:
        case 801:
            return _radio(data, at, end)
        case 803:
            return _radiotap(data, at, end)
    if data[type_at : type_at + 2] == b"\0\0":  # a tunnel's device
        return raw(data, at, end)
    return behind_type(data, type_at, at, end)


def _fddi(data: bytes, at: int, end: int) -> int:
    return llc(data, at + 13, end)


def _token_ring(data: bytes, at: int, end: int) -> int:
    route = data[at + 14] & 0x1F if data[at + 8] & 0x80 else 0
    return llc(data, at + 14 + route, end)


def _frame_relay(data: bytes, at: int, end: int) -> int:
    """Find IP behind an address of two to four bytes, as RFC 2427 or Cisco has it."""
    while not data[at] & 1:
        at += 1
    at += 1
    if data[at] != 3:
        return behind_type(data, at, at + 2, end)
    return _behind_nlpid(data, at + (2 if data[at + 1] == 0 else 1), end)


def _radio(data: bytes, at: int, end: int, *, is_padded: bool = False) -> int:
    """Find IP in a frame of 802.11; there is none where it is encrypted."""
    control = data[at] | data[at + 1] << 8
    if control & 0x4C != 0x08:  # no data, or none but signs
        return ~_RADIO
    if control & 0x4000:
        return _ENCRYPTED
    size = 30 if control & 0x0300 == 0x0300 else 24
    is_bundle = False
    if control & 0x80:  # quality of service
        is_bundle = data[at + size] & 0x80 != 0
        size += 6 if control & 0x8000 else 2
    if is_padded:
        size = (size + 3) & ~3
    return llc(data, at + size + (14 if is_bundle else 0), end)


def _radiotap(data: bytes, at: int, end: int) -> int:
    """Find IP behind radiotap's header, which tells whether 802.11's is padded."""
    [length] = _U16LE(data, at + 2)
    fields, [present] = at + 4, _U32LE(data, at + 4)
    has_time, has_flags = present & 1, present & 2
    while present & 0x80000000:
        fields += 4
        [present] = _U32LE(data, fields)
    fields += 4
    if has_time:
        fields = at + (fields - at + 7) // 8 * 8 + 8
    is_padded = bool(has_flags and data[fields] & 0x20)
    return _radio(data, at + length, end, is_padded=is_padded)


def _prism(data: bytes, at: int, end: int) -> int:
    """Find IP behind Prism's header, or AVS's, which took its place."""
    if data[at : at + 2] == b"\x80\x21":
        return _avs(data, at, end)
    [length] = _U32LE(data, at + 4)
    return _radio(data, at + (length if length <= 0xFFFF else _U32BE(data, at + 4)[0]), end)


def _avs(data: bytes, at: int, end: int) -> int:
    return _radio(data, at + _U32BE(data, at + 4)[0], end)


def _ppi(data: bytes, at: int, end: int) -> int:
    [length], [link] = _U16LE(data, at + 2), _U32LE(data, at + 4)
    return _nested(data, link, at + length, end)


def _pktap(data: bytes, at: int, end: int) -> int:
    """Find IP behind the header of Apple's PKTAP, which says the frame's own link type."""
    [length], [link] = _U32LE(data, at), _U32LE(data, at + 8)
    return _nested(data, link, at + length, end)


def _nested(data: bytes, link: int, at: int, end: int) -> int:
    if link in _WITH_LINKS:  # nobody nests them
        return ~(_LINK | link)
    return find(link)(data, at, end)


def _pflog(data: bytes, at: int, end: int) -> int:
    """Find IP behind the header of OpenBSD's packet filter, whose length is made a word's."""
    return raw(data, at + (data[at] + 3) // 4 * 4, end)


def _nflog(data: bytes, at: int, end: int) -> int:
    """Find IP in the attribute that holds the packet; numbers are as the host had them."""
    place = at + 4
    while place + 4 <= end:
        size, kind = data[place] | data[place + 1] << 8, data[place + 2] | data[place + 3] << 8
        if kind > 0xFF:
            size, kind = data[place] << 8 | data[place + 1], data[place + 2] << 8 | data[place + 3]
        if kind == 9:
            return raw(data, place + 4, end)
        place += max(4, (size + 3) // 4 * 4)
    return ~(_FAMILY | data[at])


def _behind(skipped: int, finder: Find) -> Find:
    """Make a finder for frames with some bytes before them."""
    return lambda data, at, end: finder(data, at + skipped, end)


def _typed(place: int) -> Find:
    """Make a finder for frames with an EtherType at a place."""
    return lambda data, at, end: behind_type(data, at + place, at + place + 2, end)


_HEADERS: Final[dict[bytes, Callable[[bytes, int, int, int], int]]] = {
    b"\x65\x58": _frame,
    b"\x88\x70": llc,
    b"\x88\x47": behind_labels,
    b"\x88\x48": behind_labels,
    b"\x88\x64": lambda data, at, end, _: ppp(data, at + 6, end),
    b"\x88\x0b": lambda data, at, end, _: ppp(data, at, end),
    b"\x88\xe7": lambda data, at, end, depth: _frame(data, at + 4, end, depth),
    b"\x89\x03": lambda data, at, end, depth: _frame(data, at + 2, end, depth),
    b"\x88\xe5": _macsec,
    b"\x22\xf3": _trill,
    b"\x89\x4f": _nsh,
}
"""EtherTypes to finders: bridging, 802.3's jumbo frames, MPLS, PPPoE, PPP, 802.1ah's I-tag,
FabricPath, and those that are named."""

FINDERS: Final[dict[int, Find]] = {
    0: _null,
    1: ethernet,
    6: _token_ring,
    9: _hdlc,
    10: _fddi,
    12: raw,
    14: raw,
    50: _hdlc,
    51: _behind(6, ppp),
    100: llc,
    101: raw,
    104: _typed(2),
    105: _radio,
    107: _frame_relay,
    108: _null,
    109: _behind(12, raw),
    113: _cooked,
    117: _pflog,
    119: _prism,
    127: _radiotap,
    138: _typed(16),
    149: _pktap,
    163: _avs,
    166: _pppd,
    192: _ppi,
    204: _behind(1, _hdlc),
    205: _behind(1, _typed(2)),
    219: behind_labels,
    228: raw,
    229: raw,
    239: _nflog,
    258: _pktap,
    276: _cooked2,
    281: _typed(16),
    282: _behind(4, ethernet),
    283: _typed(16),
    284: _typed(20),
}
"""By link type."""
_WITH_LINKS: Final = frozenset((149, 192, 258))


def find(link: int) -> Find:
    """Return the finder of a link type."""
    return FINDERS.get(link) or (lambda *_: ~(_LINK | link & 0xFFFF))


def named(found: int) -> str:
    """Say what a frame holds that cannot be read here; nothing where that is known to be no IP.

    `found` is what its finder gave, below 0.
    """
    if found == _ENCRYPTED:
        return "802.11, encrypted"
    if found == _UNDESCRIBED:
        return "an interface that is not described"
    number = ~found
    if number in _NAMES:
        return ""
    return _KINDS[number & ~0xFFFF].format(number & 0xFFFF)
