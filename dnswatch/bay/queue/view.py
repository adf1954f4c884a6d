"""View: a message as a person may look at it, and as files that other programs read.

Looking is pure and harms nobody: headers, text, and what else is in it by name and size.  Nothing
is unpacked, opened or run.  What a terminal would obey is left in: whoever prints it makes it
harmless.

Exports overwrite nothing.  An .eml is the message byte for byte.  An mbox (RFC 4155, in its
reversible form "mboxrd") has LF for CRLF and quotes lines that begin with "From ", for that is what
an mbox is.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesParser
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO, Final

from dnswatch.bay.spool import Spool
from dnswatch.bay.text import Leaf, decoded, leaf_of, roughly, words
from dnswatch.errors import SpoolError

MOST_BYTES: Final = 1_000_000
"""Bytes of a message that are looked at: parsing may not take longer than a person waits."""

MOST_TAKEN: Final = 25_000_000
"""Bytes of a message out of which a part is taken."""

MOST_HEADERS: Final = 200
"""Header lines that are shown."""

LONGEST: Final = 2000
"""Characters of a header line, or of a name."""

MOST_PARTS: Final = 100
"""Parts that are named."""

MOST_TEXT: Final = 20_000
"""Characters of the text that are shown."""


_TAG: Final = re.compile(r"<[^>]*>")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_SUBJECT: Final = re.compile(rb"(?im)^subject[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)")


@dataclass(frozen=True, slots=True)
class AttachedPart:
    """What else is in a message."""

    name: str
    "As the sender calls it; may be empty."
    kind: str
    "The sender's word for its type, like `application/zip`."
    size: int
    "Bytes, about, when decoded."
    number: int
    "Its place among all parts, from 0."
    sha256: str
    "Of its bytes, in hexadecimal; empty where not all of the message was looked at."


@dataclass(frozen=True, slots=True)
class View:
    """What can be seen of a message."""

    headers: tuple[tuple[str, str], ...]
    "Name and text, decoded, in order."
    text: str
    "Of the first part that is text; of HTML what is left without its tags."
    is_html: bool
    "Whether the text was made from HTML."
    parts: tuple[AttachedPart, ...]
    "All others."
    is_cut: bool
    "Whether not all of it was looked at."


def view_of(data: bytes) -> View:
    """Look at a message, or at its first megabyte; never raises."""
    is_short = len(data) > MOST_BYTES
    leaves, headers, is_cut = _parsed(data[:MOST_BYTES])
    is_cut |= is_short
    shown = _text_part(leaves)
    text = _read(shown.data, shown.charset) if shown is not None else ""
    is_html = shown is not None and shown.kind == "text/html"
    if is_html:
        text = _without_tags(text)
    others = [
        _part(number, one, is_whole=not is_short)
        for number, one in enumerate(leaves[:MOST_PARTS])
        if one is not shown
    ]
    return View(
        tuple((words(name)[:LONGEST], _decoded(value)) for name, value in headers[:MOST_HEADERS]),
        words(text[:MOST_TEXT]),
        is_html,
        tuple(others),
        is_cut or len(text) > MOST_TEXT or len(leaves) > MOST_PARTS,
    )


def part_of(data: bytes, number: int) -> bytes:
    """Return the bytes of a part, decoded; raises `SpoolError` where there is none."""
    if len(data) > MOST_TAKEN:
        raise SpoolError(
            f"the message has more than {MOST_TAKEN:,} bytes: `dnswatch bay export` has all of it"
        )
    leaves, _, _ = _parsed(data)
    if number >= min(len(leaves), MOST_PARTS):
        raise SpoolError(f"the message has no part {number}")
    return leaves[number].data


def _parsed(data: bytes) -> tuple[list[Leaf], list[tuple[str, str]], bool]:
    """Take a message apart: its parts, its headers, and whether that is only a guess."""
    try:
        mail = BytesParser().parsebytes(data)
        leaves = [leaf_of(part) for part in mail.walk() if not part.is_multipart()]
        return leaves, [(name, str(value)) for name, value in mail.raw_items()], False
    except Exception:  # noqa: BLE001 parts without end, and whatever else breaks the parser
        return list(roughly(data)), _lines(data), True


def subject_of(head: bytes) -> str:
    """Read the first subject in the beginning of a message; empty where there is none."""
    end = head.find(b"\r\n\r\n")  # not behind it: the rest may be long
    header = head[: end + 4 if end >= 0 else None].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    found = _SUBJECT.search(header)
    if found is None:
        return ""
    text = " ".join(_decoded(words(found[1])).split())
    return text[:LONGEST]


def _lines(data: bytes) -> list[tuple[str, str]]:
    """Read a header line by line, where no parser can."""
    header = _BLANK.split(data, 1)[0].replace(b"\r\n", b"\n").replace(b"\n ", b" ")
    pairs = (line.partition(b":") for line in header.split(b"\n"))
    return [(words(name), words(value).strip()) for name, colon, value in pairs if colon]


def _decoded(value: str) -> str:
    """Decode a header (RFC 2047), and unfold it; what cannot be decoded stays as it is."""
    text = words(value)
    return decoded(" ".join(text.split("\r\n")).replace("\n", " ")[: LONGEST * 4])[:LONGEST]


def _text_part(leaves: list[Leaf]) -> Leaf | None:
    for wanted in ("text/plain", "text/html"):
        for leaf in leaves[:MOST_PARTS]:
            if leaf.kind == wanted and not leaf.is_attached:
                return leaf
    return None


def _read(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):  # an encoding that nobody knows
        return data.decode("utf-8", "replace")


def _part(number: int, leaf: Leaf, *, is_whole: bool) -> AttachedPart:
    name = next(iter(leaf.names), "")[:LONGEST]
    digest = sha256(leaf.data).hexdigest() if is_whole else ""
    return AttachedPart(name, leaf.kind, len(leaf.data), number, digest)


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
    html = html[: MOST_TEXT * 10]
    try:
        reader = _Words()
        reader.feed(html)
        text = "".join(reader.words)
    except Exception:  # noqa: BLE001 it raises anything on crooked declarations
        text = _TAG.sub(" ", html)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


_FROM_LINE: Final = re.compile(rb"^(>*From )", re.MULTILINE)


def to_eml(spool: Spool, ident: str, folder: Path) -> Path:
    """Write a message to a file of its own; return which."""
    path = folder / f"{ident}.eml"
    with spool.open(ident) as message, _making(path) as file:
        while chunk := message.read(1 << 20):
            file.write(chunk)
    return path


def to_mbox(spool: Spool, idents: Iterable[str], path: Path) -> None:
    """Write messages to one mbox."""
    with _making(path) as file:
        for ident in idents:
            envelope = spool.message(ident).envelope
            at = datetime.fromtimestamp(envelope.at, UTC)
            sender = re.sub(r"[^!-~]", "?", envelope.sender) or "MAILER-DAEMON"
            with spool.open(ident) as message:
                body = message.read().replace(b"\r\n", b"\n")
            file.write(f"From {sender} {at:%a %b %e %H:%M:%S %Y}\n".encode())
            file.write(_FROM_LINE.sub(rb">\1", body).rstrip(b"\n") + b"\n\n")


@contextmanager
def _making(path: Path) -> Iterator[BinaryIO]:
    """Make a file for its owner alone; one that stayed half is removed."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise SpoolError(f"'{path}' is there already: name another place, or remove it") from None
    except OSError as error:
        raise SpoolError(f"cannot write '{path}': {error.strerror or error}") from None
    try:
        with os.fdopen(number, "wb") as file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SpoolError(
            f"cannot write '{path}': {error.strerror or error}; it was removed again"
        ) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
