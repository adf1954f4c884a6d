"""nfdump's records: two directions become one flow, and the summary at the end is no record."""

# ruff: noqa: E501 (records are as they are written)

import os
import shutil
import subprocess
import time
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch.model.flow import Contact, Flow, Outcome
from dnswatch.sources import nfdump
from dnswatch.sources.nfdump import is_begun, readings
from tests.sources.packets import NOON, Timed, ethernet, pcap, tcp, udp

CLIENT, MAIL = b"\x0a\0\0\1", b"\xc0\0\2\x19"
OLD = """ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out
2003-08-05 12:00:00,2003-08-05 12:00:03,3.000,10.0.0.1,192.0.2.25,41000,25,TCP,...AP.SF,0,0,9,1200,0,0,1,2
2003-08-05 12:00:00,2003-08-05 12:00:03,3.000,192.0.2.25,10.0.0.1,25,41000,TCP,...AP.SF,0,0,7,500,0,0,2,1
2003-08-05 12:00:05,2003-08-05 12:00:08,3.000,10.0.0.1,192.0.2.26,41001,25,TCP,......S.,0,0,3,180,0,0,1,2
2003-08-05 12:00:06,2003-08-05 12:00:06,0.000,10.0.0.1,192.0.2.27,0,8.0,ICMP,........,0,0,1,84,0,0,1,2
2003-08-05 12:00:07,yesterday,0.000,10.0.0.1,192.0.2.27,0,0,UDP,........,0,0,1,84,0,0,1,2
Summary
flows,bytes,packets,avg_bps,avg_pps,avg_bpp
5,2048,21,1,1,1
"""
NEW = """firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows
1060084800.000,3.0,TCP,10.0.0.1,41000,192.0.2.25,25,9,1200,1
"""


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def read(text: str) -> tuple[list[Contact], list[Flow], Counter[str]]:
    """Read records."""
    contacts, flows, census = [], [], Counter[str]()
    for reading in readings(text.encode().splitlines(keepends=True)):
        contacts += reading.contacts
        flows += reading.flows
        census += reading.census
    return contacts, flows, census


def test_records_are_recognised() -> None:
    """By the names of their columns, of old and new versions."""
    assert is_begun(OLD.encode())
    assert is_begun(NEW.encode())
    assert not is_begun(b"ts,name\n")


def test_two_directions_are_one_flow() -> None:
    """The payload is not told, the outcome is by the flags."""
    contacts, flows, census = read(OLD)
    mail, silence, ping = sorted(flows, key=lambda flow: flow.at)
    assert mail == Flow(NOON, CLIENT, MAIL, 6, 25, Outcome.SUCCESS, NOON + 3, 16, 1700, None)
    assert (silence.at, silence.outcome, silence.packets) == (NOON + 5, Outcome.FAILURE, 3)
    assert (ping.protocol, ping.port) == (1, None)
    assert contacts[0] == Contact(NOON, CLIENT, MAIL, 6, 25)
    assert (census["flows"], census["smtp"]) == (3, 2)


def test_all_lines_are_accounted_for() -> None:
    """The summary is counted as something else, what makes no sense as damage."""
    _, _, census = read(OLD)
    assert (census["frames"], census["lines_odd"], census["damaged"]) == (8, 3, 1)


def test_later_versions_are_read() -> None:
    """They have other names and other times; of the handshake they say nothing by default."""
    _, [flow], _ = read(NEW)
    assert (flow.at, flow.port, flow.packets, flow.outcome) == (NOON, 25, 9, Outcome.UNKNOWN)


def record(flags: str, ends: str, *, back: int = 0, packets: int = 3) -> str:
    """Write a record as nfdump 1.7 does, of one second like all others here."""
    source, sport, destination, dport = ends.split()
    return (
        f"2003-08-05 12:00:00,2003-08-05 12:00:00,0.000,{source},{destination},{sport},{dport},TCP,"
        f"{flags},0,0,{packets},120,{back},{back * 40},0,0\n"
    )


ASKS, ANSWERS = "10.0.0.1 41000 192.0.2.25 25", "192.0.2.25 25 10.0.0.1 41000"
HEAD = OLD.splitlines(keepends=True)[0]


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        (record("...A.R..", ANSWERS) + record("......S.", ASKS), Outcome.FAILURE),
        (record("...AP.SF", ANSWERS) + record("...AP.SF", ASKS), Outcome.SUCCESS),
        (record("...AP.SF", ASKS) + record("...AP.SF", ANSWERS), Outcome.SUCCESS),
        (record("...AP.SF", ANSWERS, back=3), Outcome.SUCCESS),
        (record("...A.R..", ANSWERS, back=1), Outcome.FAILURE),
        (record("......S.", ASKS, back=3), Outcome.FAILURE),
        (record("...A.RS.", ASKS, back=1, packets=1), Outcome.FAILURE),
        (record("0x1b", ANSWERS) + record("0x1b", ASKS), Outcome.SUCCESS),
        (record("27", ANSWERS) + record("27", ASKS), Outcome.SUCCESS),
        (record("0x14", ANSWERS) + record("2", ASKS), Outcome.FAILURE),
    ],
)
def test_who_began_is_told_by_flags_and_ports(records: str, outcome: Outcome) -> None:
    """Both directions bear the same second, and the answer may stand first."""
    contacts, [flow], census = read(HEAD + records)
    assert (flow.source, flow.destination, flow.port, flow.outcome) == (CLIENT, MAIL, 25, outcome)
    assert (len(contacts), census["smtp"]) == (1, 1)


