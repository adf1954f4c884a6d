"""Files in a message: which are programs, and what is in archives and in archives within them.

A name counts by its last extension, as Windows reads it: blanks and dots at the end are not there.

Of a file in an archive only the first bytes are read, unless it is an archive itself.  All that is
unpacked, however deep it lies, comes out of one budget; what is beyond it is said to be unseen.  A
file that cannot be opened hides none of those beside it, and is judged by its name.
"""

import bz2
import gzip
import io
import itertools
import lzma
import re
import tarfile
import zipfile
from collections.abc import Callable
from typing import IO, Final, Literal

from dnswatch.bay.inspection.anatomy.findings import Findings

HEAD: Final = 512
"""Bytes that are enough to know a file by; the name of a tar archive's format ends at 263."""

_WINDOWS: Final = """
    ade adp app application appref-ms bas bat chm cmd com cpl csh diagcab dll exe gadget hlp hta inf
    ins isp its jar jnlp js jse ksh lnk mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt
    mdw mdz msc msh msh1 msh2 mshxml msi msp mst ops pcd pif prg printerexport ps1 ps1xml ps2 ps2xml
    psc1 psc2 psd1 psm1 reg scf scr sct search-ms shb shs sys theme url vb vbe vbp vbs vsmacros vsw
    vxd ws wsc wsf wsh xbap xll xnk
"""
"""Extensions of what Windows runs, or installs, on a click; Outlook blocks the same."""

_OTHERS: Final = "apk command deb desktop dmg elf pkg rpm run sh workflow"
"""The same of other systems."""

_HIDDEN: Final = "bat cmd com cpl exe hta jse lnk msi pif ps1 scr vbe vbs wsf wsh"
"""Those that hide behind another extension; `page.html.js` is a web developer's file."""

_SHOWN: Final = """
    avi bmp csv doc docx eml gif htm html jpeg jpg log mov mp3 mp4 mpeg mpg odp ods odt pdf png pps
    ppt pptx rtf tif tiff txt wav xls xlsx xml zip
"""
"""Extensions of files that are looked at: before one of the above they are a disguise."""

_RUN: Final = frozenset((_WINDOWS + _OTHERS).split())
_CLICK: Final = frozenset(_HIDDEN.split())
_SHOW: Final = frozenset(_SHOWN.split())

_TURNED: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of writing: `cod.\u202eexe` would be read as `cod.exe`."""

_MAGIC: Final = (
    (b"\x7fELF", "is a program for Unix"),
    (b"\xfe\xed\xfa\xce", "is a program for macOS"),
    (b"\xfe\xed\xfa\xcf", "is a program for macOS"),
    (b"\xce\xfa\xed\xfe", "is a program for macOS"),
    (b"\xcf\xfa\xed\xfe", "is a program for macOS"),
    (b"\xca\xfe\xba\xbe", "is a program for macOS or Java"),
    (b"L\0\0\0\x01\x14\x02\0", "is a shortcut of Windows, which runs what it names"),
    (b"#!", "is a script"),
)
"""First bytes, and what they say."""


def by_name(name: str) -> Literal["", "program", "disguised"]:
    """Say whether a name is that of a program, or of one that wants to look like something else."""
    plain = "".join(one for one in _TURNED.sub("", name) if one.isprintable())
    stem, _, last = plain.rstrip(". ").rpartition(".")
    kind = last.strip().lower()
    if kind not in _RUN or not stem:
        return ""
    before = stem.rpartition(".")[2].strip().lower() if "." in stem else ""
    hides = bool(_TURNED.search(name)) or (before in _SHOW and kind in _CLICK)
    return "disguised" if hides else "program"


def by_content(head: bytes) -> str:
    """Say what kind of program begins with these bytes; empty for none."""
    if head.startswith(b"MZ") and b"\0" in head[:64]:  # a text may begin with these letters
        return "is a program for Windows"
    return next((said for magic, said in _MAGIC if head.startswith(magic)), "")


DEEPEST: Final = 4
"""Archives within one another: a .docx in a .tar.gz in a .zip is honest, more is a trap."""

MOST_FILES: Final = 2000
"""Files in all archives of a message."""

BOMB: Final = 200
"""How many times its size an archive may unpack to: text and tables stay below 50."""

Trail = tuple[str, ...]
"""A file's name, after those of the archives that it is in."""

