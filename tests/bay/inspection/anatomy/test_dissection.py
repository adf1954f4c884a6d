"""A message taken apart."""

import base64
import email.parser
import email.policy
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.inspection.anatomy.dissection import (
    MOST_HEADER,
    MOST_NESTED,
    MOST_PARTS,
    MOST_WORK,
    dissect,
    dissect_text,
    parse,
)
from dnswatch.bay.queue.view import view_of
from tests.bay.inspection.letters import PROGRAM, UNPACKED, letter, zipped

MIXED = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'


def attached(header: bytes, data: bytes = PROGRAM) -> bytes:
    """Write a message with one part that has a header of our own."""
    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (
        MIXED
        + b"--b\r\n\r\nHello\r\n--b\r\nContent-Transfer-Encoding: base64\r\n"
        + header
        + b"\r\n\r\n"
        + encoded
        + b"--b--\r\n"
    )


_PIECES = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b":", b" ", b"\t", b"\0", b"\xff", b"\x0c"),
        *(b"From here\r\n", b"Subject: a\r\n", b"Subject: b\r\n folded\r\n", b"no header\r\n"),
        *(b"Content-Type: text/plain\r\n", b"Content-Type: message/rfc822\r\n"),
        *(b"Content-Type: message/delivery-status\r\n", b"Content-Type: text\r\n"),
        *(b'Content-Type: multipart/mixed; boundary="b"\r\n', b"--b\r\n", b"--b--\r\n", b"text"),
        b"Content-Transfer-Encoding: base64\r\n",
    ]
)


@given(st.lists(_PIECES, max_size=12).map(b"".join))
def test_message_is_parsed_as_by_the_standard_library(message: bytes) -> None:
    """Where a text is taken as it is, headers, parts and faults are those of the whole parser."""
    parsed = parse(message)
    whole = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(message)
    assert parsed.get_unixfrom() == whole.get_unixfrom()
    assert list(map(type, parsed.defects)) == list(map(type, whole.defects))
    mine, theirs = list(parsed.walk()), list(whole.walk())
    assert [part.items() for part in mine] == [part.items() for part in theirs]
    texts = [
        [part.get_payload() for part in of if not part.is_multipart()] for of in (mine, theirs)
    ]
    assert texts[0] == texts[1]


_LINES = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"text\r\n", b"MZ\0", b"PK\x03\x04", b"PK\x05\x06"),
        *(b"#!/bin/sh\n", b"\x1f\x8b", b"boundary=b", b"multipart/x ", b"\xff\0", b" folded\r\n"),
        *(
            b"From here\r\n",
            b"Subject: a\r\n",
            b"X: name=a.exe\r\n",
            b"content-type: text/plain\r\n",
        ),
        *(b'Content-Type: text/plain; charset="utf-8";\r\n format=flowed\r\n', b": x\r\n"),
        *(b"Content-Type: text/plain; name=a.exe\r\n", b"Content-Type: text/html\r\n"),
        *(b"Content-Transfer-Encoding: 8bit\r\n", b"Content-Transfer-Encoding: base64\r\n"),
        *(b"Content-Disposition: attachment; filename=a.exe\r\n", b"x" * 600),
    ]
)


@given(st.lists(_LINES, max_size=12).map(b"".join))
def test_text_is_taken_apart_as_any_message(message: bytes) -> None:
    """What is taken for one plain text has the anatomy that a parser finds."""
    assert dissect_text(message) in (None, dissect(message, UNPACKED))


