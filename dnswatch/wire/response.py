"""Responses: what an upstream said, read once, in one pass over its records.

A `Response` holds the records as they came, without OPT, and the places of their TTLs, so that an
answer given later is those bytes with the TTLs of that moment.  It also carries what the watchdog
wants to know: the addresses and the exchanges in the answer section.
"""

import struct
from typing import Final

from dnswatch.codes import Rcode, Type
from dnswatch.errors import WireError
from dnswatch.wire import name, rdata, scrub
from dnswatch.wire.query import HEADER, RETURNED, Query, passing

_COUNTS = struct.Struct("!HHH")
_ALL_COUNTS = struct.Struct("!HHHH")
_TTL = struct.Struct("!I")
_RECORD = struct.Struct("!HHIH")
_A, _AAAA, _MX, _CNAME = Type.A.value, Type.AAAA.value, Type.MX.value, Type.CNAME.value
_LENGTHS: Final = {_A: 4, _AAAA: 16}
_SOA, _OPT = Type.SOA.value, Type.OPT.value
_MX_OR_ANY: Final = frozenset((_MX, Type.ANY.value))
_MAX_RECORDS: Final = 4096
"""More records than fit into 64 KiB with any data in them; bounds the walk."""

_TC, _AD = 0x0200, 0x0020
_QR_OPCODE, _QR = 0xF8, 0x80
_UNREAD: Final = frozenset((Rcode.FORMERR, Rcode.SERVFAIL, Rcode.NOTIMP, Rcode.REFUSED))
"""Errors that may come without a question."""
_KEPT: Final = frozenset((Rcode.NOERROR.value, Rcode.NXDOMAIN.value))


class Response:
    """One response; the answer cache keeps it packed."""

    __slots__ = (
        "addresses",
        "answer_end",
        "counts",
        "exchanges",
        "expiry",
        "extra_ttl",
        "flags",
        "key",
        "options",
        "rcode",
        "records",
        "retry_at",
        "stored_at",
        "ttl",
        "ttl_at",
        "ttls",
    )

    flags: int
    "The header's flags, of which TC and AD are used."
    rcode: int
    "Extended rcode."
    records: bytes
    "Answer, authority and additional records without OPT, as they came."
    counts: tuple[int, int, int]
    "Records in each of the three sections, without OPT."
    answer_end: int
    "Length of the answer section in `records`."
    ttl_at: tuple[int, ...]
    "Offset of each TTL in `records`."
    ttls: tuple[int, ...]
    "The TTLs themselves, seconds."
    ttl: int
    "Life of the answer as a whole, seconds; 0 is not to be kept."
    extra_ttl: int
    "Life of the authority and additional records, seconds."
    addresses: tuple[tuple[bytes, int], ...]
    "Packed address and TTL of each A and AAAA record in the answer section."
    exchanges: tuple[bytes, ...]
    "Exchanges of the answer's MX records, lower case."
    options: bytes
    "End-to-end EDNS options (ECS, EDE, NSID ...)."
    key: bytes
    "The key it is kept under."
    stored_at: float
    expiry: float
    retry_at: float
    "While stale: upstreams are not asked again before this (RFC 8767 section 5)."

    def __init__(self, flags: int, rcode: int) -> None:
        """Start an empty response: no records, not to be kept."""
        self.flags = flags
        self.rcode = rcode
        self.records = self.options = self.key = b""
        self.counts = (0, 0, 0)
        self.ttl_at = self.ttls = self.addresses = self.exchanges = ()
        self.answer_end = self.ttl = self.extra_ttl = 0
        self.stored_at = self.expiry = self.retry_at = 0.0

    @property
    def truncated(self) -> bool:
        """The TC bit: the whole answer is to be had over TCP."""
        return self.flags & _TC != 0

    def has(self, rtype: int) -> bool:
        """Tell whether a record of a type stands in any section; walks through the records."""
        wanted = rtype.to_bytes(2, "big")
        return any(self.records[at - 4 : at - 2] == wanted for at in self.ttl_at)

    @property
    def authentic(self) -> bool:
        """The AD bit (RFC 4035 section 3.2.3)."""
        return self.flags & _AD != 0


