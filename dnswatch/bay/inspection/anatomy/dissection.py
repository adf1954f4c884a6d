"""Dissection: a message's bytes to its anatomy.

Rules of this file: whatever the bytes are, it returns; it counts what a parser would drown in
before it parses: header bytes, parts, and parts within parts; what broke a parser is a finding.
"""

import email.parser
import email.policy
import functools
import hashlib
import re
from email.message import Message
from typing import Final

from dnswatch.bay.inspection.anatomy.files import Archives, is_plain
from dnswatch.bay.inspection.anatomy.findings import Anatomy, Findings
from dnswatch.bay.text import Leaf, leaf_of, roughly

try:
    import tlsh
except ImportError:  # without a compiler at hand; then only equal payloads are known again
    tlsh = None

MOST_HEADER: Final = 256_000
"""Bytes of a header; mail programs write a few thousand, Postfix cuts at 102,400."""

MOST_NESTED: Final = 100
"""Parts that hold parts: each costs the parser a level of recursion for every line below it."""

MOST_PARTS: Final = 1000
"""Parts; a digest of a busy list has a hundred."""

MOST_WORK: Final = 10_000_000
"""Lines, times the parts that hold parts: the parser asks each of these whether a line is its end.
A message of 50 MB in base64 has 660,000 lines."""

MOST_HASHED: Final = 8_000_000
"""Bytes that go into the fuzzy hash."""

# In lower case, and with a beginning that is no pattern: so they are sought ten times as fast.
_MULTIPART: Final = b"multipart/"
_MESSAGE: Final = re.compile(rb"message/(?!delivery-status|disposition)")
_BOUNDARY: Final = re.compile(rb'boundary\s*=\s*"?([^"\r\n;]{1,200})')
_ELSEWHERE: Final = frozenset(("message/partial", "message/external-body"))


def dissect(message: bytes, unpacked: int) -> Anatomy:
    """Take a message apart; its archives may unpack to so many bytes."""
    found = Findings()
    if fault := _too_much(message):
        found.add("unseen", ["the message"], fault)
        return found.anatomy(_digest([_body(message)]), "")
    leaves = _leaves(message, found)
    archives, notable = Archives(found, unpacked), []
    for leaf in leaves:
        before = found.count
        if leaf.trouble:
            found.add("unseen", leaf.names[:1] or ["a part"], f"breaks parsers: {leaf.trouble}")
        _look(leaf, archives)
        if found.count > before:
            notable.append(leaf.data)
    return found.anatomy(_digest(notable or [leaf.data for leaf in leaves]), _fuzzy(leaves))


_MOST_PLAIN: Final = 16_000
"""Bytes of a header that `dissect_text` reads."""

_PLAIN_HEADER: Final = re.compile(
    rb"(?i)(?:(?!content-)[!-9;-~]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*"
    rb"|content-type:[ \t]*text/plain(?:;(?:\r\n)?[ \t]*(?:charset|format)=\"?[\w.-]+\"?)*\r\n"
    rb"|content-transfer-encoding:[ \t]*[78]bit\r\n)+\r\n"
)
"""A header that says to every reader that one text follows, as it stands."""

_OF_PARTS: Final = (b"multipart/", b"message/", b"boundary")
"""What a parser may drown in, and `dissect` counts."""


def dissect_text(message: bytes) -> Anatomy | None:
    """Take apart what is one plain text, without a parser and in bounded time; None of any other.

    It says what `dissect` says.
    """
    header = _PLAIN_HEADER.match(message, 0, _MOST_PLAIN)
    if header is None or _may_have_parts(header[0]):
        return None
    return _anatomy_of(message[header.end() :])


@functools.lru_cache(32)
def _anatomy_of(text: bytes) -> Anatomy | None:
    """Take apart what follows the header; kept, since a worm sends the same to many."""
    if _may_have_parts(text) or not is_plain(text):
        return None
    return Findings().anatomy(_digest([text]), _fuzzy_of(text))


def _may_have_parts(data: bytes) -> bool:
    lower = data.lower()
    return any(mark in lower for mark in _OF_PARTS)


def _too_much(message: bytes) -> str:
    """Say what a parser would drown in; empty for an ordinary message."""
    if len(message) - len(_body(message)) > MOST_HEADER:
        return f"has a header of more than {MOST_HEADER:,} bytes"
    lower = message.lower()
    holders = lower.count(_MULTIPART) + sum(1 for _ in _MESSAGE.finditer(lower))
    if holders > MOST_NESTED:
        return f"has more than {MOST_NESTED} parts that hold parts"
    if message.count(b"\n") * (holders + 1) > MOST_WORK:
        return f"has more than {MOST_WORK // (holders + 1):,} lines, too many for its parts"
    boundaries: set[bytes] = set()
    for match in _BOUNDARY.finditer(lower):
        boundaries.add(message[slice(*match.span(1))].strip())
        if len(boundaries) > MOST_NESTED:
            return f"has more than {MOST_NESTED} boundaries"
    if sum(message.count(b"\n--" + boundary) for boundary in boundaries) > MOST_PARTS:
        return f"has more than {MOST_PARTS} parts"
    return ""


def _body(message: bytes) -> bytes:
    end = re.search(rb"\r?\n\r?\n", message)
    return message[end.end() :] if end else b""


def _leaves(message: bytes, found: Findings) -> list[Leaf]:
    """Parse, and decode each part that holds no other; roughly, where the parser breaks."""
    try:
        parsed = parse(message)
        parts = [part for part in parsed.walk() if not part.is_multipart()]
        for kind in sorted({part.get_content_type() for part in parsed.walk()} & _ELSEWHERE):
            found.add("unseen", ["the message"], f"is only a piece of the whole ({kind})")
    except Exception as error:  # noqa: BLE001 stdlib's parser raises anything on crooked headers
        found.add("unseen", ["the message"], f"breaks parsers: {type(error).__name__}")
        return list(roughly(message))
    return [leaf_of(part) for part in parts]


def parse(message: bytes) -> Message:
    """Parse a message as the standard library does; may raise anything on crooked headers.

    What follows the header of one without parts is taken as it is: the parser would cut it into
    lines and put them together again.
    """
    parser = email.parser.BytesParser(policy=email.policy.compat32)
    begin = message.find(b"\r\n\r\n", 0, MOST_HEADER) + 4
    if begin >= 4:
        parsed = parser.parsebytes(message[:begin])
        has_parts = parsed.get_content_maintype() in ("multipart", "message")
        # Without a payload, the parser has seen the header end here and not before.
        if not (has_parts or parsed.defects or parsed.get_payload()):
            parsed.set_payload(message[begin:].decode("ascii", "surrogateescape"))
            return parsed
    return parser.parsebytes(message)


def _look(leaf: Leaf, archives: Archives) -> None:
    """Look at a part under each of its names: different mail programs believe different ones."""
    for name in sorted(leaf.names) or [leaf.kind]:
        archives.look((name,), leaf.data, named=bool(leaf.names))


def _digest(payloads: list[bytes]) -> str:
    whole = hashlib.sha256()
    for data in payloads:
        whole.update(hashlib.sha256(data).digest())
    return whole.hexdigest()


def _fuzzy(leaves: list[Leaf]) -> str:
    """Hash all but images: a company's logo would make all its letters look alike."""
    return _fuzzy_of(b"".join(leaf.data for leaf in leaves if not leaf.kind.startswith("image/")))


def _fuzzy_of(data: bytes) -> str:
    if tlsh is None:
        return ""
    value: str = tlsh.conservativehash(data[:MOST_HASHED])
    return "" if value == "TNULL" else value