def test_only_one_plain_text_is_taken_for_one() -> None:
    """A letter without anything attached is; what could be more to anybody is not."""
    assert dissect_text(letter()) is not None
    assert dissect_text(b"Subject: x\r\n\r\n" + b"A line of text.\r\n" * 500) is not None
    for message in (
        letter(("a.exe", PROGRAM)),
        b"Subject: x\r\n\r\n" + PROGRAM,
        b"Subject: x\r\n\r\n" + zipped(("a.exe", PROGRAM)),
        b"Subject: x\r\n\r\ntext" + zipped(("a.exe", PROGRAM)),
        b"Content-Type: text/plain; name=a.exe\r\n\r\ntext",
        b"Content-Transfer-Encoding: base64\r\n\r\ntext",
        b"Subject: x\r\n\r\n" + b"multipart/" * (MOST_NESTED + 1),
        b"Subject: x\n\ntext",
        b"no header at all\r\n\r\ntext",
    ):
        assert dissect_text(message) is None, message[:60]


def test_ordinary_message_has_nothing_to_tell() -> None:
    """A text with a document is no matter for anybody."""
    anatomy = dissect(letter(("a.pdf", b"%PDF-1.7"), text="Look at this"), UNPACKED)
    assert not anatomy.programs + anatomy.disguised + anatomy.sealed + anatomy.unseen


@pytest.mark.parametrize(
    "header",
    [
        b'Content-Disposition: attachment; filename="a.jpg.exe"',
        b'Content-Type: application/x; name="a.jpg.exe"',
        b'Content-Type: image/jpeg; name="a.jpg.exe"\r\n'
        b'Content-Disposition: inline; filename="a.jpg"',
        b"Content-Disposition: attachment; filename*=utf-8''a.jpg%2Eexe",
        b'Content-Disposition: attachment; filename*0="a.jpg"; filename*1=".exe"',
        b'Content-Disposition: attachment; filename="=?utf-8?B?YS5qcGcuZXhl?="',
        b'Content-Disposition: attachment; filename="\xfc.jpg.exe"',
    ],
)
def test_name_is_read_however_it_is_written(header: bytes) -> None:
    """Each way in which a mail program may read a name is read, and any of them counts."""
    assert dissect(attached(header), UNPACKED).disguised


def test_program_without_a_name_is_found() -> None:
    """A part without any name is looked at as well."""
    assert dissect(attached(b"Content-Type: image/png"), UNPACKED).programs


def test_script_in_a_text_is_no_program() -> None:
    """A person may write about a script."""
    assert not dissect(letter(text="#!/bin/sh\nexit"), UNPACKED).programs


def test_program_in_an_attached_message_is_found() -> None:
    """A message in a message is looked into."""
    inner = letter(("a.exe", PROGRAM))
    outer = MIXED + b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    assert dissect(outer, UNPACKED).programs


def test_piece_of_a_message_is_unseen() -> None:
    """A message that is sent in pieces cannot be judged by one (RFC 2046 section 5.2.2)."""
    message = b"Content-Type: message/partial; id=x; number=1\r\n\r\nFrom: a\r\n\r\nhello"
    assert "piece" in dissect(message, UNPACKED).unseen[0]


def test_payload_does_not_depend_on_the_header() -> None:
    """The same text to different people is the same payload; another text is another one."""
    one, two = (dissect(letter(subject=subject), UNPACKED) for subject in ("One", "Two"))
    assert one.payload == two.payload != dissect(letter(text="Else"), UNPACKED).payload


def test_program_is_the_payload_whatever_the_text() -> None:
    """Worms choose the text around themselves by chance."""
    one, two = (dissect(letter(("a.exe", PROGRAM), text=text), UNPACKED) for text in ("1", "2"))
    assert one.payload == two.payload


NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    for number in range(MOST_NESTED + 1)
)
TRAPS = [
    b"A: " + b"a" * MOST_HEADER + b"\r\n\r\nHello",
    NESTED,
    MIXED + b"--b\r\n\r\n" * (MOST_PARTS + 1),
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    + b'x: boundary="%d"\n' * 3 * MOST_NESTED % tuple(range(3 * MOST_NESTED)),
    MIXED + b"\n" * (MOST_WORK // 2),
]


@pytest.mark.parametrize("message", TRAPS, ids=["header", "nested", "parts", "boundaries", "lines"])
def test_trap_for_parsers_is_not_parsed(message: bytes) -> None:
    """What a parser would drown in is counted before it is parsed, and said to be unseen."""
    anatomy = dissect(message, UNPACKED)
    assert "more than" in anatomy.unseen[0]
    assert anatomy.payload


PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"\r\n",
        b"\n--b\n",
        b"--b--\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b'Content-Disposition: attachment; filename="a.zip"\r\n',
        base64.b64encode(PROGRAM),
        b"Content-Type: text/plain; charset=\xff; name*0*=x''%",
        b"=?utf-8?B?/?=",
        b"begin 644 a\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        base64.b64encode(zipped(("a", b"b"))),
    ]
)


