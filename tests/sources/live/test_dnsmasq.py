"""A line of dnsmasq's query log, as dnsmasq 2.90 and Pi-hole FTL write it."""

import pytest

from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import WireError
from dnswatch.model.observation import Origin
from dnswatch.sources.live.dnsmasq import read
from tests.fuzz.frame import fuzz

DAY = b"Nov 28 17:31:12 "


@pytest.mark.parametrize(
    ("line", "qtype"),
    [
        (DAY + b"dnsmasq[123]: query[MX] Example.org from 10.0.0.7\n", Type.MX),
        (DAY + b"dnsmasq[123]: 45 10.0.0.7/40000 query[MX] example.org from 10.0.0.7\n", Type.MX),
        (b"dnsmasq: query[MX] example.org from 10.0.0.7\n", Type.MX),
        (DAY + b"pi.hole dnsmasq[9]: query[SRV] example.org from 10.0.0.7", 33),
        (DAY + b"dnsmasq[123]: query[type=65] example.org from 10.0.0.7\r\n", 65),
        (DAY + b"dnsmasq[123]: query[WHATEVER] example.org from 10.0.0.7\n", 0),
    ],
)
def test_a_question_is_a_lookup_that_nobody_saw_answered(line: bytes, qtype: int) -> None:
    """Who asked, for what; when is when it was read, and an answer is not told."""
    seen = read(line, 17.0)
    assert seen is not None
    assert (seen.at, seen.client, seen.qname) == (17.0, b"\x0a\0\0\x07", b"\7example\3org\0")
    assert (seen.qtype, seen.rcode, seen.origin) == (qtype, UNANSWERED, Origin.FAILED)


@pytest.mark.parametrize(
    "line",
    [
        DAY + b"dnsmasq[123]: reply example.org is 192.0.2.1\n",
        DAY + b"dnsmasq[123]: forwarded example.org to 10.0.0.53\n",
        DAY + b"dnsmasq-dhcp[123]: DHCPACK(eth0) 10.0.0.7 query[MX] a.b from 10.0.0.7\n",
        b"\n",
    ],
)
def test_other_lines_are_passed_over(line: bytes) -> None:
    """What is no question is no lookup."""
    assert read(line, 17.0) is None


@pytest.mark.parametrize("text", [b"a..b from 10.0.0.7", b"a.b from 10.0.0.777", b"a.b from feed"])
def test_a_line_that_makes_no_sense_is_said_to_be_broken(text: bytes) -> None:
    """No lookup is made up of it."""
    with pytest.raises(WireError):
        read(DAY + b"dnsmasq[1]: query[A] " + text, 17.0)


def test_any_line_is_read_or_an_error() -> None:
    """Clients choose the names in it."""
    fuzz("dnsmasq", lambda data: read(data, 17.0), WireError)