def answers(message: bytes, question: bytes) -> bool:
    """Tell whether a message is a response to `question` (in lower case) at all (RFC 5452, 9.1).

    An error may come without the question: who could not read it cannot repeat it.
    """
    if len(message) < HEADER or message[2] & _QR_OPCODE != _QR:
        return False
    if len(message) == HEADER or message[4:6] == b"\0\0":
        return message[3] & 15 in _UNREAD and message[6:10] == b"\0\0\0\0"
    if message[4:6] != b"\0\1":
        return False
    if message.startswith(question, HEADER):
        return True
    end = HEADER + len(question)
    return (
        message[end - 4 : end] == question[-4:]
        and message[HEADER : end - 4].lower() == question[:-4]
    )


def read(message: bytes, query: Query, max_negative_ttl: int) -> Response:
    """Read a response to `query`; `answers` has said that it is one.

    Raises `WireError` where its records are malformed.
    """
    response = Response(message[2] << 8 | message[3], message[3] & 15)
    if len(message) == HEADER:
        return response  # whatever it claims to hold
    response.counts = _COUNTS.unpack_from(message, 6)
    if sum(response.counts) > _MAX_RECORDS:
        raise WireError("the response claims more records than fit into a message")
    try:
        start = HEADER + (len(query.question) if message[4:6] != b"\0\0" else 0)
        opt, answer = _read_records(response, message, start, query)
    except (struct.error, IndexError):
        raise WireError("a record runs past the end of the message") from None
    names = scrub.chain(query, answer.aliases)
    if any(scrub.is_beside(query, names, record) for record in answer.odd):
        kept = b"" if opt is None else message[start + opt[0] : start + opt[1]]
        return read(scrub.without(message, query, names, kept), query, max_negative_ttl)
    if opt is not None:
        _cut_opt(response, *opt)
    _set_life(response, query, max_negative_ttl)
    return response


def older(message: bytes, seconds: int) -> bytes:
    """Take `seconds` off each TTL, for what lay in an HTTP cache so long (RFC 8484 section 5.1).

    Raises `WireError` where the message's records are malformed.
    """
    aged = bytearray(message)
    at = HEADER
    if len(message) == HEADER:
        return message
    try:
        questions, *counts = _ALL_COUNTS.unpack_from(message, 4)
        for _ in range(questions):
            at = name.skip(message, at) + 4
        for _ in range(sum(counts)):
            data = name.skip(message, at) + 10
            rtype, _, ttl, length = _RECORD.unpack_from(message, data - 10)
            if rtype != _OPT and ttl < 0x80000000:
                _TTL.pack_into(aged, data - 6, max(ttl - seconds, 0))
            at = data + length
    except (struct.error, IndexError):
        raise WireError("a record runs past the end of the message") from None
    return bytes(aged)


class _Answer:
    """What an answer section has said so far."""

    def __init__(self, query: Query) -> None:
        self._qname, self._qtype = query.qname, query.qtype
        self._wants_mx = query.qtype in _MX_OR_ANY
        self.addresses: list[tuple[bytes, int]] = []
        self.exchanges: list[bytes] = []
        self.odd: list[scrub.Record] = []
        "Records that are not of the very name and type asked for."
        self.aliases: dict[bytes, bytes] = {}
        "Owners and targets of CNAMEs."

    def add(
        self, message: bytes, owner: bytes, rtype: int, rclass: int, ttl: int, at: int, end: int
    ) -> None:
        """Take in a record whose data stands from `at` to `end`."""
        if rtype != self._qtype or owner != self._qname or rclass != 1:
            self.odd.append((owner, rtype, rclass))
            if rclass != 1:
                return
        if rtype in _LENGTHS:
            self.addresses.append((message[at:end], ttl))
        elif rtype == _CNAME:
            self.aliases[owner] = name.read(message, at)
        elif self._wants_mx and rtype == _MX:
            self.exchanges.append(name.read(message, at + 2))


