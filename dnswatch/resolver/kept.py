"""The form in which the answer cache keeps a response: one run of bytes.

A `Response` is a dozen objects, some 600 bytes of them, and Python's collector would walk through
all of them now and again.  What stands here can be had from no other place: TTLs and their places,
addresses and exchanges are read from the records when the answer is given.
"""

import struct
from typing import Final

from dnswatch.codes import Type
from dnswatch.wire import name
from dnswatch.wire.response import Response

_HEAD: Final = struct.Struct("<?dddIIHHHHHH")
"""Used, stored at, expiry, retry at, TTL, TTL of the rest, flags, rcode, records in each section,
bytes of EDNS options.  The options and the records follow."""

_pack_head: Final = _HEAD.pack
_EXPIRY: Final = struct.Struct("<d")
_STORED_AT: Final = _EXPIRY
_STORED_AT_BYTE: Final = 1
_EXPIRY_BYTE: Final = 9
_MAX_TTL: Final = 0x7FFFFFFF
_NO_MESSAGE: Final = bytes(name.HEADER)
_A: Final = Type.A.value
_AAAA: Final = Type.AAAA.value
_MX: Final = Type.MX.value
_ANY: Final = Type.ANY.value


def pack(response: Response) -> bytes:
    """Write a response as it is kept; nobody has asked for it yet."""
    answer, authority, additional = response.counts
    head: bytes = _pack_head(
        False,
        response.stored_at,
        response.expiry,
        response.retry_at,
        response.ttl,
        response.extra_ttl,
        response.flags,
        response.rcode,
        answer,
        authority,
        additional,
        len(response.options),
    )
    return b"%b%b%b" % (head, response.options, response.records)


def unpack(key: bytes, kept: bytes) -> Response:
    """Read what `pack` wrote of the response that is kept under `key`."""
    _, stored_at, expiry, retry_at, ttl, extra_ttl, flags, rcode, *counts, length = (
        _HEAD.unpack_from(kept)
    )
    response = Response(flags, rcode)
    response.key, response.stored_at, response.expiry = key, stored_at, expiry
    response.retry_at, response.ttl, response.extra_ttl = retry_at, ttl, extra_ttl
    answer, authority, additional = counts
    response.counts = answer, authority, additional
    begin = _HEAD.size + length
    response.options = kept[_HEAD.size : begin]
    response.records = kept[begin:]
    _read_records(response, key)
    return response


def is_used(kept: bytes) -> bool:
    """Say whether it was asked for since the cache last looked for what to evict."""
    return kept[0] != 0


def marked(kept: bytes, *, used: bool) -> bytes:
    """Note whether it was asked for."""
    return (b"\1" if used else b"\0") + kept[1:]


def expiry(kept: bytes) -> float:
    """Return when it ends, Unix seconds."""
    at: float = _EXPIRY.unpack_from(kept, _EXPIRY_BYTE)[0]
    return at


def stored_at(kept: bytes) -> float:
    """Return when it came, Unix seconds."""
    at: float = _STORED_AT.unpack_from(kept, _STORED_AT_BYTE)[0]
    return at


def _read_records(response: Response, key: bytes) -> None:
    """Read from the records what is not kept beside them."""
    records = response.records
    answer, authority, additional = response.counts
    places: list[int] = []
    ttls: list[int] = []
    addresses: list[tuple[bytes, int]] = []
    end = 0
    for index in range(answer + authority + additional):
        at = _behind_owner(records, end) + 4
        ttl = _short(records, at) << 16 | _short(records, at + 2)
        ttl = ttl if ttl <= _MAX_TTL else 0  # RFC 2181 section 8
        places.append(at)
        ttls.append(ttl)
        end = at + 6 + _short(records, at + 4)
        if index < answer:
            response.answer_end = end
            rtype = _short(records, at - 4)
            if rtype in (_A, _AAAA) and _short(records, at - 2) == 1:
                addresses.append((records[at + 6 : end], ttl))
    response.ttl_at, response.ttls = tuple(places), tuple(ttls)
    response.addresses = tuple(addresses)
    if answer:
        _read_exchanges(response, key)


def _behind_owner(records: bytes, at: int) -> int:
    """Return where a record's type stands; its name was looked at when it came."""
    while (length := records[at]) != 0:
        if length >= 0xC0:
            return at + 2
        at += length + 1
    return at + 1


def _short(records: bytes, at: int) -> int:
    return records[at] << 8 | records[at + 1]


def _read_exchanges(response: Response, key: bytes) -> None:
    """Read the exchanges of an answer to who asked for some."""
    question = name.skip_plain(key, 0) + 4
    if (key[question - 4] << 8 | key[question - 3]) not in (_MX, _ANY):
        return
    message = _NO_MESSAGE + key[:question] + response.records
    start = len(message) - len(response.records)
    mx = _MX.to_bytes(2, "big") + b"\0\1"
    response.exchanges = tuple(
        name.read(message, start + at + 8)
        for at in response.ttl_at[: response.counts[0]]
        if response.records[at - 4 : at] == mx
    )
