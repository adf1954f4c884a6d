"""Odd inputs, each with its right value: made for this, or out of a format's own documents."""

import time
from datetime import UTC, datetime

import pytest

from dnswatch.sources.census import MEASURES
from dnswatch.sources.crew import Crew
from dnswatch.sources.stream import Stream
from tests.fuzz.frame import CORPUS

LOOKUP = {"frames": 2, "queries": 1, "mx": 1, "responses": 1, "answered": 1}
THREE = {"frames": 6, "queries": 3, "mx": 3, "responses": 3, "answered": 3}
FOUR = {"frames": 4, "queries": 4, "responses": 4, "answered": 4}
FIVE = {"frames": 5, "queries": 5, "responses": 4, "answered": 4, "unanswered": 1}

CASES: list[tuple[str, dict[str, int], str]] = [
    ("capture/link-80211.pcap", LOOKUP, "2023-11-14"),
    ("capture/link-gtpu.pcap", LOOKUP, "2023-11-14"),
    ("capture/link-llc-snap.pcap", LOOKUP, "2023-11-14"),
    ("capture/link-mpls-eompls.pcap", LOOKUP, "2023-11-14"),
    ("capture/link-ppp-pfc.pcap", LOOKUP, "2023-11-14"),
    ("capture/link-radiotap.pcap", LOOKUP, "2023-11-14"),
    ("capture/link-vxlan-8472.pcap", LOOKUP, "2023-11-14"),
    # The question, then the first fragment of its answer.
    (
        "capture/link-firstfrag-only.pcap",
        LOOKUP | {"dns_cut": 1, "fragments": 1, "fragments_lost": 1},
        "2023-11-14",
    ),
    ("capture/lt1-hsr892f.pcap", THREE, "2026-05-28"),
    ("capture/lt1-mpls8848.pcap", THREE, "2026-05-28"),
    ("capture/lt1-vntag8926.pcap", THREE, "2026-05-28"),
    ("capture/lt50-ppphdlc.pcap", THREE, "2026-05-28"),
    ("capture/lt104-chdlc.pcap", THREE, "2026-05-28"),
    ("capture/lt239-nflog.pcap", THREE, "2026-05-28"),
    ("capture/n-nflog.pcapng", THREE, "2026-05-28"),
    ("capture/n-custom-first.pcapng", THREE, "2026-05-28"),
    ("capture/n-tsoff.pcapng", THREE, "2026-05-28"),
    # Ten questions over one connection, a segment each, the fourth of which is missing.
    (
        "capture/tcp-hole-made.pcap",
        {"frames": 12, "queries": 9, "mx": 9, "unanswered": 9, "flows": 1, "streams_broken": 1},
        "2023-11-14",
    ),
    # One record says 1,000,000 microseconds.
    ("capture/v-usec-over.pcap", THREE, "2026-05-28"),
    # The greatest 64-bit time.
    ("capture/timestamp-beyond-year-9999.pcapng", {"frames": 2, "damaged": 2}, ""),
    (
        "capture/gap-2y.pcap",
        {"frames": 4, "queries": 2, "mx": 2, "responses": 2, "answered": 2},
        "2021-12-20",
    ),
    ("zeek/j-bom.log", FOUR, "2026-05-28"),
    ("zeek/j-comma.log", {"frames": 2, "queries": 2, "responses": 2, "answered": 2}, "2026-05-28"),
    ("zeek/j-http.log", {"frames": 3, "lines_odd": 3}, ""),
    ("zeek/j-millis.log", FOUR, "2026-05-28"),
    ("zeek/j-mixed.log", FOUR | {"frames": 7, "lines_odd": 3}, "2026-05-28"),
    ("zeek/j-noeol.log", FOUR, "2026-05-28"),
    ("zeek/z-sep-bar.log", FIVE, "2026-05-28"),
    ("zeek/z-setsep-bar.log", FIVE, "2026-05-28"),
    ("zeek/z-unset-NA.log", FIVE, "2026-05-28"),
    # The third row is in milliseconds, which no text of Zeek's is.
    (
        "zeek/zeek-far-time.dns.log",
        {"frames": 4, "queries": 3, "mx": 3, "responses": 3, "answered": 3, "damaged": 1},
        "2023-11-14",
    ),
    ("dnstap/t-notime.dnstap", {"frames": 3, "untimed": 3}, ""),
    ("dnstap/t-qtimeonly.dnstap", {"frames": 3, "responses": 3, "unasked": 3}, "2026-05-28"),
    # The server's answer stands first, in the second of the question.
    ("nfdump/nfdump-direction.csv", {"frames": 2, "flows": 1, "smtp": 1}, "2010-02-02"),
    ("nfdump/f-hexflags.csv", {"frames": 2, "flows": 1, "smtp": 1}, "2026-06-01"),
]


@pytest.mark.parametrize(("name", "expected", "day"), CASES)
def test_each_case_has_its_right_value(
    name: str, expected: dict[str, int], day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither more nor less is counted, and everything is of its own day."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    readings = list(Stream([str(CORPUS / name)], Crew(1)).readings())
    found = {measure: sum(reading.census[measure] for reading in readings) for measure in MEASURES}
    assert {measure: count for measure, count in found.items() if count} == expected
    times = [seen.at for reading in readings for seen in reading.lookups]
    times += [contact.at for reading in readings for contact in reading.contacts]
    begun = str(datetime.fromtimestamp(min(times), UTC).date()) if times else ""
    assert begun == day


def test_addresses_come_from_the_elements_of_a_list() -> None:
    """A comma within an element of JSON is none between two; TXT holds no addresses."""
    stream = Stream([str(CORPUS / "zeek" / "j-comma.log")], Crew(1))
    text, address = (seen for reading in stream.readings() for seen in reading.lookups)
    assert (text.addresses, address.addresses) == ((), ((b"\xc0\0\2\x09", 60),))