_Packed = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_STREAMS: Final[dict[bytes, Callable[[IO[bytes]], _Packed]]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_CLOSED: Final = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"MSCF", "CAB"),
    (b"ISc(", "CAB"),
    (b"\x60\xea", "ARJ"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x1f\x9d", "compress"),
    (b"\x1f\xa0", "compress"),
    (b"\x78\x9f\x3e\x22", "TNEF (winmail.dat)"),
    (b"LZIP", "lzip"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"\x5d\0\0", "LZMA"),
    (b"\x89LZO\0\r\n", "LZO"),
    (b"ZOO ", "ZOO"),
    (b"StuffIt", "StuffIt"),
    (b"SIT!", "StuffIt"),
    (b"xar!", "XAR"),
    (b"!<arch>\n", "ar"),
    (b"070701", "cpio"),
    (b"070702", "cpio"),
    (b"070707", "cpio"),
    (b"\xc7\x71", "cpio"),
    (b"\x71\xc7", "cpio"),
    (b"MSWIM\0\0\0", "WIM"),
    (b"hsqs", "SquashFS"),
    (b"vhdxfile", "disk"),
    (b"conectix", "disk"),
    (b"QFI\xfb", "disk"),
    (b"KDM", "disk"),
    (b"EGGA", "EGG"),
    (b"ALZ\x01", "ALZ"),
    (b"UHA", "UHARC"),
    (b"7kSt", "ZPAQ"),
    (b"zPQ", "ZPAQ"),
    (b"\xe4\x52\x5c\x7b", "OneNote"),
)
_CLOSED_LATER: Final = (
    (2, b"-lh", "LHA"),
    (2, b"-lz", "LHA"),
    (2, b"-pm", "LHA"),
    (7, b"**ACE**", "ACE"),
    (0x8001, b"CD001", "disk"),
    (0x8001, b"BEA01", "disk"),
)
"""Those that are known by what stands further on; an ISO image begins with 32 kB of nothing."""
_NAMED: Final = {
    "7z": "7z",
    "rar": "RAR",
    "cab": "CAB",
    "arj": "ARJ",
    "ace": "ACE",
    "lzh": "LHA",
    "lha": "LHA",
    "zst": "Zstandard",
    "z": "compress",
    "iso": "disk",
    "img": "disk",
    "udf": "disk",
    "vhd": "disk",
    "vhdx": "disk",
    "vmdk": "disk",
    "qcow2": "disk",
    "one": "OneNote",
    "lz": "lzip",
    "lz4": "LZ4",
    "lzma": "LZMA",
    "lzo": "LZO",
    "zoo": "ZOO",
    "sit": "StuffIt",
    "sitx": "StuffIt",
    "xar": "XAR",
    "cpio": "cpio",
    "wim": "WIM",
    "swm": "WIM",
    "esd": "WIM",
    "egg": "EGG",
    "alz": "ALZ",
    "zpaq": "ZPAQ",
    "arc": "ARC",
    "uue": "uuencode",
    "xxe": "xxencode",
    "br": "Brotli",
}
"""Formats that are not opened here; ClamAV opens most of them."""
_CLAIMS: Final = ("zip", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "tar", "jar")
"""Names of those that are: a file that is called so and is none is opened by somebody's program."""

_LOCAL: Final = re.compile(rb"PK\x03\x04[\s\S]{26}")
_END_OF_ZIP: Final = b"PK\x05\x06"
_LAST_OF_ZIP: Final = 65_557
"""Bytes at the end of a file in which a ZIP's last record begins: its comment may be that long."""


class Beyond(Exception):  # noqa: N818 it is no error: a bound was met
    """The budget is used up."""


