"""A view of a message that harms nobody."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.queue.view import MOST_BYTES, subject_of, view_of


def test_headers_text_and_what_else_there_is() -> None:
    """Headers are decoded, the plain text is shown, attachments are named and measured."""
    mail = EmailMessage()
    mail["Subject"] = "Grüße"
    mail.set_content("Hällo\n")
    mail.add_alternative("<p>Hello</p>", subtype="html")
    mail.add_attachment(b"MZ" * 600, maintype="application", subtype="zip", filename="a.pdf.exe")
    view = view_of(mail.as_bytes())
    assert ("Subject", "Grüße") in view.headers
    assert view.text == "Hällo\n"
    kinds = {part.kind: part for part in view.parts}
    assert kinds["application/zip"].name == "a.pdf.exe"
    assert 1150 <= kinds["application/zip"].size <= 1250
    assert not view.is_cut


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        (b"From: a\r\nSUBJECT: =?utf-8?q?Gr=C3=BC?=\r\n aus Ulm\r\n\r\nSubject: no", "Grü aus Ulm"),
        (b"X-Subject: no\n\nSubject: no\n", ""),
        (b"Subject:\r\nFrom: a\r\n\r\n", ""),
        (rb"Subject: =?unicode_escape?q?=5Cud800?=", "?"),
    ],
)
def test_subject_is_read_from_the_beginning(head: bytes, subject: str) -> None:
    """Decoded and on one line; what only looks like one is none."""
    assert subject_of(head) == subject


@given(st.binary(max_size=200).map(lambda some: b"Subject: " + some))
def test_any_subject_can_be_written_down(head: bytes) -> None:
    """Whatever a stranger wrote, it is text that a file or a database takes."""
    subject_of(head).encode()


def test_html_loses_its_tags() -> None:
    """Scripts and styles say nothing to a person."""
    mail = b"Content-Type: text/html\r\n\r\n<style>x</style><p>One<b>two</b><script>bad()</script>"
    view = view_of(mail)
    assert (view.text, view.is_html) == ("Onetwo", True)


def test_parts_without_end() -> None:
    """A message that is made to break parsers is shown by its headers."""
    deep = b"Subject: deep\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3000)
    )
    view = view_of(deep)
    assert view.is_cut
    assert ("Subject", "deep") in view.headers


def test_only_the_beginning_of_a_large_message_is_looked_at() -> None:
    """A person waits, so parsing is bounded."""
    view = view_of(b"Subject: x\r\n\r\n" + b"a" * MOST_BYTES)
    assert view.is_cut
    assert len(view.text) <= 20_000


@pytest.mark.parametrize(
    "subject", ["=?x-no-such?b?AAAA?=", "=?utf-8?b?A?=", "=?utf-8?q?=FF?=", "\udcff", "=?", ""]
)
def test_headers_that_cannot_be_decoded(subject: str) -> None:
    """They are shown somehow, and nothing else suffers."""
    data = b"Subject: " + subject.encode("utf-8", "surrogateescape") + b"\r\n\r\ntext"
    view = view_of(data)
    assert view.text == "text"
    view.headers[0][1].encode()


@given(st.binary(max_size=2000))
def test_whatever_comes(data: bytes) -> None:
    """There is a view of any bytes, and it can be written down."""
    for head in (b"", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"):
        view = view_of(head + data)
        view.text.encode()
        assert all(
            name.encode("utf-8", "replace") and text is not None for name, text in view.headers
        )


def test_broken_html_is_no_fault_of_the_person_who_looks() -> None:
    """Where the parser breaks, tags are cut out by hand."""
    view = view_of(b"Content-Type: text/html\r\n\r\n<p>hello</p><![FOR]><b>x</b>")
    assert view.text.split() == ["hello", "x"]


def test_a_name_that_breaks_the_parser_is_shown() -> None:
    """Under one of those that it could have."""
    disposition = b'attachment; filename*0="a"; filename*="b"'
    view = view_of(
        b"Content-Type: application/pdf\r\nContent-Disposition: " + disposition + b"\r\n\r\nx"
    )
    assert view.parts[0].name in ("a", "b")


def test_a_message_that_breaks_the_parser_is_shown_roughly() -> None:
    """Its headers, its text and its parts, and that it is not all."""
    view = view_of(
        b"Subject: =?utf-8?q?Gr=C3=BC?=\r\n"
        b'Content-Type: multipart/mixed; boundary*0="b"; boundary*="b"'
        b"\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: x/y; name=a.pdf\r\n\r\nx\r\n--b--\r\n"
    )
    assert view.is_cut
    assert ("Subject", "Gr\xfc") in view.headers
    assert "hello" in view.text
    assert [part.name for part in view.parts if part.name] == ["a.pdf"]
