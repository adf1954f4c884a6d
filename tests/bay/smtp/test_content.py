"""What follows DATA becomes a message."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from dnswatch.bay.smtp.transfer import Content

ODD = st.text("\r\n.ax", max_size=40).map(str.encode)
"""Texts in which line ends and dots meet in every way."""


def plain(stuffed: bytes) -> bytes:
    """Do the same line by line (RFC 5321 section 4.5.2)."""
    return b"\r\n".join(line.removeprefix(b".") for line in stuffed.split(b"\r\n"))


def fed(stuffed: bytes, cuts: list[int]) -> tuple[bytes, Content]:
    """Feed a text that was cut anywhere."""
    content, text = Content(), b"\r\n" + stuffed
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [content.feed(text[a:b]) for a, b in pairwise(edges)]
    return b"".join([*pieces, content.finish()]), content


def ended(text: bytes) -> bytes:
    """Make a text what may stand before the end of a message."""
    text = text if text.endswith(b"\r\n") or not text else text + b"\r\n"
    while b"\r\n.\r\n" in b"\r\n" + text:
        text = (b"\r\n" + text).replace(b"\r\n.\r\n", b"\r\n..\r\n")[2:]
    return text


@given(ODD.map(ended), st.lists(st.integers(0, 60), max_size=5))
@example(b"..\r\n", [3])
def test_message_is_the_same_in_whatever_pieces_it_comes(text: bytes, cuts: list[int]) -> None:
    """Dots are unstuffed as line by line, wherever the network cut the stream."""
    assert fed(text, cuts)[0] == plain(text)


@given(ODD.map(ended), st.lists(st.integers(0, 60), max_size=5))
def test_what_could_be_two_messages_is_found(text: bytes, cuts: list[int]) -> None:
    """A dot alone between line ends of which one is bare is found; nothing else is."""
    _, content = fed(text, cuts)
    whole = b"\r\n" + text
    marks = {whole[n : n + 3] for n in range(len(whole) - 2) if whole[n + 1 : n + 2] == b"."}
    assert content.has_lone_dot == any(
        mark[:1] in b"\r\n" and mark[2:] in b"\r\n" for mark in marks
    )
    assert content.has_bare_newlines == any(c in b"\r\n" for c in whole.replace(b"\r\n", b""))
