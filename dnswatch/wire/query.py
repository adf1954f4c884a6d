"""Queries: what a client asks, read once per distinct message.

A query is one question with an optional OPT record and nothing else.  All that may change its
answer stands in `Query.key`, so that equal keys may share an answer: the name in lower case, type,
class, the RD, AD and CD bits, DO, and the EDNS options meant for who answers (`FORWARDED`).
All others end here and split no cache: some are between two neighbours only (cookies, padding,
keep-alive: RFC 7873, 7830, 7828; NSID: RFC 5001 section 3.2), others tell who a client is.
"""

import struct
from collections.abc import Iterator
from typing import Final

from dnswatch.codes import Option, Rcode
from dnswatch.errors import WireError
from dnswatch.wire import name

HEADER: Final = name.HEADER
"""Bytes of a message's header (RFC 1035 section 4.1.1)."""

MIN_UDP: Final = 512
"""Bytes that every client takes over UDP (RFC 1035 section 2.3.4)."""

FORWARDED: Final = frozenset((Option.ECS, Option.DAU, Option.DHU, Option.N3U, Option.CHAIN))
"""EDNS options of a query that a forwarder hands on (RFC 7871, 6975, 7901)."""

RETURNED: Final = frozenset((Option.ECS, Option.CHAIN, Option.EDE))
"""EDNS options of a response that a forwarder hands on (RFC 7871, 7901, 8914)."""

MAX_OPTIONS: Final = 512
"""Bytes of options handed on; those that are defined need less."""

_PLAIN: Final = b"\0\1\0\0\0\0\0\0"
_WITH_OPT: Final = b"\0\1\0\0\0\0\0\1"
_DO: Final = 0x8000
_CD: Final = 0x10
_OTHER_FORMS: Final = (0x20, 0x80, 0xA0)
_WITHOUT_CD: Final = (0x10, 0x30, 0x90, 0xB0)
"""Bits of a key to change: AD, DO, both; CD, alone and with them."""


BYTES: Final = [bytes((byte,)) for byte in range(256)]
"""Each byte by itself: messages are put together from bytes, since compiled code does that natively
where formatting (`%c`), `struct` and `bytes([...])` take a generic call and some hundred cycles."""


_SMALL: Final = [bytes((0, byte)) for byte in range(256)]


def short(number: int) -> bytes:
    """Write 16 bits in network order."""
    return _SMALL[number] if number < 256 else BYTES[number >> 8] + BYTES[number & 0xFF]


class Query:
    """One client's question with all that its answer depends on."""

    __slots__ = (
        "asked",
        "cookie",
        "do",
        "edns",
        "edns_flags",
        "flags",
        "key",
        "neighbourly",
        "options",
        "qname",
        "qtype",
        "question",
        "size",
    )

    flags: int
    "RD, AD and CD as in the header's second 16 bits."
    question: bytes
    "Question section as the client wrote it: name, type, class."
    asked: bytes
    "The same with the name in lower case."
    qname: bytes
    "The name asked for, in lower case."
    qtype: int
    key: bytes
    "What an answer may be shared by; begins with the question in lower case."
    edns: bool
    "The client sent an OPT record."
    edns_flags: int
    "DO, and nothing else: what is not defined is ignored (RFC 6891 section 6.1.4)."
    do: bool
    size: int
    "Bytes that the client takes over UDP."
    options: bytes
    "EDNS options to hand on, in wire form."
    cookie: bytes
    "The DNS cookie that came with it (RFC 7873); empty where none did."
    neighbourly: bytes
    "EDNS options for this client alone that its answer carries, in wire form; written later."

    def other_forms(self) -> Iterator[bytes]:
        """Give the keys of the same question with other AD and DO bits, and without CD."""
        bits, at = self.key[len(self.asked)], len(self.asked)
        changes = _OTHER_FORMS + _WITHOUT_CD if bits & _CD else _OTHER_FORMS
        for change in changes:
            yield self.asked + BYTES[bits ^ change] + self.key[at + 1 :]

    @property
    def qclass(self) -> int:
        """The class asked for."""
        return self.question[-2] << 8 | self.question[-1]

    def __init__(
        self,
        flags: int,
        question: bytes,
        edns_flags: int,
        size: int,
        options: bytes,
        edns: bool,
        cookie: bytes = b"",
    ) -> None:
        """Take a question apart; `read` is the way to get one from bytes."""
        self.flags = flags
        self.question = question
        written = question[:-4]
        self.qname = qname = written.lower()
        self.asked = asked = question if qname == written else qname + question[-4:]
        self.qtype = question[-4] << 8 | question[-3]
        self.edns = edns
        self.edns_flags = edns_flags & _DO
        self.do = self.edns_flags != 0
        self.size = size
        self.options = options
        self.cookie = cookie
        self.neighbourly = b""
        bits = flags >> 8 & 1 | flags & 0x30 | (0x80 if self.do else 0)
        self.key = b"%b%b%b" % (asked, BYTES[bits], options)