def test_flags_go_before_ports() -> None:
    """A server that opens a connection from a low port is who began (FTP's data, rsh)."""
    ends = "192.0.2.21 20 10.0.0.1 42000", "10.0.0.1 42000 192.0.2.21 20"
    _, [flow], _ = read(HEAD + record("...A.R..", ends[1]) + record("......S.", ends[0]))
    assert (flow.port, flow.outcome) == (42000, Outcome.FAILURE)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("2003-08-05 12:00:00", "2103-08-05 12:00:00"),
        ("41000", "410000"),
        ("41000", "1e999"),
        ("10.0.0.1", "2001:db8::1"),
        (",3,", ",-3,"),
        (",3,", f",{1 << 70},"),
        ("TCP", "999"),
        ("......S.", "0xzz"),
        ("10.0.0.1", "fe80::1%" + "x" * 99),
    ],
)
def test_numbers_that_cannot_be_are_damage(good: str, bad: str) -> None:
    """Whatever stands in a record, it is counted, and the next one is read."""
    broken = record("......S.", ASKS).replace(good, bad, 1)
    _, flows, census = read(HEAD + broken + record("......S.", "10.0.0.2 1 192.0.2.9 25"))
    assert (len(flows), census["damaged"]) == (1, 1)


def test_records_may_stand_in_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `nfdump -b` writes them: of as many as can be held none comes too late."""
    monkeypatch.setattr(nfdump, "LINES", 10)
    times = [(n * 37) % 100 for n in range(100)]
    rows = [
        record("...AP.SF", f"10.0.0.{n} 41000 192.0.2.25 25").replace(
            "12:00:00", f"{10 + n // 20}:{n * 3 % 60:02}:00"
        )
        for n in times
    ]
    contacts, flows, census = read(HEAD + "".join(rows))
    assert [contact.at for contact in contacts] == sorted(contact.at for contact in contacts)
    assert (len(flows), census["damaged"]) == (100, 0)


def _connections() -> list[Timed]:
    client, server, frames = "10.0.0.5", "198.51.100.25", []
    talks = [
        [(1, "S"), (0, "RA")],
        [(1, "S"), (0, "SA"), (1, "A"), (0, "PA"), (1, "FA"), (0, "FA")],
        [(1, "S")],
        [(1, "S"), (0, "SA"), (1, "A"), (1, "RA")],
    ]
    for port, talk in enumerate(talks, 40001):
        for is_asking, flags in talk:
            ends = (client, server, (port, 25)) if is_asking else (server, client, (25, port))
            frames.append(ethernet(tcp(*ends, flags, 7)))
    frames += [
        ethernet(udp(b"?", client, server, 40009, 123)),
        ethernet(udp(b"!", server, client, 123, 40009)),
    ]
    return [(NOON + n / 1000, frame) for n, frame in enumerate(frames)]


@pytest.mark.parametrize("options", [[], ["-b"], ["-B"], ["-O", "tstart"], ["-O", "bytes"]])
def test_what_nfdump_itself_writes_is_read(options: list[str], tmp_path: Path) -> None:
    """A capture, taken as flows by nfpcapd, gives the same flows however nfdump writes them."""
    if shutil.which("nfpcapd") is None and "DNSWATCH_REQUIRE_ALL" not in os.environ:
        pytest.skip("nfdump is not installed")
    capture, records = tmp_path / "capture", tmp_path / "records"
    capture.write_bytes(pcap(_connections()))
    records.mkdir()
    subprocess.run(["nfpcapd", "-r", capture, "-l", records], check=True, capture_output=True)
    command = ["nfdump", "-R", str(records), "-o", "csv", *options]
    written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, flows, census = read(written)
    found = Counter((flow.source, flow.port, flow.outcome) for flow in flows)
    client = ip_address("10.0.0.5").packed
    assert found == Counter(
        {
            (client, 25, Outcome.FAILURE): 2,
            (client, 25, Outcome.SUCCESS): 2,
            (client, 123, Outcome.UNKNOWN): 1,
        }
    )
    assert (census["smtp"], census["damaged"]) == (4, 0)
