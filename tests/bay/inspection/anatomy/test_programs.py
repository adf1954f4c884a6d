"""What runs on a click, by its name and by its first bytes."""

import pytest

from dnswatch.bay.inspection.anatomy.files import by_content, by_name


@pytest.mark.parametrize(
    "name", ["setup.exe", "SETUP.EXE", "love.vbs. ", "update.PIF", "run.js", "a.b.scr", "x.lnk"]
)
def test_name_of_a_program_is_known(name: str) -> None:
    """A file counts by its last extension, however it is written."""
    assert by_name(name) == "program"


@pytest.mark.parametrize(
    "name",
    ["photo.jpg.exe", "invoice.PDF.Scr", "letter.doc          .pif", "cod.\u202eexe", "a.txt.vbs."],
)
def test_name_that_hides_a_program_is_known(name: str) -> None:
    """A second extension, blanks in between, or turned writing is a disguise."""
    assert by_name(name) == "disguised"


@pytest.mark.parametrize(
    "name", ["", "exe", ".exe", "report.pdf", "v1.2.zip", "exe.txt", "page.tar.gz", "\0", "a."]
)
def test_other_names_are_no_programs(name: str) -> None:
    """An extension in the middle, or none at all, runs nothing."""
    assert by_name(name) == ""


def test_developers_script_is_no_disguise() -> None:
    """`page.html.js` is a program, but nobody is deceived by it."""
    assert by_name("page.html.js") == "program"


@pytest.mark.parametrize(
    "head",
    [b"MZ\x90\0", b"\x7fELF\x02", b"\xcf\xfa\xed\xfe", b"#!/bin/sh", b"L\0\0\0\x01\x14\x02\0"],
)
def test_first_bytes_tell_a_program(head: bytes) -> None:
    """A program is known whatever its name."""
    assert by_content(head)


@pytest.mark.parametrize("head", [b"", b"MZ is a text that begins so", b"%PDF-1.7", b"PK\x03\x04"])
def test_other_bytes_are_no_program(head: bytes) -> None:
    """A text that begins with the letters of a program is none."""
    assert not by_content(head)
