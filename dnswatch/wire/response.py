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

_ALL_COUNTS: Final = struct.Struct("!HHHH")
_TTL: Final = struct.Struct("!I")
_RECORD: Final = struct.Struct("!HHIH")
# What is not `Final` a compiled module looks up by its name.
_A: Final = Type.A.value
_AAAA: Final = Type.AAAA.value
_MX: Final = Type.MX.value
_CNAME: Final = Type.CNAME.value
_SOA: Final = Type.SOA.value
_OPT: Final = Type.OPT.value
_MX_IN: Final = b"\0\x0f\0\1"
_MX_OR_ANY: Final = frozenset((_MX, Type.ANY.value))
_MAX_RECORDS: Final = 4096
"""More records than fit into 64 KiB with any data in them; bounds the walk."""

_TC: Final = 0x0200
_AD: Final = 0x0020
_QR_OPCODE: Final = 0xF8
_QR: Final = 0x80
_UNREAD: Final = frozenset((Rcode.FORMERR, Rcode.SERVFAIL, Rcode.NOTIMP, Rcode.REFUSED))
"""Errors that may come without a question."""
_NXDOMAIN: Final = Rcode.NXDOMAIN.value
_RECORD_BYTES: Final = 10
"""Bytes between a record's owner and its data."""
_NO_TTL: Final = 0x80000000
"""Longer than any TTL: what is as long means 0 (RFC 2181 section 8)."""


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
    answer, authority, additional = _short(message, 6), _short(message, 8), _short(message, 10)
    if answer + authority + additional > _MAX_RECORDS:
        raise WireError("the response claims more records than fit into a message")
    response.counts = answer, authority, additional
    start = HEADER + (len(query.question) if message[4:6] != b"\0\0" else 0)
    walk = _Walk(response, message, start, query)
    try:
        walk.all()
    except IndexError:
        raise WireError("a record runs past the end of the message") from None
    odd = walk.odd
    if odd is not None:
        names = scrub.chain(query, odd.aliases)
        if any(scrub.is_beside(query, names, record) for record in odd.records):
            kept = message[walk.opt_at : walk.opt_end]
            return read(scrub.without(message, query, names, kept), query, max_negative_ttl)
    _set_life(response, walk, query, max_negative_ttl)
    return response


def _short(message: bytes, at: int) -> int:
    return message[at] << 8 | message[at + 1]


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


class _Odd:
    """Records of an answer that are not of the very name and type asked for, and all CNAMEs."""

    def __init__(self) -> None:
        self.records: list[scrub.Record] = []
        self.aliases: dict[bytes, bytes] = {}
        "Owners and targets of CNAMEs."


class _Walk:
    """One pass over all records of a message."""

    def __init__(self, response: Response, message: bytes, start: int, query: Query) -> None:
        self._response = response
        self._message = message
        self._start = self._at = start
        self._qname, self._qtype = query.qname, query.qtype
        self._ttl_at: list[int] = []
        self._ttls: list[int] = []
        self._addresses: list[tuple[bytes, int]] = []
        self.odd: _Odd | None = None
        "What needs a closer look, if anything does."
        self.opt_at = self.opt_end = 0
        "Where the OPT record stands, if there is one."
        self.least = self.least_extra = _NO_TTL
        "The shortest TTL of the answer section, and of the others."

    def all(self) -> None:
        """Note what all records say."""
        response, start = self._response, self._start
        answer, authority, additional = response.counts
        for _ in range(answer):
            self._record(0)
        response.answer_end = self._at - start
        for _ in range(authority):
            self._record(1)
        for _ in range(additional):
            self._record(2)
        end = self._at
        if self.opt_at:
            # It is between neighbours: the client gets our own.  A record behind it is rare (TSIG,
            # SIG(0): hop by hop as well); what compression points to stays where it was, since all
            # from OPT on goes.
            end = self.opt_at
            response.counts = answer, authority, len(self._ttls) - answer - authority
        response.records = self._message[start:end]
        response.ttl_at, response.ttls = tuple(self._ttl_at), tuple(self._ttls)
        response.addresses = tuple(self._addresses)
        if self._qtype in _MX_OR_ANY:
            response.exchanges = _exchanges(self._message, start, response)

    def _record(self, section: int) -> None:
        """Take in the record that is next."""
        message, at = self._message, self._at
        first = message[at]
        owner, data = self._qname, at + 2
        if first == 0:
            owner, data = name.ROOT, at + 1
        elif first != 0xC0 or message[at + 1] != HEADER:  # but for the usual, a pointer to QNAME
            owner, data = name.take(message, at)
        rtype, rclass = _short(message, data), _short(message, data + 2)
        ttl = _short(message, data + 4) << 16 | _short(message, data + 6)
        data += _RECORD_BYTES
        end = data + _short(message, data - 2)
        if end > len(message):
            raise WireError("a record runs past the end of the message")
        self._at = end
        if rtype == _OPT and section == 2:
            self._opt(at, data, end, ttl)
            return
        length = 4 if rtype == _A else 16 if rtype == _AAAA else -1
        if rclass == 1 and length != end - data:
            rdata.check(message, rtype, data, end)
        if self.opt_at:
            return
        ttl = ttl if ttl < _NO_TTL else 0  # RFC 2181 section 8
        self._ttl_at.append(data - 6 - self._start)
        self._ttls.append(ttl)
        if section:
            self.least_extra = min(ttl, self.least_extra)
            return
        self.least = min(ttl, self.least)
        if rclass == 1 and length > 0:
            self._addresses.append((message[data:end], ttl))
        if rtype != self._qtype or rclass != 1 or rtype == _CNAME or owner != self._qname:
            self._note(owner, rtype, rclass, data)

    def _note(self, owner: bytes, rtype: int, rclass: int, data: int) -> None:
        """Note what needs a closer look."""
        if self.odd is None:
            self.odd = _Odd()
        self.odd.records.append((owner, rtype, rclass))
        if rtype == _CNAME and rclass == 1:
            self.odd.aliases[owner] = name.read(self._message, data)

    def _opt(self, at: int, data: int, end: int, ttl: int) -> None:
        """Take in the OPT record, whose TTL field holds more of the rcode."""
        if self.opt_at:
            raise WireError("a response has at most one OPT record")
        self.opt_at, self.opt_end = at, end
        self._response.rcode |= ttl >> 24 << 4
        if end > data:
            self._response.options = passing(self._message[data:end], RETURNED)


def _exchanges(message: bytes, start: int, response: Response) -> tuple[bytes, ...]:
    """Read the exchanges of an answer's MX records."""
    places = [start + at for at in response.ttl_at[: response.counts[0]]]
    return tuple([name.read(message, at + 8) for at in places if message[at - 4 : at] == _MX_IN])


def _set_life(response: Response, walk: _Walk, query: Query, max_negative_ttl: int) -> None:
    """Say how long the answer lives: RFC 2308 for negative ones, the shortest TTL for the rest."""
    answer, authority, additional = response.counts
    has_more = authority + additional > 0
    if has_more:
        response.extra_ttl = walk.least_extra
    if response.flags & _TC or (response.rcode and response.rcode != _NXDOMAIN):
        return
    ttl = walk.least if answer else max_negative_ttl
    if not answer or response.rcode or _is_chain_to_nothing(response, query):
        ttl = min(ttl, _count_down(response, answer, authority, max_negative_ttl))
        response.extra_ttl = max(response.extra_ttl, ttl)  # the SOA says so as long as it lives
    elif query.do and has_more:
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
