"""The capture of a campus: tshark reads it, and finds what happened."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import dns.message
import dns.rdatatype
import pyarrow.parquet as pq
import pytest

from dnswatch.lab.campus.output.packets import Capture, messages
from dnswatch.lab.campus.world import FOREIGN
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire.name import from_text
from tests.lab.campus.scene import DAY, campus, outbreak

CLIENT = b"\x0a\0\0\7"


def test_messages_say_what_was_seen() -> None:
    """Question, answer, TTLs and flags; read by somebody else's library."""
    name, host = from_text("a.example"), from_text("mx.a.example")
    seen = Observation(5.0, CLIENT, name, 15, 0, Origin.UPSTREAM, (), (host,), 300, recursion=False)
    query, response = (dns.message.from_wire(one) for one in messages(seen))
    assert query.is_response(response)
    assert str(response.answer[0]) == "a.example. 300 IN MX 10 mx.a.example."
    assert not query.flags & dns.flags.RD
    seen = Observation(5.0, CLIENT, host, 1, 0, Origin.CACHE, ((b"\x0b\0\0\1", 60),))
    assert str(dns.message.from_wire(messages(seen)[1]).answer[0]).endswith("60 IN A 11.0.0.1")
    gone = Observation(5.0, CLIENT, name, 1, 3, Origin.UPSTREAM)
    assert dns.message.from_wire(messages(gone)[1]).rcode() == 3


@pytest.mark.skipif(
    not shutil.which("tshark") and "DNSWATCH_REQUIRE_ALL" not in os.environ,
    reason="tshark is not installed",
)
def test_tshark_reads_the_capture_and_finds_no_fault(tmp_path: Path) -> None:
    """As many MX queries to foreign servers as SoBig sent mails; all in order and well formed."""
    built = campus(outbreak("sobig", 0.1, "first = 1\nsusceptible = 0"))
    file = tmp_path / "campus.pcap"
    with Capture(built, file):
        built.run(built.plan.begin + 0.4 * DAY)
    (worm,) = built.truth.senders.values()
    foreign = ".".join(map(str, FOREIGN))
    count = {
        wanted: len(shark(file, wanted))
        for wanted in (
            f"dns.flags.response == 0 && dns.qry.type == 15 && ip.dst == {foreign}",
            "tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.dstport == 25",
            "_ws.malformed || tcp.analysis.flags || ip.checksum.status == 0",
            "frame.time_delta < 0",
            "smtp.response.code == 220",
            "http.request",
        )
    }
    asked, connected, faults, backward, greeted, called = count.values()
    assert asked == worm.fates.total()
    assert 0 < greeted < connected
    assert called > 50
    assert faults == backward == 0
    mails = pq.read_table(tmp_path / "campus.pcap.truth" / "mails.parquet").to_pylist()
    assert len([one for one in mails if one["worm"]]) == worm.fates.total()


def test_no_record_has_a_second_in_its_microseconds(tmp_path: Path) -> None:
    """A moment just before a second is written as that second, not as its 1,000,000th part."""
    built = campus(outbreak("sobig", 0.1, "susceptible = 0"))
    file = tmp_path / "campus.pcap"
    with Capture(built, file) as capture:
        capture.write(built.plan.begin + 0.9999999, b"frame")
    seconds, microseconds = struct.unpack_from("<II", file.read_bytes(), 24)
    assert (seconds, microseconds) == (built.plan.begin + 1, 0)


def shark(file: Path, wanted: str) -> list[str]:
    """Let tshark find frames."""
    done = subprocess.run(
        ["tshark", "-r", str(file), "-o", "ip.check_checksum:TRUE", "-Y", wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
