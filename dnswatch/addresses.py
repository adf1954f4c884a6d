"""Addresses: the one form in which they are compared, wherever that is.

    normal        who somebody is: an IPv4-mapped address is the IPv4 one, and a zone says nothing
    destination   where a packet ends up: an address that only carries an IPv4 one leads to that

Rules of this file: whoever comes in is known by `normal` alone.  An address in 6to4 or NAT64 form
is not taken for the IPv4 address in it, or whoever may choose his own could pass for a client of an
access list, or for a server that nothing touches.  Where something is sent, `destination` counts.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

_COMPATIBLE: Final = IPv6Network("::/96")
_CARRIERS: Final = (
    (IPv6Network("2002::/16"), 80),  # 6to4 (RFC 3056 section 2)
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64's well-known prefix (RFC 6052 section 2.1)
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of a site (RFC 8215); /96 is what sites take
    (_COMPATIBLE, 0),  # IPv4-compatible (RFC 4291 section 2.5.5.1)
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated (RFC 2765 section 2.1)
)
"""Networks whose addresses carry an IPv4 one, and how many bits stand after it."""


def read(text: str) -> Address:
    """Read an address in its normal form; raises `ValueError` where it is none."""
    return normal(ip_address(text))


def normal(address: Address) -> Address:
    """Return the form in which an address is compared with others."""
    address = unmapped(address)
    has_zone = isinstance(address, IPv6Address) and address.scope_id is not None
    return IPv6Address(int(address)) if has_zone else address


def unmapped(address: Address) -> Address:
    """Return the IPv4 address in place of an IPv4-mapped one (RFC 4291 section 2.5.5.2)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def packed(address: bytes) -> bytes:
    """Return the normal form of a packed address, packed; raises `ValueError` where it is none."""
    return normal(ip_address(address)).packed


def destination(address: Address) -> Address:
    """Return the address at which something that is sent to an address arrives, in normal form."""
    address = normal(address)
    if isinstance(address, IPv4Address) or int(address) <= 1:  # "::" and "::1" carry nothing
        return address
    for network, bits in _CARRIERS:
        if address in network:
            return IPv4Address(int(address) >> bits & 0xFFFFFFFF)
    return address


def literal(text: str) -> Address:
    """Read an address literal of mail, `[192.0.2.7]` or `[IPv6:2001:db8::7]`, brackets or not.

    RFC 5321 section 4.1.3; raises `ValueError` where it is none.
    """
    inner = text.removeprefix("[").removesuffix("]")
    return read(inner[5:] if inner[:5].lower() == "ipv6:" else inner)
