"""The mail servers under test: how each is configured, started, and known to be ready.

The bay and Postfix keep every message, forced to the disk before 250, and hold it; smtp-sink throws
it away.  No limit on a client is in the way, and the bay greets at once.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from bench.errors import BenchError
from bench.process import Process
from bench.programs import find
from bench.rig import Rig
from tests.loopback import reserve

BAY: Final = "bay"
POSTFIX: Final = "Postfix's smtpd"
SINK: Final = "smtp-sink"

_PATIENCE: Final = 20.0
"Seconds until a server must greet after its start."


@dataclass(frozen=True, slots=True)
class Standing:
    """A mail server that greets."""

    server: Process
    port: int


def bay(folder: Path, port: int) -> list[str]:
    """Run the bay by itself, with its own inspectors and no scanner of others."""
    config = folder / "dnswatch.toml"
    config.write_text(_BAY.format(port=port))
    command = [sys.executable, "-m", "dnswatch", "bay", "serve"]
    return [*command, "--config", str(config), "--state", str(folder / "state")]


def postfix(folder: Path, port: int) -> list[str]:
    """Run Postfix with a queue of its own, in which all mail is held."""
    if os.geteuid() != 0:
        raise BenchError("Postfix starts only as root: run the measurement `bay` as root")
    for way in (folder.parent, folder):
        way.chmod(0o711)  # its processes have users of their own
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    (folder / "main.cf").write_text(_MAIN.format(folder=folder))
    (folder / "master.cf").write_text(_MASTER.format(port=port))
    subprocess.run([find("postfix"), "-c", str(folder), "check"], check=True, capture_output=True)
    daemons = subprocess.run(
        [find("postconf"), "-dh", "daemon_directory"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return [f"{daemons}/master", "-c", str(folder), "-d"]


def sink(folder: Path, port: int) -> list[str]:
    """Run the server that takes everything and keeps nothing: what SMTP alone costs, in C."""
    del folder
    return [find("smtp-sink"), "-u", "nobody", f"inet:127.0.0.1:{port}", "512"]


MAIL_SERVERS: Final[dict[str, Callable[[Path, int], list[str]]]] = {
    BAY: bay,
    POSTFIX: postfix,
    SINK: sink,
}
"By name; the values write the configuration and return the command."


@contextmanager
def start(rig: Rig, name: str) -> Iterator[Standing]:
    """Start a mail server afresh; it greets when this enters."""
    # Its mail stays until all is measured: for minutes ext4 without a journal searches for an inode
    # among those that were deleted, which would cost the next server up to half of its CPU.
    own = Path(mkdtemp(dir=rig.folder, prefix="mail"))
    with reserve() as holder:
        port = holder.getsockname()[1]
        with Process(MAIL_SERVERS[name](own, port), rig.server_cores, own / "log") as server:
            _await_greeting(server, port, name)
            yield Standing(server, port)


def _await_greeting(server: Process, port: int, name: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while server.is_running and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), _PATIENCE) as probe:
                if probe.recv(512).startswith(b"220"):
                    probe.sendall(b"QUIT\r\n")
                    return
        except OSError:  # it does not listen yet
            pass
        time.sleep(0.02)
    said = server.log.read_text(errors="replace")[-2000:].strip()
    raise BenchError(f"{name} did not greet within {_PATIENCE:.0f} s; it said: {said or 'nothing'}")


_BAY: Final = """\
[bay]
listen = ["127.0.0.1:{port}"]
open_to = ["127.0.0.0/8"]
hostname = "bay.example"
pause = 0

[bay.limits]
rate = 1_000_000
messages = 1_000_000
connections_per_client = 1000

[bay.fates]
clean = "hold"
unsure = "hold"
"""

_MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/mail.log
myhostname = postfix.example
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_restrictions = static:HOLD
"""

_MASTER: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
rewrite  unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
bounce   unix - - n - 0 bounce
anvil    unix - - n - 1 anvil
postlog  unix-dgram n - n - 1 postlogd
"""
