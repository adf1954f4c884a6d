"""Domain names in wire form: skip, read, turn into text and back (RFC 1035 sections 3.1 and 4.1.4).

Rules of this file: a name is at most 255 bytes, a compression pointer only points backwards, so
every loop ends, and never into the header, which is not passed on as it came; whatever breaks this
raises `WireError`.
"""

from typing import Final

from dnswatch.errors import WireError

MAX_NAME: Final = 255
"""Bytes of a name in wire form, the root label included (RFC 1035 section 2.3.4)."""

ROOT: Final = b"\0"

HEADER: Final = 12
"""Bytes of a message before its first name (RFC 1035 section 4.1.1)."""


def skip(message: bytes, at: int) -> int:
    """Return the offset behind the name at `at`; of a pointer only the direction is looked at."""
    start = at
    try:
        while (length := message[at]) != 0:
            if length >= 0xC0:
                if not HEADER <= (length & 0x3F) << 8 | message[at + 1] < start:
                    raise WireError("a compression pointer does not point backwards to a name")
                return at + 2
            if length > 63 or at - start > MAX_NAME:
                raise WireError("a name in the message is malformed")
            at += length + 1
    except IndexError:
        raise WireError("a name runs past the end of the message") from None
    return at + 1


def skip_plain(message: bytes, at: int) -> int:
    """Return the offset behind a question's name at `at`, which must not be compressed."""
    start = at
    try:
        while (length := message[at]) != 0:
            if length > 63:
                raise WireError("the question's name is compressed or malformed")
            at += length + 1
    except IndexError:
        raise WireError("the question runs past the end of the message") from None
    if at - start >= MAX_NAME:
        raise WireError("the question's name is too long")
    return at + 1


def read(message: bytes, at: int) -> bytes:
    """Return the name at `at`, uncompressed and in lower case."""
    return take(message, at)[0]


def take(message: bytes, at: int) -> tuple[bytes, int]:
    """Return the name at `at`, uncompressed and in lower case, and the offset behind it."""
    labels = bytearray()
    limit = at
    end = 0
    try:
        while (length := message[at]) != 0:
            if length >= 0xC0:
                end = end or at + 2
                at = (length & 0x3F) << 8 | message[at + 1]
                if not HEADER <= at < limit:
                    raise WireError("a compression pointer does not point backwards to a name")
                limit = at
                continue
            if length > 63 or len(labels) + length + 2 > MAX_NAME:
                raise WireError("a name in the message is malformed")
            labels += message[at : at + length + 1]
            at += length + 1
    except IndexError:
        raise WireError("a name runs past the end of the message") from None
    return bytes(labels).lower() + ROOT, end or at + 1


def to_text(name: bytes) -> str:
    r"""Write a name as text: no dot at its end, odd bytes as `\DDD` (RFC 4343 section 2.1).

    The root is written `.`; the text is printable ASCII whatever the bytes were.
    """
    parts = []
    at = 0
    while at < len(name) and (length := name[at]) != 0:
        parts.append("".join(map(_escaped, name[at + 1 : at + 1 + length])))
        at += length + 1
    return ".".join(parts) or "."


def _escaped(byte: int) -> str:
    if byte in b'."\\;@$()':
        return "\\" + chr(byte)
    return chr(byte) if 0x21 <= byte <= 0x7E else f"\\{byte:03d}"


def from_text(text: str) -> bytes:
    """Read a plain host or domain name (letters, digits, `-`, `_`; a last dot is optional).

    Raises `WireError` where it is none; internationalised names are given in their `xn--` form.
    """
    name = bytearray()
    for label in text.removesuffix(".").lower().split(".") if text not in ("", ".") else ():
        is_plain = text.isascii() and label.replace("-", "").replace("_", "").isalnum()
        if not is_plain or len(label) > 63:
            raise WireError(f"'{text}' is no domain name")
        name += bytes([len(label)]) + label.encode()
    if len(name) >= MAX_NAME:
        raise WireError(f"'{text}' is longer than a domain name may be")
    return bytes(name) + ROOT
