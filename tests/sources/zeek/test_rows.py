"""Rows of Zeek: what a line tells is what the watch is told."""

import pytest

from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import WireError
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation, Origin
from dnswatch.sources.matching import PATIENCE
from dnswatch.sources.zeek.lines import Row, rows
from dnswatch.sources.zeek.rows import flow, lookup, mail, moment, wire
from dnswatch.wire.name import from_text
from tests.sources.packets import NOON
from tests.sources.zeek.logs import CONN, DNS, SMTP

CLIENT, SERVER = b"\x0a\0\0\1", b"\x0a\0\0\x35"


def lines(log: bytes) -> list[Row]:
    """Return the rows of a log, all of which can be read."""
    return [row for row in rows(log.splitlines(keepends=True)) if row is not None]


def test_lookups_are_read() -> None:
    """Addresses with their TTLs, exchanges, and the moment of the response."""
    www, mx, lost, _ = map(lookup, lines(DNS))
    assert www == Observation(
        NOON + 0.5,
        CLIENT,
        from_text("www.example.org"),
        Type.A,
        0,
        Origin.UPSTREAM,
        ((b"\xc0\0\2\x50", 60),),
        server=SERVER,
    )
    assert mx == Observation(
        NOON + 1.25,
        CLIENT,
        from_text("example.org"),
        Type.MX,
        0,
        Origin.UPSTREAM,
        (),
        (from_text("mx1.example.org"), from_text("mx2.example.org")),
        200,
        False,
        False,
        None,
        SERVER,
    )
    assert lost is not None
    assert (lost.at, lost.rcode, lost.origin) == (NOON + 2 + PATIENCE, UNANSWERED, Origin.FAILED)


def test_other_protocols_are_none() -> None:
    """Multicast DNS is no lookup of a server."""
    assert lookup(lines(DNS)[3]) is None


def test_connections_are_read() -> None:
    """Their outcome is Zeek's state; lookups among them stand in dns.log."""
    taken, refused, dns, ping = map(flow, lines(CONN))
    assert taken == Flow(
        NOON + 0.1, CLIENT, b"\xc0\0\2\x19", 6, 25, Outcome.SUCCESS, NOON + 2.6, 14, 1400, 600
    )
    assert refused is not None
    assert (refused.outcome, refused.payload) == (Outcome.FAILURE, None)
    assert dns is None
    assert ping is not None
    assert (ping.protocol, ping.port, ping.outcome) == (1, None, Outcome.UNKNOWN)


def test_a_mail_is_a_connection_that_was_taken() -> None:
    """Of its packets smtp.log says nothing."""
    found = mail(lines(SMTP)[0])
    assert (found.port, found.outcome, found.packets, found.payload) == (
        25,
        Outcome.SUCCESS,
        0,
        None,
    )


def test_names_are_read_as_zeek_writes_them() -> None:
    """Odd bytes as hexadecimal numbers; the root as nothing or a dot."""
    assert wire("a\\xe4B.Example") == b"\3a\xe4b\7example\0"
    assert wire(".") == wire("") == b"\0"
    for odd in ("a..b", "a" * 64, ".".join(["a" * 60] * 5)):
        with pytest.raises(WireError):
            wire(odd)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("\t1\tA\t", "\t65536\tA\t"),
        ("\t0\tNOERROR", "\t-1\tNOERROR"),
        ("\t0.500000\t", "\tnan\t"),
        ("1060084800.000000", "1060084800000.0"),
        ("10.0.0.1", "10.0.0"),
        ("WWW.", "W" * 64 + "."),
    ],
)
def test_numbers_that_cannot_be_are_refused(good: str, bad: str) -> None:
    """What no field can hold is no lookup, whatever it is."""
    log = DNS.splitlines(keepends=True)
    [row] = lines(b"".join([*log[:8], log[8].replace(good.encode(), bad.encode())]))
    with pytest.raises((ValueError, WireError)):
        lookup(row)


def test_a_name_in_a_text_is_no_address() -> None:
    """TXT may hold what looks like several answers."""
    [row] = lines(
        b'{"ts":1,"id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","id.resp_p":53,"query":"a.example",'
        b'"qtype":16,"rcode":0,"answers":["TXT 27 a=192.0.2.1,192.0.2.99,x"],"TTLs":[3600.0]}'
    )
    seen = lookup(row)
    assert seen is not None
    assert seen.addresses == ()


def test_times_are_seconds_or_dates() -> None:
    """JSON logs may have either; a date without a zone is of UTC."""
    assert moment("2003-08-05T12:00:00.5") == NOON + 0.5
    assert moment("1060084800.5") == moment("2003-08-05T12:00:00.500000Z") == NOON + 0.5
