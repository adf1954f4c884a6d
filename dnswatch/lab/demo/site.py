"""The site: a real `dnswatch serve` in a folder of its own, and what its commands and store say."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dnswatch
from dnswatch import clock
from dnswatch.errors import StoreError
from dnswatch.lab.demo.world import BAY, DemoWorld
from dnswatch.lab.demo.worm import ADDRESS
from dnswatch.model.policies.standing import Standing
from dnswatch.store import Store, orders

_COMMAND: Final = (sys.executable, "-m", "dnswatch")
_START: Final = 20.0
"""Seconds until it must answer."""

_SETTINGS: Final = """
detection.learning = "0s"           # a real site is watched for two weeks first

[serve]
listen = ["127.0.0.1:{port}"]

[upstream]
servers = ["udp://127.0.0.1:{upstream}"]

[names]
hosts = []
neighbours = false
pointers = false

[quarantine]
i_have_authority = true
addresses = ["{bay}"]

[bay]
listen = ["{bay}:{smtp}"]

[bay.release]
port = {smtp}
loopback = true
"""


class DemoError(Exception):
    """The demonstration cannot go on; the text says why."""


@dataclass(frozen=True)
class DemoSite:
    """A running dnswatch."""

    folder: Path
    port: int

    def command(self, *words: str) -> str:
        """Run a command of dnswatch, as a person does; give what it prints."""
        return _run(self.folder, *words)

    def told(self, *words: str) -> Any:
        """Run a reading command with `--json`; give what it tells, or nothing."""
        printed = self.command(*words, "--json")
        return json.loads(printed) if printed.startswith(("[", "{")) else []

    def standing(self) -> Standing:
        """Say how the infected machine stands by now."""
        try:
            with Store.read(self.folder / "state") as store, store.snapshot() as db:
                found = [one for one in orders.judgments(db, clock.now()) if one.key == ADDRESS]
        except StoreError:
            found = []  # nothing is stored yet
        return Standing(found[0].share) if found else Standing()

    def mark(self) -> str:
        """Say what is done to the infected machine's mail-related answers; empty is nothing."""
        said = [line for line in self._log().splitlines() if f"client '{ADDRESS}': " in line]
        return said[-1].split("': ", 1)[1].split(" (")[0] if said else ""

    def kept(self) -> list[dict[str, Any]]:
        """Give the messages of the holding bay, the newest first."""
        found: list[dict[str, Any]] = self.told("bay", "list")
        return found

    def _log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def site(folder: Path, world: DemoWorld, policy: str) -> Iterator[DemoSite]:
    """Run dnswatch with a policy switched on, or none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    text = _SETTINGS.format(port=port, upstream=world.dns_port, bay=BAY, smtp=world.smtp_port)
    (folder / "dnswatch.toml").write_text(text)
    if policy:
        _run(folder, "policy", "enable", policy)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*_COMMAND, "serve", *_files(folder)], stderr=log, env=_environment()
        )
    try:
        found = DemoSite(folder, port)
        _await(process, folder / "log", "ready:", "the holding bay takes mail")
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _await(process: "subprocess.Popen[bytes]", log: Path, *texts: str) -> None:
    until = clock.now() + _START
    while not all(text in log.read_text() for text in texts):
        if process.poll() is not None or clock.now() > until:
            raise DemoError(f"dnswatch does not start:\n{log.read_text()}")
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [*_COMMAND, *words, *_files(folder)],
        capture_output=True,
        text=True,
        env=_environment(),
        check=False,
    )
    return done.stdout


def _files(folder: Path) -> list[str]:
    return ["--config", str(folder / "dnswatch.toml"), "--state", str(folder / "state")]


def _environment() -> dict[str, str]:
    root = str(Path(dnswatch.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": root, "NO_COLOR": "1"}
