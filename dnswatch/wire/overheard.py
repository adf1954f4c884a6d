"""Messages overheard: what a bystander reads of a query or a response that was meant for others.

`query` and `response` are strict, since dnswatch answers for what they let pass; a bystander takes
what he can get.  Of a response he wants the question, the rcode, and what stands in the answer
section; a message that is cut off behind that, or broken there, still counts.

Rules of this file: each message is walked once; what it may cost is bounded by its length.
"""

import struct
from typing import Final

from dnswatch.codes import Type
from dnswatch.errors import WireError
from dnswatch.wire import name
from dnswatch.wire.query import HEADER

_A: Final = Type.A.value
_AAAA: Final = Type.AAAA.value
_MX: Final = Type.MX.value
_OPT: Final = Type.OPT.value
_RECORD: Final = struct.Struct("!HHIH")
_LAST_OPT: Final = b"\0\0\x29"
_NO_TTL: Final = 0x80000000
_OPT_BYTES: Final = 11
"""Bytes of an OPT record without options, which is how nearly all responses end."""


Question = tuple[bytes, int, int]
"""Name in lower-case wire form, type, and where the question ends in the message."""

Answer = tuple[int, tuple[tuple[bytes, int], ...], tuple[bytes, ...], int, bool]
"""Extended rcode; packed address and TTL (seconds) of each A and AAAA record of the answer section;
exchanges of its MX records, lower case, and the smallest TTL of those; whether the section could
not be read to its end.

Tuples, since millions are made: an object of a class costs as much as the reading.
"""


def question(message: bytes) -> Question | None:
    """Read what a message asks; None where it has no question (a refusal may have none).

    Raises `WireError` where not even its header and its question can be read.
    """
    if len(message) < HEADER:
        raise WireError("the message is shorter than a header")
    if message[4] or message[5] != 1:
        if not message[4] and not message[5]:
            return None
        raise WireError("the message has more than one question")
    end = name.skip_plain(message, HEADER)
    if end + 4 > len(message):
        raise WireError("the question runs past the end of the message")
    return message[HEADER:end].lower(), message[end] << 8 | message[end + 1], end + 4


def answer(message: bytes, at: int) -> Answer:
    """Read what a response answers; `at` is where its question ends."""
    rcode = message[3] & 15
    answers = message[6] << 8 | message[7]
    if not answers and not (message[8] or message[9] or message[10] or message[11]):
        return rcode, (), (), 0, False
    addresses: list[tuple[bytes, int]] = []
    exchanges: list[bytes] = []
    least = _NO_TTL
    try:
        for _ in range(answers):
            # The usual owner is a pointer to the question, or into an alias before it.
            data = (at + 2 if message[at] >= 0xC0 else name.skip(message, at)) + 10
            rtype = message[data - 10] << 8 | message[data - 9]
            length = message[data - 2] << 8 | message[data - 1]
            at = data + length
            if at > len(message):
                raise WireError("a record runs past the end of the message")
            if message[data - 8] or message[data - 7] != 1:
                continue
            if (rtype == _A and length == 4) or (rtype == _AAAA and length == 16):
                addresses.append((message[data:at], _ttl(message, data - 6)))
            elif rtype == _MX and length > 2:
                exchanges.append(name.read(message, data + 2))
                least = min(least, _ttl(message, data - 6))
        rcode |= _extension(message, at)
        is_cut = False
    except (WireError, struct.error, IndexError):
        is_cut = True
    return rcode, tuple(addresses), tuple(exchanges), least if exchanges else 0, is_cut


def _ttl(message: bytes, at: int) -> int:
    """Read a TTL; one with its first bit set is 0 (RFC 2181 section 8)."""
    if message[at] & 0x80:
        return 0
    return message[at] << 24 | message[at + 1] << 16 | message[at + 2] << 8 | message[at + 3]


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
