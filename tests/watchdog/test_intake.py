"""Vantage points that are no workers come and go, and nobody suffers from any of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dnswatch.codes import Type
from dnswatch.control import Control
from dnswatch.model.changes import Cursor
from dnswatch.model.observation import Tally
from dnswatch.seams.batch import Batch, encode
from dnswatch.settings import read
from dnswatch.watchdog.intake import Intake
from dnswatch.watchdog.journal import Journal, create
from dnswatch.watchdog.reception import Lines, Tied
from dnswatch.wire.name import from_text
from tests.check import PATIENCE, eventually
from tests.watchdog.guest import Guest, refused
from tests.watchdog.process import Site, saw, seqpacket

ALICE, BOB = b"\xc0\0\2\7", b"\xc0\0\2\x08"
EXAMPLE = Path(__file__).parents[2] / "docs/examples/coredns.py"
DOMAIN, MAILER = from_text("example.org"), from_text("mx.example.net")


def lookup(number: int, **more: Any) -> dict[str, Any]:
    return {
        "at": time.time(),
        "client": "192.0.2.7",
        "qname": f"n{number}.example.org",
        "qtype": 15,
        "exchanges": ["mx.example.net"],
        "ttl": 300,
        **more,
    }


def points(site: Site, columns: str) -> dict[str, list[Any]]:
    return {name: row for name, *row in site.rows(f"SELECT name, {columns} FROM vantage")}


@pytest.fixture
def door() -> Iterator[Path]:
    """The path of the socket, which everybody can reach."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder, "door")


@pytest.fixture
def site(tmp_path: Path, door: Path) -> Iterator[Site]:
    """A site of one worker, a vantage point that is a child, and a door for others."""
    with Site(tmp_path / "state", tied="child", door=str(door)) as site:
        yield site


def test_vantage_points_of_all_kinds_are_recorded_and_shown(site: Site, door: Path) -> None:
    """A worker, a child and two others, in either encoding: each lookup counts once, workers learn
    the exchanges that any of them saw, and `status` knows who is there.  Who is silent, or never
    says who it is, holds up nobody."""
    site.send(saw(time.time(), BOB, from_text("a.example"), Type.A, b"\xc6\x33\x64\1"))
    site.send_tied(saw(time.time(), ALICE, DOMAIN, Type.MX, exchanges=(MAILER,), ttl=300))
    with (
        closing(Guest(door, None)),
        closing(Guest(door, {"hello": "silent", "lag": 1})),
        closing(Guest(door, {"hello": "json", "lag": 0.5})) as one,
        closing(Guest(door, {"hello": "msgpack"})) as other,
    ):
        assert (one.answer(), other.answer()) == ({"welcome": "json"}, {"welcome": "msgpack"})
        assert "still there" in refused(door, {"hello": "json"})
        one.tell(lookup(1), lookup(2, client=None), dropped=7)
        for message in encode(Batch(time.time(), [saw(time.time(), BOB, DOMAIN, Type.MX)])):
            other.socket.send(message)
        eventually(lambda: site.measure("lookup") == 5)
        assert eventually(lambda: list(site.lessons(0)))
        seen = points(site, "lookups, dropped, gone_at IS NULL")
        assert seen == {
            "child": [1, 0, 1],
            "json": [2, 7, 1],
            "msgpack": [1, 0, 1],
            "silent": [0, 0, 1],
        }
        assert site.rows("SELECT count(*) FROM lookup") == [(3,)]
        assert site.counter("ingest_dropped") == 7
    gone = {"child": [1], "json": [0], "msgpack": [0], "silent": [0]}
    eventually(lambda: points(site, "gone_at IS NULL") == gone)


def test_whoever_sends_damage_is_sent_away(site: Site, door: Path) -> None:
    """Damage is counted and passed over; of ten within a minute its sender has to go, and may not
    come back within the minute.  The others notice nothing."""
    with closing(Guest(door, {"hello": "bad"})) as bad, closing(Guest(door, {"hello": "ok"})) as ok:
        assert (bad.answer(), ok.answer()) == ({"welcome": "bad"}, {"welcome": "ok"})
        bad.tell(lookup(1), lookup(2, qtype=-1))
        bad.tell(lookup(3))
        for _ in range(9):
            bad.socket.send(b"noise")
        assert bad.answer() == {}
        assert "damaged" in refused(door, {"hello": "bad"})
        assert "who it is" in refused(door, {"hello": "Worker 0"})
        ok.tell(lookup(4))
        eventually(lambda: site.measure("lookup") == 2)
        seen = eventually(lambda: len(found := points(site, "lookups, damaged")) == 3 and found)
        assert seen == {"child": [0, 0], "bad": [1, 10], "ok": [1, 0]}
        eventually(lambda: site.counter("ingest_refused") == 2)