class Archives:
    """Looks into files, and says what it found."""

    def __init__(self, found: Findings, budget: int) -> None:
        """`budget` is how many bytes may be unpacked in all."""
        self._found = found
        self._bytes = budget
        self._files = MOST_FILES

    def look(self, trail: Trail, data: bytes, *, named: bool = True) -> None:
        """Look at a file and into it; a text of the message itself is not `named`."""
        self._judge(trail, data[:HEAD] if named or not data.startswith(b"#!") else b"")
        try:
            self._open(trail, data)
        except Beyond as bound:
            self._found.add("unseen", trail, str(bound))
        except Exception as error:  # noqa: BLE001 the libraries raise anything on crooked bytes
            self._found.add("unseen", trail, f"cannot be opened: {type(error).__name__}")

    def _judge(self, trail: Trail, head: bytes) -> None:
        """Judge a file by its name and its first bytes."""
        kind, content = by_name(trail[-1]), by_content(head)
        if kind == "disguised":
            self._found.add("disguised", trail, "is a program whose name says otherwise")
        elif content or kind:
            self._found.add("programs", trail, content or "is a program by its name")
        if trail[-1].lower().endswith("vbaproject.bin"):
            self._found.add("programs", trail, "is the macros of a document")

    def _open(self, trail: Trail, data: bytes) -> None:
        stream = next((one for magic, one in _STREAMS.items() if data.startswith(magic)), None)
        if data.startswith(_ZIP) or _END_OF_ZIP in data[-_LAST_OF_ZIP:]:  # it is read from its end
            self._zip(trail, data)
        elif stream is not None:
            self._stream(trail, data, stream)
        elif _is_tar(data):
            self._tar(trail, data)
        elif kind := _closed(trail[-1], data):
            self._found.add("unseen", trail, f"is in the format {kind}, which is not opened")
        elif _kind(trail[-1]) in _CLAIMS:
            self._found.add("unseen", trail, "is no archive, though its name says so")

    def _zip(self, trail: Trail, data: bytes) -> None:
        self._count(data.count(b"PK\x01\x02"), trail)  # before zipfile makes an object of each
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            size = sum(entry.file_size for entry in entries)
            if size > BOMB * len(data) and size > self._bytes:
                self._found.add("sealed", trail, f"is a bomb of {size:,} bytes")
            for entry in entries:
                inner = (*trail, entry.filename)
                if entry.flag_bits & 1:
                    self._found.add("sealed", trail, "is encrypted")
                    self._judge(inner, b"")
                else:
                    self._entry(inner, archive, entry)
        for name in _local_names(data) - {entry.filename for entry in entries}:
            self._found.add("unseen", (*trail, name), "is in no list of its archive")
            self._judge((*trail, name), b"")

    def _entry(self, trail: Trail, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        """Look at one file of a ZIP; a method that is not known here is to somebody's program."""
        try:
            with archive.open(entry) as file:
                self._file(trail, file)
        except Beyond:
            raise
        except Exception as error:  # noqa: BLE001 the libraries raise anything on crooked bytes
            self._found.add("unseen", trail, f"cannot be opened: {type(error).__name__}")
            self._judge(trail, b"")

    def _tar(self, trail: Trail, data: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for entry in archive:
                self._count(1, trail)
                file = archive.extractfile(entry) if entry.isfile() else None
                if file is not None:
                    self._file((*trail, entry.name), file)

    def _stream(self, trail: Trail, data: bytes, opened: Callable[[IO[bytes]], _Packed]) -> None:
        name = trail[-1].rpartition(".")[0] or trail[-1]
        with opened(io.BytesIO(data)) as file:
            self._file((*trail, name), file, packed=len(data))

    def _file(self, trail: Trail, file: IO[bytes] | _Packed, packed: int = 0) -> None:
        """Look at a file in an archive; `packed` is its size there, where it is all there is."""
        head = file.read(HEAD)
        if not packed and not _may_be_opened(trail[-1], head):
            self._judge(trail, head)
            return
        if len(trail) > DEEPEST:
            raise Beyond(f"holds archives deeper than {DEEPEST}")
        rest = file.read(max(self._bytes, 0) + 1)
        self._bytes -= len(rest)
        if self._bytes >= 0:
            self.look(trail, head + rest)
            return
        if packed and len(rest) > BOMB * packed:
            self._found.add("sealed", trail, "is a bomb")
        raise Beyond("unpacks to more than is looked into")

    def _count(self, files: int, trail: Trail) -> None:
        self._files -= files
        if self._files < 0:
            raise Beyond(f"holds more than {MOST_FILES} files")


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def _local_names(data: bytes) -> set[str]:
    """Find the names in a ZIP that stand before its files: a list at its end may leave some out."""
    found = set()
    for match in itertools.islice(_LOCAL.finditer(data), MOST_FILES):
        length = int.from_bytes(data[match.start() + 26 : match.start() + 28], "little")
        name = data[match.start() + 30 : match.start() + 30 + length]
        is_utf8 = data[match.start() + 7] & 0x08
        text = name.decode("utf-8" if is_utf8 else "cp437", "replace").split("\0")[0]
        if text and not text.endswith("/"):
            found.add(text)
    return found


def _closed(name: str, data: bytes) -> str:
    """Name the format of an archive that is not opened."""
    known = next((kind for magic, kind in _CLOSED if data.startswith(magic)), "")
    later = (kind for at, magic, kind in _CLOSED_LATER if data.startswith(magic, at))
    return known or next(later, "") or _NAMED.get(_kind(name), "")


def _kind(name: str) -> str:
    """Return what follows the last dot of a name."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def is_plain(data: bytes) -> bool:
    """Say whether a text without a name is no program and no archive, whoever reads it."""
    known = by_content(data[:HEAD]) or _END_OF_ZIP in data or _may_be_opened("", data)
    return not known


def _may_be_opened(name: str, head: bytes) -> bool:
    is_one = head.startswith((*_ZIP, *_STREAMS)) or _is_tar(head)
    return is_one or _kind(name) in _CLAIMS or bool(_closed(name, head))
