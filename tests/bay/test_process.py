"""The bay as a process of its own, killed at any point of the dialogue."""

import json
import logging
import os
import random
import signal
import smtplib
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from dnswatch.bay import process
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from dnswatch.cli.serve import log_to_stderr
from dnswatch.serve.loading import load
from tests import check
from tests.bay.served import Raw
from tests.live.site import COMMAND, environment
from tests.loaded import Process
from tests.loopback import reserve

STEPS = (b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@d.example>", b"DATA")


def take_mail(arguments: list[str], _: list[int]) -> None:
    """Be the bay of a configuration and a state directory."""
    log_to_stderr(logging.INFO)
    config, state = map(Path, arguments)
    process.main(load(config), state, None)


@dataclass
class Bay:
    """A bay in a folder of its own."""

    folder: Path
    extra: str = ""
    pid: int = 0
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        """Take a port, and write the configuration."""
        self._holder = reserve()
        self.port = int(self._holder.getsockname()[1])
        self.log, config = self.folder / "log", self.folder / "dnswatch.toml"
        config.write_text(
            '[upstream]\nservers = ["127.0.0.1:1"]\n[bay]\npause = "0"\nopen_to = ["127.0.0.1"]\n'
            f'listen = ["127.0.0.1:{self.port}"]\n[bay.limits]\nrate = 100000\n{self.extra}'
        )

    def start(self) -> None:
        """Start it; returns when it takes mail."""
        before = self.said("takes mail at")
        arguments = [str(self.folder / "dnswatch.toml"), str(self.folder / "state")]
        with self.log.open("a") as log:
            self._process = Process(arguments, self.folder, environment(), log.fileno(), take_mail)
        self.pid = self._process.pid
        check.eventually(lambda: self.said("takes mail at") > before)

    def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        self.pid = 0
        return self._process.wait()

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def close(self) -> None:
        """End it whatever happened."""
        if self.pid:
            self.kill()
        self._holder.close()

    def said(self, text: str) -> int:
        """Count what it said."""
        return self.log.read_text().count(text) if self.log.exists() else 0

    @property
    def spool(self) -> Spool:
        """Its spool, as commands read it."""
        return Spool(self.folder / "state" / "bay")

    def kept(self) -> dict[bytes, Message]:
        """Give all messages whose bytes are there, by their bytes."""
        spool = self.spool
        idents = [ident for ident in spool.idents() if spool.body(ident).exists()]
        return {spool.body(ident).read_bytes(): spool.message(ident) for ident in idents}


@pytest.fixture
def bay(tmp_path: Path) -> Iterator[Bay]:
    """Run a bay that holds what is clean, so that it delivers nothing."""
    made = Bay(tmp_path, '[bay.fates]\nclean = "hold"\nunsure = "hold"\n')
    made.start()
    yield made
    made.close()


def message(number: int) -> bytes:
    """Write a message that is told from all others."""
    return f"Subject: {number}\r\n\r\n".encode() + b"%d line\r\n" % number * 1000


def converse(bay: Bay, number: int, until: int) -> bool:
    """Bring a message up to a step of the dialogue; returns whether it was acknowledged."""
    with Raw(bay.port) as raw:
        raw.read()
        raw.say(*STEPS[: min(until, len(STEPS))])
        if until > len(STEPS):
            raw.send(message(number)[: 5000 if until == len(STEPS) + 1 else None])
        if until > len(STEPS) + 2:
            raw.send(b".\r\n")
        return until > len(STEPS) + 3 and raw.read()[:3] == "250"


def test_killed_at_every_step_no_mail_is_half_or_lost(bay: Bay) -> None:
    """Killed at any step of the dialogue, a message is there whole, or was never acknowledged."""
    acknowledged = set()
    for step in range(len(STEPS) + 5):
        if converse(bay, step, step):
            acknowledged.add(message(step))
        bay.kill()
        bay.start()
        kept = bay.kept()
        assert set(kept) >= acknowledged
        assert set(kept) <= {message(number) for number in range(step + 1)}
        assert all(kept[body].state == "held" and kept[body].is_ours for body in acknowledged)
        assert not list((bay.spool.path / "tmp").iterdir())
    assert acknowledged


def test_killed_in_the_midst_of_many_no_mail_is_half_or_lost(bay: Bay) -> None:
    """Killed while it writes, what was acknowledged is there; the rest comes again."""
    chance = random.Random(4)
    acknowledged: set[int] = set()
    for round_ in range(8):
        numbers = range(round_ * 10, round_ * 10 + 10)
        killer = threading.Timer(chance.uniform(0.02, 0.4), os.kill, (bay.pid, signal.SIGKILL))
        killer.start()
        acknowledged |= {number for number in numbers if _send(bay, number)}
        killer.join()
        bay.wait()
        bay.start()
        kept = bay.kept()
        assert set(kept) >= {message(number) for number in acknowledged}
        assert set(kept) <= {message(number) for number in range(numbers.stop)}
        for number in numbers:
            if number not in acknowledged:
                assert _send(bay, number)
                acknowledged.add(number)
        kept = bay.kept()
        assert len(kept) == len(acknowledged)
        ours = [one for ident in bay.spool.idents() if (one := bay.spool.message(ident)).is_ours]
        # An answer that the kill cut off is the one case in which a message may be there twice.
        assert len(acknowledged) <= len(ours) <= len(acknowledged) + round_ + 1


def test_what_a_power_cut_took_is_there_again(tmp_path: Path) -> None:
    """Killed, and with files spoilt that were never forced to the disk, no mail is lost or half."""
    from tests.bay import kills

    assert "none lost" in kills.run(60, 2, random.Random(3), tmp_path)


def _send(bay: Bay, number: int) -> bool:
    try:
        with smtplib.SMTP(
            "127.0.0.1", bay.port, local_hostname="x", timeout=check.PATIENCE
        ) as client:
            return not client.sendmail("a@b.example", ["c@d.example"], message(number))
    except (OSError, smtplib.SMTPException):
        return False


def test_stops_within_two_seconds_and_loses_nothing(bay: Bay) -> None:
    """Told to stop, the bay tells its clients and ends; what it had taken is there."""
    assert _send(bay, 1)
    with Raw(bay.port) as raw:
        raw.read()
        os.kill(bay.pid, signal.SIGTERM)
        assert raw.read()[:3] == "421"
    assert bay.wait() == 0
    assert set(bay.kept()) == {message(1)}


def test_finding_and_pace_reach_the_record(bay: Bay) -> None:
    """The record of a message says what every inspector thought, in lines that anybody can read."""
    started = time.time()
    assert _send(bay, 1)
    (ident,) = bay.spool.idents()
    record = (bay.spool.path / "records" / f"{ident}.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in record]
    assert [line["what"] for line in lines] == ["envelope", "judged", "decided", "answered"]
    assert all(started - 1 <= line["at"] <= time.time() + 1 for line in lines)
    assert {one["inspector"] for one in lines[1]["opinions"]} >= {"programs", "sender"}


OWN: Final = (
    "127.0.0.1",
    "IPv6:::ffff:127.0.0.1",
    "IPv6:::ffff:7f00:1",
    "IPv6:2002:7f00:1::1",
    "IPv6:64:ff9b::127.0.0.1",
    "IPv6:::127.0.0.1",
    "0.0.0.0",
    "IPv6:::",
)


def test_mail_to_the_bay_itself_never_comes_back(tmp_path: Path) -> None:
    """However its address is written, though it listens where exchanges do: one copy stays one."""
    bay = Bay(tmp_path, '[bay.fates]\nunsure = "release"\n')
    config = tmp_path / "dnswatch.toml"
    config.write_text(f"{config.read_text()}[bay.release]\nport = {bay.port}\nloopback = true\n")
    bay.start()
    try:
        for address in OWN:
            with smtplib.SMTP(
                "127.0.0.1", bay.port, local_hostname="x", timeout=check.PATIENCE
            ) as client:
                assert not client.sendmail("a@b.example", [f"u@[{address}]"], b"Subject: x\r\n")
        check.eventually(
            lambda: all(bay.spool.message(ident).state == "failed" for ident in bay.spool.idents())
        )
        assert len(bay.spool.idents()) == len(OWN)
    finally:
        bay.close()


def test_where_it_cannot_run_it_says_why(tmp_path: Path) -> None:
    """Without a place to take mail, or at one that is taken, the command ends with a sentence."""
    for extra, said in (
        ("listen = []", "nowhere to take mail"),
        ('listen = ["127.0.0.1:1"]\nspool = "/dev/null/none"', "cannot keep"),
    ):
        config = tmp_path / "dnswatch.toml"
        config.write_text(f'[upstream]\nservers = ["127.0.0.1:1"]\n[bay]\n{extra}\n')
        command = [*COMMAND, "bay", "serve", "--config", config, "--state", tmp_path / "state"]
        ended = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            check=False,
            timeout=check.PATIENCE,
            env=environment(),
        )
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.returncode in (1, 2)
