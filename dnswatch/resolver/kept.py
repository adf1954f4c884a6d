"""The form in which the answer cache keeps a response: one run of bytes.

A `Response` is a dozen objects, some 600 bytes of them, and Python's collector would walk through
all of them now and again.  What stands here can be had from no other place: TTLs, addresses and
exchanges are read from the records when the answer is given.
"""

import struct
from typing import Final

from dnswatch.codes import Type
from dnswatch.wire import name
from dnswatch.wire.response import Response

_FORMAT: Final = "<?dddIIHHHHHH"
"""Used, stored at, expiry, retry at, TTL, TTL of the rest, flags, rcode, records in each section,
bytes of EDNS options.  The places of the TTLs, the options and the records follow."""

_HEAD: Final = struct.Struct(_FORMAT)
_EXPIRY: Final = struct.Struct("<d")
_STORED_AT: Final = _EXPIRY
_STORED_AT_BYTE: Final = 1
_EXPIRY_BYTE: Final = 9
_TTL: Final = struct.Struct("!I")
_MAX_TTL: Final = 0x7FFFFFFF
_NO_MESSAGE: Final = bytes(name.HEADER)
_LENGTHS: Final = {Type.A.value: 4, Type.AAAA.value: 16}
_MX: Final = Type.MX.value
_ANY: Final = Type.ANY.value


def pack(response: Response) -> bytes:
    """Write a response as it is kept; nobody has asked for it yet."""
    answer, authority, additional = response.counts
    head = struct.pack(
        f"{_FORMAT}{len(response.ttl_at)}H",
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
        *response.ttl_at,
    )
    return head + response.options + response.records


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
    total = answer + authority + additional
    response.ttl_at = struct.unpack_from(f"<{total}H", kept, _HEAD.size)
    begin = _HEAD.size + 2 * total
    response.options = kept[begin : begin + length]
    response.records = kept[begin + length :]
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
    records, answer = response.records, response.counts[0]
    ttls, addresses = [], []
    for index, at in enumerate(response.ttl_at):
        ttl: int = _TTL.unpack_from(records, at)[0]
        ttl = ttl if ttl <= _MAX_TTL else 0  # RFC 2181 section 8
        ttls.append(ttl)
        end = at + 6 + _LENGTHS.get(records[at - 4] << 8 | records[at - 3], 0)
        if index < answer and end > at + 6 and records[at - 1] == 1 and not records[at - 2]:
            addresses.append((records[at + 6 : end], ttl))
    response.ttls, response.addresses = tuple(ttls), tuple(addresses)
    if answer:
        last = response.ttl_at[answer - 1] + 4
        response.answer_end = last + 2 + (records[last] << 8 | records[last + 1])
        _read_exchanges(response, key)


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
