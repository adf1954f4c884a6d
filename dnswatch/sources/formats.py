"""Formats: what a file is, told by its first bytes; its name says nothing."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from dnswatch.errors import SourceError
from dnswatch.sources import nfdump
from dnswatch.sources.capture import assembly, pcap, pcapng
from dnswatch.sources.crew import Crew
from dnswatch.sources.opening import Opened, lines
from dnswatch.sources.reading import Readings
from dnswatch.sources.zeek import lines as zeek
from dnswatch.sources.zeek import reading as zeek_reading

_CONNECTIONS: Final = "Zeek's conn.log"


class Format(NamedTuple):
    """A format that can be read."""

    name: str
    is_begun: Callable[[bytes], bool]
    "Tells whether a file begins like this."
    read: Callable[[Opened, Crew, frozenset[str]], Readings]
    "Takes a file, those who help, and the names of the formats of all files that are read."


def _capture(chunks: assembly.Chunks, opened: Opened, crew: Crew, _: frozenset[str]) -> Readings:
    return assembly.readings(opened.stream, crew, chunks, opened.path)


def _is_dnstap(head: bytes) -> bool:
    from dnswatch.sources import dnstap  # protobuf: to load it takes as long as a small capture

    return dnstap.is_begun(head)


def _dnstap(opened: Opened, *_: object) -> Readings:
    from dnswatch.sources import dnstap

    return dnstap.readings(opened.stream)


def _zeek(opened: Opened, _: Crew, company: frozenset[str]) -> Readings:
    return zeek_reading.readings(lines(opened.stream), counts_mails_only=_CONNECTIONS in company)


def _nfdump(opened: Opened, *_: object) -> Readings:
    return nfdump.readings(lines(opened.stream))


FORMATS: Final = (
    Format("pcap", lambda head: head[:4] in pcap.MAGIC, partial(_capture, pcap.chunks)),
    Format("pcapng", lambda head: head.startswith(pcapng.MAGIC), partial(_capture, pcapng.chunks)),
    Format("dnstap", _is_dnstap, _dnstap),
    Format(_CONNECTIONS, lambda head: zeek.is_begun(head) and b"conn_state" in head, _zeek),
    Format("another log of Zeek", zeek.is_begun, _zeek),
    Format("nfdump's CSV", nfdump.is_begun, _nfdump),
)


def recognise(opened: Opened) -> Format:
    """Tell of which format a file is."""
    head = opened.head()
    for known in FORMATS:
        if known.is_begun(head):
            return known
    if not head:
        why = "holds nothing that can be read" if opened.size else "is empty"
        why = "is damaged from its beginning" if opened.trouble else why
        raise SourceError(f"'{opened.name}' {why}")
    raise SourceError(
        f"'{opened.name}' is of no format that is known here: expected a capture (pcap, pcapng),"
        " a dnstap file, a log of Zeek (dns, conn or smtp), or what `nfdump -o csv` writes"
    )
