"""`dnswatch bay show`."""

from dnswatch.bay.record import Gone
from dnswatch.bay.spool import Spool
from tests.bay.mail import NOW
from tests.cli.conftest import Read, Run


def test_all_that_is_known_of_a_message(run: Run, bay: Spool) -> None:
    """Envelope, reasons, what was decided, headers and text, by the beginning of its name."""
    said = run("bay", "show", bay.idents()[1][:13])
    for text in (
        "state     deferred",
        "client    10.0.0.7, as 'pc'",
        "to        bob@there.example: deferred",
        "found unsure",
        "test: suspicious, it looks so",
        "defer, by dnswatch",
        "answered 451",
        "Subject: hello",
        "A line.",
    ):
        assert text in said


def test_programs_get_record_and_view(read: Read, bay: Spool) -> None:
    """The record line by line."""
    found = read("bay", "show", bay.idents()[1])
    assert [line["what"] for line in found["record"]] == [
        "envelope",
        "judged",
        "decided",
        "answered",
    ]
    assert found["view"]["text"] == "A line.\n" or "A line." in found["view"]["text"]


def test_a_body_that_went(run: Run, bay: Spool) -> None:
    """The record is still there, and says why."""
    ident = bay.idents()[0]
    bay.let_go(ident, Gone(at=NOW, why="bay.keep.done"))
    said = run("bay", "show", ident)
    assert "no longer kept" in said
    assert "bay.keep.done" in said


def test_a_name_that_is_none_or_several(run: Run, bay: Spool) -> None:
    """The sentence says what to do."""
    assert "there is no message 'zz'" in run("bay", "show", "zz", exit_code=1)
    assert "several messages begin with '01'" in run("bay", "show", "01", exit_code=1)