def read(message: bytes) -> Query | None:
    """Read a query; None where it deserves no answer (a response, or no whole header).

    Raises `WireError` with the rcode that the client must be told.
    """
    if len(message) < HEADER or message[2] & 0x80:
        return None
    counts = message[4:HEADER]
    if message[2] & 0x78:
        raise WireError("the opcode is not QUERY", Rcode.NOTIMP)
    if counts != _PLAIN and counts != _WITH_OPT:
        raise WireError("a query has one question and at most an OPT record")  # RFC 9619
    end = _question_end(message)
    flags = (message[2] << 8 | message[3]) & 0x0130
    question = message[HEADER:end]
    if counts == _PLAIN:
        if len(message) != end:
            raise WireError("bytes follow the question")
        return Query(flags, question, 0, MIN_UDP, b"", False)
    size, edns_flags, options = _read_opt(message, end)
    cookie = _cookie(options) if options else b""
    kept = passing(options, FORWARDED) if options else b""
    return Query(flags, question, edns_flags, max(size, MIN_UDP), kept, True, cookie)


def readable_question(message: bytes) -> bytes:
    """Return the question of a query that is otherwise malformed; nothing where it has not one."""
    if message[4:6] != b"\0\1":
        return b""
    try:
        return message[HEADER : _question_end(message)]
    except WireError:
        return b""


def _question_end(message: bytes) -> int:
    end = name.skip_plain(message, HEADER) + 4
    if end > len(message):
        raise WireError("the question's type or class is missing")
    return end


_OPT_BYTES: Final = 11
"""Of an OPT record without options."""


def _read_opt(message: bytes, at: int) -> tuple[int, int, bytes]:
    """Read the OPT record that must end the message: its size, flags and options."""
    end = at + _OPT_BYTES
    if end > len(message):
        raise WireError("the additional record is cut off")
    if message[at : at + 3] != _OPT_OWNER:
        raise WireError("the additional record of a query must be an OPT record")
    if end + (message[end - 2] << 8 | message[end - 1]) != len(message):
        raise WireError("bytes follow the OPT record, or it is cut off")
    if message[at + 6] != 0:
        raise WireError("EDNS version 0 is the only one known here", Rcode.BADVERS)
    size = message[at + 3] << 8 | message[at + 4]
    return size, message[at + 7] << 8 | message[at + 8], message[end:]


_OPT_OWNER: Final = b"\0\0\x29"
"""What an OPT record begins with: the root, and its type."""


def opt_record(size: int, rcode: int, flags: int, options: bytes = b"") -> bytes:
    """Write an OPT record (RFC 6891 section 6.1.2); of `rcode` it holds the upper eight bits."""
    return b"\0\0\x29%b%b\0%b%b%b" % (
        short(size),
        BYTES[rcode >> 4],
        short(flags),
        short(len(options)),
        options,
    )


_OPTION: Final = struct.Struct("!HH")


def passing(options: bytes, which: frozenset[Option]) -> bytes:
    """Keep the EDNS options that are handed on, as they were written."""
    found = b"".join(options[at:end] for code, at, end in _each_option(options) if code in which)
    if len(found) > MAX_OPTIONS:
        raise WireError("the EDNS options are longer than any that are defined")
    return found


def _cookie(options: bytes) -> bytes:
    """Return the first DNS cookie; its length is the only thing that can be wrong (RFC 7873)."""
    for code, at, end in _each_option(options):
        if code == Option.COOKIE:
            cookie = options[at + _OPTION.size : end]
            if len(cookie) != 8 and not 16 <= len(cookie) <= 40:
                raise WireError("a DNS cookie has 8 bytes, or 16 to 40")  # section 5.2.2
            return cookie
    return b""


def _each_option(options: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield code, begin and end of each option."""
    at = 0
    while at < len(options):
        if at + _OPTION.size > len(options):
            raise WireError("an EDNS option is cut off")
        code, length = _OPTION.unpack_from(options, at)
        end = at + _OPTION.size + length
        if end > len(options):
            raise WireError("an EDNS option is cut off")
        yield code, at, end
        at = end


def bare(query: Query) -> Query:
    """Return the same question without the options that a client gave it."""
    return Query(query.flags, query.question, query.edns_flags, query.size, b"", query.edns)


PADDING_BLOCK: Final = 128
"""Bytes of which an encrypted question is a multiple, so that its length tells nobody the name
(RFC 8467 section 4.1)."""


def for_upstream(query: Query, size: int, edns: bool = True, *, block: int = 0) -> bytes:
    """Write what an upstream is asked, all but the message ID: canonical case, our own EDNS size.

    Without `edns` for an upstream that knows none (RFC 6891 section 7): DO and options are lost.
    With `block` the whole message is padded to a multiple of it (RFC 7830).
    """
    flags = short(query.flags)
    if not edns:
        return b"%b%b%b" % (flags, _PLAIN, query.asked)
    options = query.options
    if block:
        length = HEADER + len(query.asked) + _OPT_BYTES + len(options) + _OPTION.size
        fill = -length % block
        options += _OPTION.pack(Option.PADDING, fill) + bytes(fill)
    opt = opt_record(size, 0, query.edns_flags, options)
    return b"%b%b%b%b" % (flags, _WITH_OPT, query.asked, opt)
