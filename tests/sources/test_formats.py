"""Formats: a file is what its first bytes say."""

import gzip
from pathlib import Path

import pytest

from dnswatch.errors import SourceError
from dnswatch.sources.formats import recognise
from dnswatch.sources.opening import open_file
from tests.sources.packets import conversation, pcap, pcapng
from tests.sources.test_dnstap import START
from tests.sources.test_nfdump import OLD
from tests.sources.zeek.logs import CONN, DNS, SMTP


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (pcap(conversation()), "pcap"),
        (pcapng(conversation()), "pcapng"),
        (START, "dnstap"),
        (DNS, "another log of Zeek"),
        (CONN, "Zeek's conn.log"),
        (SMTP, "another log of Zeek"),
        (OLD.encode(), "nfdump's CSV"),
        (gzip.compress(pcap(conversation()), mtime=0), "pcap"),
    ],
)
def test_each_format_is_recognised(content: bytes, name: str, tmp_path: Path) -> None:
    """Whatever the file is called."""
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    assert recognise(open_file(str(path))).name == name


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00", "holds nothing that can be read"),
        (b"\x89PNG", "no format that is known"),
        (gzip.compress(b"", mtime=0)[:12], "is empty|damaged from its beginning"),
    ],
)
def test_what_is_none_of_them_is_said(content: bytes, why: str, tmp_path: Path) -> None:
    """The sentence names the file, and what would be right."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=why):
        recognise(open_file(str(path)))
