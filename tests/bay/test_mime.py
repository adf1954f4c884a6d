"""MIME as hostile mail has it."""

from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.text import MOST_NAMES, decoded, leaf_of, names_of, roughly


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (b"Content-Type: x/y; name=a.pdf", {"a.pdf"}),
        (b'Content-Disposition: attachment; filename="a b.pdf"', {"a b.pdf", "a"}),
        (b"Content-Disposition: attachment; filename=a b.pdf", {"a b.pdf", "a"}),
        (b"Content-Disposition: a; filename*=utf-8'de'Gr%C3%BC.pdf", {"Gr\xfc.pdf"}),
        (b'Content-Disposition: a; filename*0="a."; filename*1="pdf"', {"a.pdf", "a.", "pdf"}),
        (b'Content-Disposition: a; filename*0="a"; filename*="b"', {"a", "b"}),
        (b'Content-Type: x/y; name="=?utf-8?q?Gr=C3=BC?="', {"Gr\xfc"}),
        (b'Content-Type: x/y; name="Gr\xfc"', {"Gr\xfc"}),
        (b"Subject: name=a.exe", set()),
    ],
)
def test_a_part_has_every_name_that_somebody_could_read(header: bytes, names: set[str]) -> None:
    """Whole, in pieces, in percent or in words: a mail program somewhere reads it so."""
    found, _ = names_of(BytesParser().parsebytes(header + b"\r\n\r\nx"))
    assert names <= set(found)
    assert bool(found) == bool(names)


def test_what_broke_the_parser_is_told() -> None:
    """And the part has its names and its data all the same."""
    header = b'Content-Disposition: attachment; filename*0="a"; filename*="b"\r\n'
    leaf = leaf_of(BytesParser().parsebytes(header + b"\r\ndata"))
    assert (leaf.trouble, leaf.data) == ("TypeError", b"data")
    assert set(leaf.names) == {"a", "b"}


def test_names_are_bounded() -> None:
    """A header of nothing but names costs no more than one of a few."""
    header = b"Content-Type: x/y" + b"".join(b"; name*%d=n%d" % (n, n) for n in range(500))
    assert len(names_of(BytesParser().parsebytes(header + b"\r\n\r\n"))[0]) <= MOST_NAMES


def test_a_message_is_cut_at_what_could_be_a_boundary() -> None:
    """Parts are found without the parser, decoded, and known by type and name."""
    parts = list(
        roughly(
            b"Subject: x\r\n\r\nintro\r\n--b\r\n\r\nplain\r\n--b\r\n"
            b"Content-Type: image/PNG; name=a.png\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n"
            b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--b--\r\n"
        )
    )
    assert [part.data.strip() for part in parts] == [b"intro", b"plain", b"ABC", b"A"]
    assert (parts[2].kind, parts[2].names) == ("image/png", ("a.png",))


@given(st.binary(max_size=500))
def test_any_bytes_are_cut_somehow(message: bytes) -> None:
    """Nothing raises, and every text can be written down."""
    for leaf in roughly(message):
        assert "".join(leaf.names).encode() is not None


@given(st.text(max_size=100))
def test_any_words_are_decoded_or_left(text: str) -> None:
    """RFC 2047, in whatever shape it comes."""
    for form in (text, f"=?utf-8?b?{text}?=", f"=?{text}?q?x?="):
        decoded(form).encode()
