"""Messages that dnswatch writes: all but the two bytes of the message ID, which are the client's.

`body` gives a kept response to a client: its own question as it wrote it, the TTLs of this moment,
its own OPT record.  `error_body` says what dnswatch itself has to say.
"""

import struct
from typing import Final

from dnswatch.codes import Class, Option, Rcode, Type
from dnswatch.wire.query import BYTES, HEADER, Query, opt_record, readable_question, short
from dnswatch.wire.response import Response

_OPTION: Final = struct.Struct("!HH")
_TTL: Final = struct.Struct("!I")
_QR: Final = 0x8000
_TC: Final = 0x0200
_RD: Final = 0x0100
_RA: Final = 0x0080
_AD: Final = 0x0020
_QR_RA: Final = 0x8080
_SERVFAIL: Final = Rcode.SERVFAIL.value

BODY_HEADER: Final = HEADER - 2
"""Bytes of the header without the message ID: where the question begins in a body."""

MAX_TCP: Final = 65535
"""Bytes of the longest message (RFC 1035 section 4.2.2)."""

STALE_TTL: Final = 30
"""Seconds that a stale answer may be used for (RFC 8767 section 4)."""


def body(
    response: Response,
    query: Query,
    age: float,
    *,
    limit: int,
    max_ttl: int,
    size: int,
    stale: bool = False,
    extended: bytes = b"",
) -> bytes:
    """Write `response` for `query`, `age` seconds after it came.

    `limit` is the longest message in bytes: a longer one is cut to its question with TC set.
    `size` is the EDNS size that we offer the client; `extended` an extended error (`ede`).
    """
    records, (answer, authority, additional) = _aged(response, int(age), max_ttl, stale)
    rcode = response.rcode if response.rcode < 16 or query.edns else _SERVFAIL
    flags = _QR_RA | query.flags & 0x0110 | response.flags & (_AD | _TC) | rcode & 15
    if stale or not (query.do or query.flags & _AD):
        flags &= ~_AD  # RFC 6840 section 5.8
    opt = _opt(query, response.rcode, response.options + extended, size) if query.edns else b""
    length = HEADER + len(query.question) + len(records) + len(opt)
    if length > limit:
        return _truncated(query, response.rcode, flags, size)
    head = _head(flags, 1, answer, authority, additional + (1 if opt else 0))
    return b"%b%b%b%b" % (head, query.question, records, opt)


def _truncated(query: Query, rcode: int, flags: int, size: int) -> bytes:
    """Ask the client to come back over TCP (RFC 2181 section 9)."""
    opt = _opt(query, rcode, b"", size) if query.edns else b""
    head = _head(flags | _TC, 1, 0, 0, 1 if opt else 0)
    return b"%b%b%b" % (head, query.question, opt)


def truncated(query: Query, size: int) -> bytes:
    """Ask a client to come by TCP, whatever the answer is."""
    return _truncated(query, Rcode.NOERROR, _QR_RA | query.flags & 0x0110, size)


def _aged(
    response: Response, age: int, max_ttl: int, stale: bool
) -> tuple[bytes, tuple[int, int, int]]:
    """Write the records with the TTLs they have now; authority and additional go when they end."""
    counts = response.counts
    ttls = response.ttls
    if not age and not stale:
        for ttl in ttls:
            if not 0 < ttl <= max_ttl:
                break  # what was read as 0 may stand otherwise in the bytes
        else:
            return response.records, counts
    count = shown(response, age)
    records = bytearray(response.records)
    if count < len(response.ttls):
        counts = (count, 0, 0)
        del records[response.answer_end :]
    for at, ttl in zip(response.ttl_at[:count], response.ttls, strict=False):
        left = STALE_TTL if stale else min(ttl, max_ttl) - age
        _TTL.pack_into(records, at, left if left > 0 else 0)
    return bytes(records), counts


def shown(response: Response, age: int) -> int:
    """Count the records given at this age: all, or the answer's once shorter-lived others ended."""
    if (
        age
        and response.counts[0]
        and response.extra_ttl <= age
        and response.extra_ttl < response.ttl
    ):
        return response.counts[0]
    return len(response.ttls)


def error_body(query: Query, rcode: int, size: int, extended: bytes = b"") -> bytes:
    """Write an answer without records: `rcode`, and why (`ede`) where the client speaks EDNS."""
    opt = _opt(query, rcode, extended, size) if query.edns else b""
    head = _head(_QR_RA | query.flags & 0x0110 | rcode & 15, 1, 0, 0, 1 if opt else 0)
    return b"%b%b%b" % (head, query.question, opt)


def refusal(message: bytes, rcode: int, size: int) -> bytes:
    """Answer a query that could not be read, all but its ID: opcode and RD kept.

    RA is said of queries only: in other operations its bit means nothing (RFC 1035 section 4.1.1).

    The question is given back where it can be read: some stubs take no answer without it.  BADVERS
    needs an OPT record to be said in (RFC 6891 section 6.1.3).
    """
    opt = opt_record(size, rcode, 0) if rcode == Rcode.BADVERS else b""
    opcode = message[2] << 8 & 0x7800
    flags = _QR | (0 if opcode else _RA) | opcode | (message[2] << 8 & _RD) | rcode & 15
    question = readable_question(message)
    head = _head(flags, 1 if question else 0, 0, 0, 1 if opt else 0)
    return head + question + opt


def come_by_tcp(message: bytes, size: int) -> bytes:
    """Answer a query, of which nothing but the question was read, with TC set; all but its ID.

    Nothing where it is no query of one question.
    """
    if len(message) < HEADER or message[2] & 0xF8 or not (question := readable_question(message)):
        return b""
    opt = opt_record(size, 0, 0) if message[10:12] == b"\0\1" else b""
    flags = _QR_RA | _TC | message[2] << 8 & 0x0100
    return _head(flags, 1, 0, 0, 1 if opt else 0) + question + opt


def any_hinfo(query: Query, size: int) -> bytes:
    """Answer a question for all records with one that says so (RFC 8482 section 4.2)."""
    opt = _opt(query, 0, b"", size) if query.edns else b""
    head = _head(_QR_RA | query.flags & 0x0110, 1, 1, 0, 1 if opt else 0)
    return b"%b%b%b%b" % (head, query.question, _RFC8482, opt)


_RFC8482: Final = b"\xc0\x0c" + struct.pack("!HHIH", Type.HINFO, Class.IN, 3600, 9) + b"\7RFC8482\0"
"""The record `HINFO "RFC8482" ""` of the name asked for; its life is the example's of that RFC."""


def ede(code: int, text: str = "") -> bytes:
    """Write an extended DNS error as an EDNS option (RFC 8914 section 2)."""
    data = code.to_bytes(2, "big") + text.encode()
    return _OPTION.pack(Option.EDE, len(data)) + data


def _opt(query: Query, rcode: int, options: bytes, size: int) -> bytes:
    """Write our own OPT record: our size, the client's flags, the far end's options and ours."""
    return opt_record(size, rcode, query.edns_flags, options + query.neighbourly)


def _head(flags: int, questions: int, answer: int, authority: int, additional: int) -> bytes:
    """Write a header but for its ID."""
    return b"%b%b\0%b%b%b%b" % (
        BYTES[flags >> 8],
        BYTES[flags & 0xFF],
        BYTES[questions],
        short(answer),
        short(authority),
        short(additional),
    )
