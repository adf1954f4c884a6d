"""Text of strangers: what peers say and how they name the parts of a message, made safe to keep.

Replies of exchanges, names and headers come in any bytes.  Read leniently they hold halves of
characters (surrogates), which no file, no JSON and no terminal takes.  So every text of a peer goes
through `words` where it comes in, and `record` puts whatever came by another way through it again.

What the standard library's parser breaks on is read here, roughly.  Nothing raises, whatever the
bytes are; and since mail programs disagree on what a part is called, a part has every name that one
of them could read (RFC 2045 to 2047, RFC 2231).
"""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any, Final
from urllib.parse import unquote_to_bytes


def words(said: str | bytes) -> str:
    """Return what was said: as UTF-8 if it is that, else as Latin-1, as mail servers of old wrote.

    A text is one that was read with "surrogateescape", which kept its bytes.
    """
    if isinstance(said, str):
        if said.isascii():
            return said
        said = said.encode("utf-8", "surrogateescape" if _has_bytes(said) else "replace")
    try:
        return said.decode()
    except UnicodeDecodeError:
        return said.decode("latin-1")


def in_words(value: Any) -> Any:
    """Do so with all texts in what becomes JSON: lists, tuples and dicts of them."""
    match value:
        case str():
            return words(value)
        case dict():
            return {in_words(key): in_words(one) for key, one in value.items()}
        case list() | tuple():
            return [in_words(one) for one in value]
    return value


def line(said: str | bytes, longest: int) -> str:
    """Return it as one line of so many characters at most."""
    return " ".join(words(said).split())[:longest]


def _has_bytes(said: str) -> bool:
    """Say whether a text can be turned back into the bytes that it was read from."""
    try:
        said.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character that no byte stands for
        return False
    return True


MOST_NAMES: Final = 16
"""Names of a part; an honest one has one, written in up to three ways."""

LONGEST_NAME: Final = 1000
"""Characters of a name."""

MOST_PARTS: Final = 1000
"""Parts that are found without the parser's help."""

_NAME: Final = re.compile(
    r"""(?i)\b(?:file)?name(?:\*(?P<number>\d{1,3}))?(?P<coded>\*)?\s*=\s*
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)(?:"|$)|(?P<bare>[^;]*))""",
    re.VERBOSE | re.DOTALL,
)
_HEADERS: Final = ("content-disposition", "content-type")
_BOUNDARY: Final = re.compile(rb"(?:^|\n)--[^\r\n]{0,200}(?:\r?\n|$)")
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_ENCODING: Final = re.compile(rb"(?im)^content-transfer-encoding[ \t]*:\s*([\w-]+)")
_TYPE: Final = re.compile(rb"(?im)^content-type[ \t]*:\s*([\w.+-]+/[\w.+-]+)")
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that holds no other."""

    kind: str
    "The sender's word for its type, in lower case, like `application/zip`."
    names: tuple[str, ...]
    "Whatever it could be called; none where it has no name."
    data: bytes
    "Decoded."
    charset: str = ""
    "The sender's word for the encoding of a text."
    is_attached: bool = False
    "Whether it is not to be shown with the rest."
    trouble: str = ""
    "What the parser broke on; empty where it did not."


def leaf_of(part: Message) -> Leaf:
    """Read a part that the parser has found."""
    trouble, kind, charset, is_attached, data = "", "application/octet-stream", "", False, b""
    try:
        kind = part.get_content_type()
        is_attached = part.get_content_disposition() == "attachment"
        charset = part.get_content_charset("")
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
    except Exception as error:  # noqa: BLE001 the parser raises anything on crooked headers
        trouble = type(error).__name__
        # As it stands: to ask for it would read the crooked parameters again.
        data = words(str(part._payload)).encode()  # type: ignore[attr-defined]
    names, odd = names_of(part)
    return Leaf(kind, names, data, charset, is_attached, trouble or odd)


def names_of(part: Message) -> tuple[tuple[str, ...], str]:
    """Return whatever a part could be called, the likeliest first, and what the parser broke on."""
    found, trouble = [], ""
    for parameter, header in (("filename", "content-disposition"), ("name", "content-type")):
        try:
            value = part.get_param(parameter, "", header)
            found.append(collapse_rfc2231_value(value) if value else "")
        except Exception as error:  # noqa: BLE001 it raises anything on crooked parameters
            trouble = type(error).__name__
    written = [str(text) for name, text in part.raw_items() if name.lower() in _HEADERS]
    for text in written:
        found += _named_in(text)
    return _each_once(found), trouble


def roughly(message: bytes) -> Iterator[Leaf]:
    """Cut a message at whatever could be a boundary: it has parts that no parser agrees on."""
    for piece in _BOUNDARY.split(message, MOST_PARTS):
        parts = _BLANK.split(b"\n" + piece, 1)  # whose header may be empty
        header, body = parts if len(parts) == 2 else (piece, b"")
        kind, encoding = _TYPE.search(header), _ENCODING.search(header)
        lines = _FOLD.sub(" ", words(header)).splitlines()
        names = _each_once(name for line in lines for name in _named_in(line))
        if body.strip() or names:
            yield Leaf(
                kind[1].decode().lower() if kind else "text/plain",
                names,
                _unpacked(body, encoding[1].lower() if encoding else b""),
                is_attached=bool(names),
            )


def decoded(text: str) -> str:
    """Read encoded words (RFC 2047), also where they are forbidden; else it stays as it is."""
    text = words(text)
    try:
        return words(str(make_header(decode_header(text))))
    except Exception:  # noqa: BLE001 it raises anything on crooked words
        return text


def _named_in(header: str) -> Iterator[str]:
    """Find names in a header: each piece, all in the order of their numbers, and as they come."""
    pieces: list[tuple[int, str]] = []
    for match in _NAME.finditer(header[: 100 * LONGEST_NAME]):
        bare, quoted = match["bare"], match["quoted"]
        text = bare.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        text = " ".join(text.splitlines())
        coded = _percent(text)
        yield from (text, coded, *text.split()[:1])
        if match["number"]:
            pieces.append((int(match["number"]), coded if match["coded"] else text))
        if len(pieces) >= MOST_NAMES:
            break
    if pieces:
        yield "".join(text for _, text in sorted(pieces, key=lambda piece: piece[0]))
        yield "".join(text for _, text in pieces)


def _percent(text: str) -> str:
    """Decode what RFC 2231 writes as `utf-8'en'%C3%A9`."""
    parts = text.split("'", 2)
    plain = parts[2] if len(parts) == 3 else text
    return words(unquote_to_bytes(plain.encode("utf-8", "surrogateescape")))


def _each_once(found: Iterable[str]) -> tuple[str, ...]:
    unique = dict.fromkeys(decoded(name[:LONGEST_NAME]).strip() for name in found)
    return tuple(name for name in unique if name)[:MOST_NAMES]


def _unpacked(body: bytes, encoding: bytes) -> bytes:
    if encoding == b"base64":
        plain = _NO_BASE64.sub(b"", body)
        return binascii.a2b_base64(plain[: len(plain) // 4 * 4])
    return quopri.decodestring(body) if encoding == b"quoted-printable" else body