def test_a_kill_of_the_watch_costs_nobody_anything(site: Site, door: Path) -> None:
    """What the watch had read, what waits for it, and what comes while there is none is recorded
    once; who came in at the door need not knock again, and who left is gone."""
    with (
        closing(Guest(door, {"hello": "one"})) as one,
        closing(Guest(door, {"hello": "two"})) as two,
        closing(Guest(door, {"hello": "three"})) as three,
    ):
        welcome = [guest.answer()["welcome"] for guest in (one, two, three)]
        assert welcome == ["one", "two", "three"]
        one.tell(lookup(1))
        site.send_tied(saw(time.time(), BOB, DOMAIN, Type.MX))
        eventually(lambda: list(site.lessons(0)))  # it has read that
        three.close()
        eventually(lambda: points(site, "gone_at IS NULL").get("three") == [0])
        site.process.send_signal(signal.SIGSTOP)
        one.tell(lookup(2))
        site.stop(signal.SIGKILL)
        one.tell(lookup(3))
        two.close()
        site.send_tied(saw(time.time(), BOB, DOMAIN, Type.MX))
        site.start()
        one.tell(lookup(4))
        eventually(lambda: site.measure("lookup") == 6)
        assert site.rows("SELECT count(*) FROM lookup") == [(6,)]
        here = {"child": [1], "one": [1], "two": [0], "three": [0]}
        eventually(lambda: points(site, "gone_at IS NULL") == here)
        assert site.counter("batches_broken") == 0


def test_a_child_has_its_name_for_itself(tmp_path: Path) -> None:
    """Where a guest of an earlier watch is called as a child is now, the guest has to go."""
    with ExitStack() as open_:
        ends = [seqpacket() for _ in range(3)]
        (child, child_line), (guest, guest_line), (supervisor, control) = ends
        for end in chain.from_iterable(ends):
            open_.callback(end.close)
        kept = Tied("tap", 1.0, child_line), Tied("tap", 2.0, guest_line)
        file = create()
        open_.callback(os.close, file)
        lines = Lines([], tied=kept[:1], guests=kept[1:])
        intake = Intake(lines, Journal(file), Control(control))
        assert intake.take_up(None, 100.0) == ([], 0)
        assert guest.recv(99) == b""
        assert supervisor.recv(99) == b"drop tap"
        [line] = intake.lines
        child.send(next(encode(Batch(100.0, []))))
        assert [each.batch.until for each in intake.read(line, 100.0)] == [100.0]


def test_the_example_of_the_documentation_works(site: Site, door: Path) -> None:
    """The vantage point of docs/extending.md hands over what CoreDNS logs, and nothing else."""
    log = b"""\
maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined
[INFO] 192.0.2.7:50759 - 29008 "MX IN example.org. udp 41 false 4096" NOERROR qr,rd,ra 68 0.037s
[INFO] [2001:db8::7]:50759 - 29009 "AAAA IN www.example.org. udp 41 false 4096" NXDOMAIN qr 68 0s
[ERROR] plugin/errors: 2 example.org. A: read udp 192.0.2.1:53: i/o timeout
"""
    command = [sys.executable, str(EXAMPLE), str(door)]
    subprocess.run(command, input=log, check=True, timeout=PATIENCE)
    eventually(lambda: site.measure("lookup") == 2)
    assert site.rows("SELECT domain, kind FROM lookup") == [("example.org", "mx")]
    assert {key for (key,) in site.rows("SELECT key FROM client")} == {"192.0.2.7", "2001:db8::7"}
    assert points(site, "lookups, damaged")["coredns"] == [2, 0]


def test_who_is_left_out_stands_in_no_record() -> None:
    """Whoever tells of its lookups, in either encoding, at once or after a restart of the watch:
    they count as unrecorded, and those of others as theirs."""
    now = time.time()
    text = 'privacy.leave_out = ["192.0.2.0/29"]'
    json_ = json.dumps({"until": now, "observations": [lookup(1)]}).encode()
    tallies = [Tally(client, Type.A, 0, 1, redirected=False, count=3) for client in (ALICE, BOB)]
    [packed] = encode(Batch(now, [saw(now, BOB, DOMAIN)], tallies))
    with ExitStack() as open_:
        pairs = [seqpacket() for _ in range(2)]
        for end in chain.from_iterable(pairs):
            open_.callback(end.close)
        (guest, line), (_, control) = pairs
        file = create()
        open_.callback(os.close, file)
        lines = Lines([], guests=[Tied("guest", 1.0, line)])
        intake = Intake(lines, Journal(file), Control(control))
        intake.configure(read(text, "t"))
        intake.take_up(None, now)
        guest.send(json_)
        guest.send(packed)
        [guests_line] = intake.lines
        first = intake.read(guests_line, now)
        again = Intake(lines, Journal(file), Control(control))
        again.configure(read(text, "t"))
        taken_up, _ = again.take_up([Cursor(Journal(file).name)], now)
    for heard in (first, taken_up):
        batches = [each.batch for each in heard]
        assert [[seen.client for seen in one.observations] for one in batches] == [[None], [BOB]]
        assert [tally.client for tally in batches[1].tallies] == [None, BOB]
