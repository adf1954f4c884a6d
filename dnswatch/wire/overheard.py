"""Messages overheard: what a bystander reads of a query or a response that was meant for others.

`query` and `response` are strict, since dnswatch answers for what they let pass; a bystander takes
what he can get.  Of a response he wants the question, the rcode, and what stands in the answer
section; a message that is cut off behind that, or broken there, still counts.

Rules of this file: each message is walked once; what it may cost is bounded by its length.
"""

import struct
from typing import Final, NamedTuple

from dnswatch.codes import Type
from dnswatch.errors import WireError
from dnswatch.wire import name
from dnswatch.wire.query import HEADER

_A, _AAAA, _MX, _OPT = Type.A.value, Type.AAAA.value, Type.MX.value, Type.OPT.value
_RECORD = struct.Struct("!HHIH")
_LAST_OPT: Final = b"\0\0\x29"
_OPT_BYTES: Final = 11
"""Bytes of an OPT record without options, which is how nearly all responses end."""


class Overheard(NamedTuple):
    """What was read of one message."""

    is_response: bool
    opcode: int
    recursion: bool
    "The RD bit."
    qname: bytes
    "Lower-case wire form."
    qtype: int
    qclass: int
    rcode: int = 0
    "Extended rcode; 0 in a query."
    addresses: tuple[tuple[bytes, int], ...] = ()
    "Packed address and TTL (seconds) of each A and AAAA record of the answer section."
    exchanges: tuple[bytes, ...] = ()
    "Exchanges of its MX records, lower case."
    ttl: int = 0
    "Smallest TTL of those MX records, seconds."
    is_cut: bool = False
    "The answer section could not be read to its end."


def read(message: bytes) -> Overheard | None:
    """Read a message; None where it has no question (a refusal may have none).

    Raises `WireError` where not even its header and its question can be read.
    """
    if len(message) < HEADER:
        raise WireError("the message is shorter than a header")
    if message[4:6] != b"\0\1":
        if message[4:6] == b"\0\0":
            return None
        raise WireError("the message has more than one question")
    end = name.skip_plain(message, HEADER)
    if end + 4 > len(message):
        raise WireError("the question runs past the end of the message")
    flags = message[2]
    qname = message[HEADER:end].lower()
    qtype, qclass = message[end] << 8 | message[end + 1], message[end + 2] << 8 | message[end + 3]
    opcode, recursion = flags >> 3 & 15, flags & 1 != 0
    if flags < 0x80:
        return Overheard(False, opcode, recursion, qname, qtype, qclass)
    rcode = message[3] & 15
    answers = message[6] << 8 | message[7]
    if not answers and message[8:HEADER] == b"\0\0\0\0":
        return Overheard(True, opcode, recursion, qname, qtype, qclass, rcode)
    return Overheard(
        True, opcode, recursion, qname, qtype, qclass, *_answer(message, end + 4, answers, rcode)
    )


def _answer(
    message: bytes, at: int, answers: int, rcode: int
) -> tuple[int, tuple[tuple[bytes, int], ...], tuple[bytes, ...], int, bool]:
    """Read the answer section: the last five fields of an `Overheard`."""
    addresses: list[tuple[bytes, int]] = []
    exchanges: list[bytes] = []
    ttls: list[int] = []
    try:
        for _ in range(answers):
            # The usual owner is a pointer to the question, or into an alias before it.
            data = (at + 2 if message[at] >= 0xC0 else name.skip(message, at)) + 10
            rtype, rclass, ttl, length = _RECORD.unpack_from(message, data - 10)
            at = data + length
            if at > len(message):
                raise WireError("a record runs past the end of the message")
            if rclass != 1:
                continue
            if (rtype == _A and length == 4) or (rtype == _AAAA and length == 16):
                addresses.append((message[data:at], ttl if ttl < 0x80000000 else 0))
            elif rtype == _MX and length > 2:
                exchanges.append(name.read(message, data + 2))
                ttls.append(ttl if ttl < 0x80000000 else 0)  # RFC 2181 section 8
        rcode |= _extension(message, at)
        is_cut = False
    except (WireError, struct.error, IndexError):
        is_cut = True
    return rcode, tuple(addresses), tuple(exchanges), min(ttls, default=0), is_cut


def _extension(message: bytes, at: int) -> int:
    """Return the upper bits of the rcode, which stand in an OPT record; `at` is behind the answer.

    What is broken behind the answer matters to nobody here.
    """
    if message[10:HEADER] == b"\0\0":
        return 0
    if message[-_OPT_BYTES:].startswith(_LAST_OPT) and message.endswith(b"\0\0"):
        return message[5 - _OPT_BYTES] << 4
    authority, additional = message[8] << 8 | message[9], message[10] << 8 | message[11]
    try:
        for _ in range(authority + additional):
            data = name.skip(message, at) + 10
            rtype, _, ttl, length = _RECORD.unpack_from(message, data - 10)
            if rtype == _OPT:
                return int(ttl) >> 24 << 4
            at = data + length
    except (WireError, struct.error, IndexError):
        pass
    return 0
