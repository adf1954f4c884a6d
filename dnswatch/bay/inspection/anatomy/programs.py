"""Programs: what runs when a person opens it, by its name and by its first bytes.

A name counts by its last extension, as Windows reads it: blanks and dots at the end are not there.
"""

import re
from typing import Final, Literal

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
