"""A view of a message that harms nobody: its headers, its text, and what else is in it by name.

Pure: bytes in, values out.  Nothing is unpacked, opened or run; an attachment is only measured.
What a terminal would obey is left in: whoever prints it makes it harmless.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Final

MOST_BYTES: Final = 1_000_000
"""Bytes of a message that are looked at: parsing may not take longer than a person waits."""

MOST_HEADERS: Final = 200
"""Header lines that are shown."""

LONGEST: Final = 2000
"""Characters of a header line, or of a name."""

MOST_PARTS: Final = 100
"""Parts that are named."""

MOST_TEXT: Final = 20_000
"""Characters of the text that are shown."""


_SUBJECT: Final = re.compile(rb"(?im)^subject[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)")


@dataclass(frozen=True, slots=True)
class Part:
    """What else is in a message."""

    name: str
    "As the sender calls it; may be empty."
    kind: str
    "The sender's word for its type, like `application/zip`."
    size: int
    "Bytes, about, when decoded."


@dataclass(frozen=True, slots=True)
class View:
    """What can be seen of a message."""

    headers: tuple[tuple[str, str], ...]
    "Name and text, decoded, in order."
    text: str
    "Of the first part that is text; of HTML what is left without its tags."
    is_html: bool
    "Whether the text was made from HTML."
    parts: tuple[Part, ...]
    "All others."
    is_cut: bool
    "Whether not all of it was looked at."


def view_of(data: bytes) -> View:
    """Look at a message, or at its first megabyte."""
    is_cut = len(data) > MOST_BYTES
    try:
        mail = BytesParser().parsebytes(data[:MOST_BYTES])
        leaves = [part for part in mail.walk() if not part.is_multipart()]
    except RecursionError:  # parts within parts, without end
        mail = BytesParser().parsebytes(data[:MOST_BYTES], headersonly=True)
        leaves, is_cut = [], True
    shown = _text_part(leaves)
    text = _text_of(shown) if shown is not None else ""
    is_html = shown is not None and shown.get_content_type() == "text/html"
    if is_html:
        text = _without_tags(text)
    others = [_part(one) for one in leaves[:MOST_PARTS] if one is not shown]
    return View(
        tuple(_headers(mail)), text[:MOST_TEXT], is_html, tuple(others),
        is_cut or len(text) > MOST_TEXT or len(leaves) > MOST_PARTS,
    )  # fmt: skip


def subject_of(head: bytes) -> str:
    """Read the first subject in the beginning of a message; empty where there is none."""
    header = head.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    found = _SUBJECT.search(header)
    if found is None:
        return ""
    text = " ".join(_decoded(found[1].decode("utf-8", "surrogateescape")).split())
    return text[:LONGEST].encode("utf-8", "replace").decode()  # some charsets know half characters


def _headers(mail: Message) -> Iterator[tuple[str, str]]:
    for name, value in list(mail.raw_items())[:MOST_HEADERS]:
        yield name[:LONGEST], _decoded(str(value))[:LONGEST]


def _decoded(value: str) -> str:
    """Decode a header (RFC 2047), and unfold it; what cannot be decoded stays as it is."""
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = " ".join(text.split("\r\n")).replace("\n", " ")
    try:
        return "".join(
            piece if isinstance(piece, str) else _read(piece, charset)
            for piece, charset in decode_header(text[: LONGEST * 4])
        )
    except (HeaderParseError, ValueError):
        return text


def _text_part(leaves: list[Message]) -> Message | None:
    for wanted in ("text/plain", "text/html"):
        for part in leaves[:MOST_PARTS]:
            if part.get_content_type() == wanted and part.get_content_disposition() != "attachment":
                return part
    return None


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    return _read(payload, charset) if isinstance(payload, bytes) else ""


def _read(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "ascii", "replace")
    except (LookupError, ValueError):  # an encoding that nobody knows
        return data.decode("utf-8", "replace")


def _part(part: Message) -> Part:
    payload = part.get_payload(decode=False)
    size = len(payload) if isinstance(payload, str) else 0
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        size = size * 3 // 4
    return Part(_decoded(part.get_filename("") or "")[:LONGEST], part.get_content_type(), size)


class _Words(HTMLParser):
    """Collects what stands between tags."""

    HIDDEN: Final = ("script", "style", "head", "template")
    BREAKS: Final = ("p", "br", "div", "tr", "li", "h1", "h2", "h3", "table")

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self._hidden.append(tag)
        elif tag in self.BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _without_tags(html: str) -> str:
    words = _Words()
    words.feed(html[: MOST_TEXT * 10])
    lines = (" ".join(line.split()) for line in "".join(words.words).split("\n"))
    return "\n".join(line for line in lines if line)