@given(st.lists(PIECES | st.binary(max_size=50), max_size=20).map(b"".join))
def test_whatever_comes_is_taken_apart(message: bytes) -> None:
    """Any bytes at all have an anatomy."""
    assert len(dissect(message, UNPACKED).payload) == 64


NAMES = {
    "filename*0 beside filename*": b'attachment; filename*0="cv.pdf.exe"; filename*="x.txt"',
    "pieces": b'attachment; filename*0="cv.pdf"; filename*1=".exe"; filename*="b"',
    "pieces out of order": b'attachment; filename*1=".exe"; filename*0="cv.pdf"; filename*="b"',
    "percent": b"attachment; filename*0*=utf-8''cv.pdf%2Eexe; filename*=\"b\"",
    "no end of quotes": b'attachment; filename*0=x; filename*="cv.pdf.exe',
    "words": b'attachment; filename*0=x; filename*="=?utf-8?q?cv.pdf=2Eexe?="',
}


@pytest.mark.parametrize("disposition", NAMES.values(), ids=NAMES.keys())
def test_a_name_that_breaks_parsers_is_read_in_every_way(disposition: bytes) -> None:
    """What hides a program from one mail program does not from another; and the break is told."""
    part = b"Content-Type: application/octet-stream\r\nContent-Disposition: " + disposition
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    anatomy = dissect(head + part + b"\r\n\r\nx\r\n--b--\r\n", UNPACKED)
    assert anatomy.disguised
    assert "breaks parsers" in "".join(anatomy.unseen)


def test_a_message_that_breaks_parsers_is_cut_at_what_looks_like_a_boundary() -> None:
    """Its parts are decoded and looked at all the same."""
    program = base64.encodebytes(PROGRAM).replace(b"\n", b"\r\n")
    message = (
        b'Content-Type: multipart/mixed; boundary*0="b"; boundary*="b"\r\n\r\n--b\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--b\r\n"
        b'Content-Type: application/zip; name="photo.jpg"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + program + b"--b--\r\n"
    )
    anatomy = dissect(message, UNPACKED)
    assert anatomy.programs == ("'photo.jpg' is a program for Windows",)
    assert "breaks parsers" in anatomy.unseen[0]


TOKENS = (
    b"Content-Type:",
    b"Content-Disposition:",
    b"Content-Transfer-Encoding:",
    b" multipart/mixed",
    b" message/rfc822",
    b" text/html",
    b"; boundary=b",
    b'; boundary*0="b"',
    b'; boundary*="b"',
    b'; name="a.exe"',
    b'; filename*0="a"',
    b'; filename*="b"',
    b"; filename*1*=''%ff",
    b" base64",
    b" quoted-printable",
    b" x-uuencode",
    b"; charset=\xff",
    b"; charset*=x'y",
    b"=?utf-8?b?%?=",
    b"\r\n",
    b"\r\n\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"begin 644 a.exe\r\n",
    b"\0",
    b"\xff",
    b"<![FOR]>",
    b"\r\n\t",
    b'"',
    b";",
    b"*",
    b"=",
    b"AAAA",
)


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join))
def test_whatever_mime_comes_is_taken_apart(message: bytes) -> None:
    """Python's parser raises anything; dissection never does, and so is every view of it."""
    dissect(message, 1000)
    view = view_of(message)
    assert json.dumps(asdict(view), ensure_ascii=False).encode()
