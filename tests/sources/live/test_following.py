"""Logs followed while they are written: Zeek's dns.log, text or JSON, and dnsmasq's."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.settings import Follow, read
from dnswatch.settings.units import Duration
from dnswatch.sources.live import following
from dnswatch.sources.live.tail import Tail
from tests.check import eventually
from tests.sources.live.scene import Running
from tests.sources.zeek.logs import DNS

HEADER = b"".join(line for line in DNS.splitlines(keepends=True) if line.startswith(b"#"))
ROW = next(line for line in DNS.splitlines(keepends=True) if b"\tMX\t" in line)


def of_now(row: bytes) -> bytes:
    """Have a line be of this moment."""
    return re.sub(rb"^[0-9.]+", b"%.6f" % clock.now(), row)


@pytest.mark.parametrize("is_json", [False, True])
def test_dns_log_is_followed_over_its_rotation(tmp_path: Path, is_json: bool) -> None:
    """Lines of the new file are read by its own header; what stood there before is not counted."""
    path = tmp_path / "dns.log"
    told = {
        "ts": clock.now(),
        "id.orig_h": "10.0.0.1",
        "id.orig_p": 1,
        "id.resp_h": "10.0.0.53",
        "id.resp_p": 53,
        "proto": "udp",
        "query": "example.org",
        "qtype": 15,
        "rcode": 0,
        "rtt": 0.1,
        "answers": ["mx1.example.org"],
        "TTLs": [300.0],
    }
    header = b"" if is_json else HEADER
    row = json.dumps(told).encode() + b"\n" if is_json else of_now(ROW)
    path.write_bytes(header + row)
    follow = Follow(name="log", file=str(path), format="zeek", lag=Duration(0.0))
    with Running(partial(following.main, follow)) as running:
        with path.open("ab") as log:
            log.write(row * 2 + b"rubbish\n")
        eventually(lambda: running.has(2))
        path.rename(tmp_path / "dns.1.log")
        path.write_bytes(header + row)
        eventually(lambda: running.has(3))
        eventually(lambda: running.look().counters["follow_lines_broken"] == 1)
    assert {seen.exchanges[0] for seen in running.lookups} == {b"\3mx1\7example\3org\0"}
    assert running.counters["follow_lookups"] == 3
    assert running.untils == sorted(running.untils)


def test_dnsmasq_s_log_is_followed(tmp_path: Path) -> None:
    """Its questions are lookups of now; the other lines and broken ones are counted alone."""
    path = tmp_path / "pihole.log"
    path.write_bytes(b"")
    tail = Tail(path)
    take = following.reader(Follow(name="log", file=str(path), format="dnsmasq"), tail)
    lines = [
        b"dnsmasq[1]: query[MX] example.org from 10.0.0.1\n",
        b"dnsmasq[1]: reply example.org is <MX>\n",
        b"dnsmasq[1]: query[A] a..b from 10.0.0.1\n",
    ]
    [seen], counters = take(lines, 17.0)
    tail.close()
    assert (seen.at, seen.qtype) == (17.0, 15)
    assert counters == {"follow_lines": 3, "follow_lookups": 1, "follow_lines_broken": 1}


def test_a_log_must_be_named_with_its_format() -> None:
    """A configuration says which log it is."""
    [follow] = read(
        '[[follow]]\nname = "pi"\nfile = "/var/log/pihole/pihole.log"\nformat = "dnsmasq"', "t"
    ).follow
    assert (follow.format, follow.lag) == ("dnsmasq", 3.0)
