"""Programs in archives, and archives that are traps."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.inspection.anatomy import Anatomy
from dnswatch.bay.inspection.anatomy.files import DEEPEST, MOST_FILES, Archives
from dnswatch.bay.inspection.anatomy.findings import Findings
from tests.bay.inspection.letters import PROGRAM, UNPACKED, zipped


def seen(name: str, data: bytes, budget: int = UNPACKED) -> Anatomy:
    """Look into a file."""
    found = Findings()
    Archives(found, budget).look((name,), data)
    return found.anatomy("", "")


def tarred(*files: tuple[str, bytes]) -> bytes:
    """Pack files into a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        tarred,
        lambda file: gzip.compress(file[1]),
        lambda file: bz2.compress(file[1]),
        lambda file: lzma.compress(file[1]),
        lambda file: gzip.compress(tarred(file)),
        lambda file: zipped(("in.tgz", gzip.compress(tarred(file)))),
    ],
)
def test_program_in_an_archive_is_found(pack: Callable[[tuple[str, bytes]], bytes]) -> None:
    """A program is found by its content in each kind of archive, and in archives in archives."""
    assert seen("photos.dat", pack(("photo.jpg", PROGRAM))).programs


@pytest.mark.parametrize("name", ["photos.zip", "photos.dat"])
def test_archive_behind_other_bytes_is_opened(name: str) -> None:
    """A ZIP archive is one whatever comes before and after it, as in the programs that open it."""
    hidden = b"MIME" + zipped(("cv.pdf.exe", PROGRAM)) + b"some more"
    assert seen(name, hidden).disguised
    assert seen("outer.zip", zipped(("inner.zip", hidden))).disguised


@pytest.mark.parametrize("name", ["a.zip", "a.GZ", "a.tar"])
def test_archive_in_name_alone_is_not_seen_through(name: str) -> None:
    """What is called an archive and cannot be opened was not scanned: somebody's program may."""
    assert seen(name, b"something else").unseen
    assert seen("outer.zip", zipped((name, b"something else"))).unseen


def test_disguise_in_an_archive_is_found() -> None:
    """A name that hides a program counts in an archive as well."""
    assert seen("a.zip", zipped(("cv.pdf.exe", b""))).disguised


def test_macros_of_a_document_are_programs() -> None:
    """A document with macros runs them when it is opened."""
    assert seen("a.docx", zipped(("word/vbaProject.bin", b"x"))).programs
    assert seen("a.docx", zipped(("word/document.xml", b"<x/>"))) == Anatomy(payload="")


def test_encrypted_archive_is_sealed_and_its_names_are_read() -> None:
    """Worms encrypt archives to pass scanners; the names in them stay readable."""
    data = bytearray(zipped(("setup.exe", PROGRAM)))
    for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + at] |= 1
    anatomy = seen("a.zip", bytes(data))
    assert anatomy.sealed == ("'a.zip' is encrypted",)
    assert anatomy.programs


@pytest.mark.parametrize("pack", [lambda data: zipped(("zeros", data)), gzip.compress])
def test_bomb_is_told_and_not_unpacked(pack: Callable[[bytes], bytes]) -> None:
    """An archive that unpacks to many times its size is a trap, and does not fill the memory."""
    assert seen("a.bin", pack(bytes(4_000_000)), budget=1_000_000).sealed


def test_bombs_in_an_archive_are_not_unpacked() -> None:
    """What archives in an archive unpack to comes out of one budget."""
    bomb = gzip.compress(bytes(600_000), 1)
    anatomy = seen("a.zip", zipped(("1.gz", bomb), ("2.gz", bomb), ("3.gz", bomb)), 1_000_000)
    assert "unpacks to more" in anatomy.unseen[0]


def test_archives_are_opened_only_so_deep() -> None:
    """Archives in archives without end are said to be not looked into."""
    data = PROGRAM
    for number in range(DEEPEST + 3):
        data = zipped((f"{number}.zip", data))
    assert "deeper" in seen("a.zip", data).unseen[0]


def test_archive_of_many_files_is_not_looked_through() -> None:
    """More files than a person packs are said to be not looked into."""
    data = zipped(*((f"{number}", b"") for number in range(MOST_FILES + 1)))
    assert "files" in seen("a.zip", data).unseen[0]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.7z", b""),
        ("a", b"Rar!\x1a\x07\0"),
        ("a", b"Rar!\x1a\x07\x01\0"),
        ("a", b"7z\xbc\xaf\x27\x1c\0\4"),
        ("winmail.dat", b"\x78\x9f\x3e\x22"),
        ("a", b"\x22\x8f-lh5-"),
        ("a", bytes(7) + b"**ACE**"),
        ("a", bytes(0x8001) + b"CD001"),
        ("a", b"LZIP\1"),
        ("a", b"070701"),
        ("a", b"!<arch>\n"),
        ("a", b"xar!"),
        ("a.VHD", b""),
        ("a.egg", b""),
        ("a", b"\x04\x22\x4d\x18"),
    ],
)
def test_archive_that_is_not_opened_is_unseen(name: str, data: bytes) -> None:
    """Formats that are not opened here are known by name or content, and said."""
    assert "not opened" in seen(name, data).unseen[0]


def test_a_file_that_cannot_be_opened_hides_none_beside_it() -> None:
    """By a method that is not known here: it is judged by its name, and so are the others."""
    data = zipped(("first.txt", b"x"), ("cv.pdf.exe", PROGRAM), ("last.exe", PROGRAM))
    spoilt = bytearray(data)
    for header, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        spoilt[spoilt.index(header) + at] = 98  # PPMd
    anatomy = seen("a.zip", bytes(spoilt))
    assert anatomy.unseen == ("'first.txt' in 'a.zip' cannot be opened: NotImplementedError",)
    assert anatomy.disguised
    assert anatomy.programs


def test_a_file_that_an_archive_does_not_list_is_found() -> None:
    """Programs differ in whether they read the list at the end, or what stands before each file."""
    data = zipped(("cv.pdf.exe", PROGRAM), ("note.txt", b"x"))
    listed = data.index(b"PK\x01\x02")
    hidden = data[:listed] + data[listed:].replace(b"cv.pdf.exe", b"cv.pdf.txt")
    anatomy = seen("a.zip", hidden)
    assert anatomy.disguised
    assert "is in no list" in anatomy.unseen[-1]


def test_a_bomb_of_bombs_is_not_unpacked() -> None:
    """Sixteen archives in each of sixteen: what they unpack to comes out of one budget."""
    data = gzip.compress(bytes(1_000_000))
    for _ in range(2):
        data = zipped(*((f"{n}.zip", data) for n in range(16)))
    anatomy = seen("a.zip", data, budget=2_000_000)
    assert "unpacks to more" in anatomy.unseen[0]


@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from([zipped, tarred]))
def test_broken_archive_never_raises(junk: bytes, at: int, pack: Callable[..., bytes]) -> None:
    """An archive that is spoilt anywhere is looked at or said to be unseen."""
    data = bytearray(pack(("a.exe", PROGRAM), ("b.zip", zipped(("c", b"c" * 100)))))
    data[at : at + len(junk)] = junk
    seen("a.zip", bytes(data))
