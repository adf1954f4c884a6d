"""nfdump's records: two directions become one flow, and the summary at the end is no record."""

# ruff: noqa: E501 (records are as they are written)

import time
from collections import Counter

import pytest

from dnswatch.model.flow import Contact, Flow, Outcome
from dnswatch.sources.nfdump import is_begun, readings
from tests.sources.packets import NOON

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
