"""PROXY protocol, version 2: what a front says of a client before it hands on its bytes.

https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.2.  The header is 16 bytes,
then the addresses, then fields of type, length and value, which say nothing that we need.
"""

from struct import Struct
from typing import Final, NamedTuple

from dnswatch import addresses
from dnswatch.errors import WireError

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
"""How every header begins; no DNS message does, over UDP or TCP."""

LONGEST: Final = 2048
"""Bytes of a header that are believed; fronts send 28 to some hundred."""

_HEAD: Final = Struct("!12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_SIZES: Final = {1: 4, 2: 16}
"""Family to the bytes of one of its addresses."""
_STREAM: Final = 1


class Proxied(NamedTuple):
    """What a header says."""

    client: bytes | None
    "Packed source address, in normal form; None where the front speaks for itself."
    is_stream: bool
    "The client came by a stream, so the address is its own."
    end: int
    "Bytes of the header: what the client sent begins there."


def read(data: bytes | bytearray) -> Proxied | None:
    """Read the header that some bytes begin with; None where more of it must come.

    Raises `WireError` where they begin with none.
    """
    if not data.startswith(SIGNATURE[: len(data)]):
        raise WireError("no PROXY protocol header of version 2")
    if len(data) < _HEAD.size:
        return None
    _, command, family, length = _HEAD.unpack_from(data)
    end = _HEAD.size + length
    if command not in (_LOCAL, _PROXY) or end > LONGEST:
        raise WireError("PROXY protocol: an unknown command or version, or too long a header")
    if len(data) < end:
        return None
    size = _SIZES.get(family >> 4)
    if command == _LOCAL or size is None:  # to be passed over: a check, or no address of a network
        return Proxied(None, False, end)
    if length < 2 * size + 4:
        raise WireError("PROXY protocol: a header that ends within its addresses")
    client = addresses.packed(bytes(data[_HEAD.size : _HEAD.size + size]))
    return Proxied(client, family & 0xF == _STREAM, end)