def _read_records(
    response: Response, message: bytes, start: int, query: Query
) -> tuple[tuple[int, int] | None, _Answer]:
    """Walk all records once; return where in them OPT begins and ends, and what the answer says."""
    qname = query.qname
    answer = _Answer(query)
    ttl_at: list[int] = []
    ttls: list[int] = []
    opt: tuple[int, int] | None = None
    at = start
    for section, count in enumerate(response.counts):
        for _ in range(count):
            # The usual owner is a pointer to the question; OPT's is the root.
            is_usual = message[at] == 0xC0 and message[at + 1] == HEADER
            owner, data = (qname, at + 2) if is_usual else name.take(message, at)
            data += _RECORD.size
            rtype, rclass, ttl, length = _RECORD.unpack_from(message, data - _RECORD.size)
            end = data + length
            if end > len(message):
                raise WireError("a record runs past the end of the message")
            if rtype == _OPT and section == 2:
                if opt is not None:
                    raise WireError("a response has at most one OPT record")
                opt = (at - start, end - start)
                response.rcode |= ttl >> 24 << 4
                response.options = passing(message[data:end], RETURNED) if length else b""
            else:
                ttl = ttl if ttl < 0x80000000 else 0  # RFC 2181 section 8
                ttl_at.append(data - 6 - start)
                ttls.append(ttl)
                if rclass == 1 and length != _LENGTHS.get(rtype):
                    rdata.check(message, rtype, data, end)
                if section == 0:
                    answer.add(message, owner, rtype, rclass, ttl, data, end)
            at = end
        if section == 0:
            response.answer_end = at - start
    response.ttl_at, response.ttls = tuple(ttl_at), tuple(ttls)
    response.addresses, response.exchanges = tuple(answer.addresses), tuple(answer.exchanges)
    response.records = message[start:at]
    return opt, answer


def _cut_opt(response: Response, begin: int, end: int) -> None:
    """Take OPT out of the records: it is between neighbours, the client gets our own."""
    answer, authority, additional = response.counts
    response.counts = (answer, authority, additional - 1)
    if end == len(response.records):
        response.records = response.records[:begin]
        return
    # A record behind OPT is rare (TSIG, SIG(0): hop by hop as well).  Cutting in the middle would
    # break compression pointers, so all from OPT on goes; the additional section is optional.
    kept = sum(1 for at in response.ttl_at if at < begin)
    response.counts = (answer, authority, kept - answer - authority)
    response.ttl_at, response.ttls = response.ttl_at[:kept], response.ttls[:kept]
    response.records = response.records[:begin]


def _set_life(response: Response, query: Query, max_negative_ttl: int) -> None:
    """Say how long the answer lives: RFC 2308 for negative ones, the shortest TTL for the rest."""
    answer, authority, _ = response.counts
    ttls = response.ttls
    if len(ttls) > answer:
        response.extra_ttl = min(ttls[answer:])
    if response.flags & _TC or response.rcode not in _KEPT:
        return
    ttl = min(ttls[:answer]) if answer else max_negative_ttl
    if not answer or response.rcode or _is_chain_to_nothing(response, query):
        ttl = min(ttl, _count_down(response, answer, authority, max_negative_ttl))
        response.extra_ttl = max(response.extra_ttl, ttl)  # the SOA says so as long as it lives
    elif query.do and len(ttls) > answer:
        ttl = min(ttl, response.extra_ttl)  # proofs in the authority section must stay whole
    response.ttl = ttl


def _is_chain_to_nothing(response: Response, query: Query) -> bool:
    """Tell whether CNAMEs lead nowhere: nothing of the type asked for came (RFC 2308, 2.2)."""
    if response.addresses or query.qtype == Type.ANY:
        return False
    asked = query.question[-4:-2]
    answer = response.ttl_at[: response.counts[0]]
    return all(response.records[at - 4 : at - 2] != asked for at in answer)


def _count_down(response: Response, answer: int, authority: int, most: int) -> int:
    """Return the life of "there is none": the SOA's TTL, its minimum or `most` (RFC 2308, 5).

    The SOA's own TTL becomes that, so that it counts down for clients, too.
    """
    for index in range(answer, answer + authority):
        at = response.ttl_at[index]
        if int.from_bytes(response.records[at - 4 : at - 2], "big") == _SOA:
            end = at + 6 + int.from_bytes(response.records[at + 4 : at + 6], "big")
            minimum = int.from_bytes(response.records[end - 4 : end], "big")
            ttl = min(response.ttls[index], minimum, most)
            records = bytearray(response.records)
            _TTL.pack_into(records, at, ttl)
            response.records = bytes(records)
            response.ttls = (*response.ttls[:index], ttl, *response.ttls[index + 1 :])
            return ttl
    return 0
