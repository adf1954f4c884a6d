"""Postfix as a client: a queue of its own in a folder of its own, at a place of the network."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests import check
from tests.live.tools import need
from tests.network.places import Place

_MAIN: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = {name}
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_security_level = may
# It tries again each second, so that no test waits for five minutes.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
disable_dns_lookups = no
"""
_MASTER: Final = """
smtp       inet  n - n - - smtpd
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 1 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
verify     unix  - - n - 1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n - - proxymap
smtp       unix  - - n - - smtp
showq      unix  n - n - - showq
error      unix  - - n - - error
retry      unix  - - n - - error
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
postlog    unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running Postfix that takes mail at its own loopback and sends it out by MX."""

    def __init__(self, place: Place, folder: Path) -> None:
        """Know where it runs and where its files are."""
        self.place = place
        self._folder = folder

    def send(self, to: str, body: str = "Hello.", sender: str = "alice@site.example") -> None:
        """Hand it a message by swaks, as a mail program would."""
        said = self.place.run(
            need("swaks"),
            "--server",
            "127.0.0.1",
            "--from",
            sender,
            "--to",
            to,
            "--body",
            body,
            "--h-Subject",
            "test",
            "--silent",
            "1",
        )
        assert not said, said

    def has(self, recipient: str) -> bool:
        """Say whether a message for a recipient is in its queue."""
        return any(one["address"] == recipient for one in self._waiting())

    def delay(self, recipient: str) -> str:
        """Say why a message for a recipient waits; empty where it does not."""
        reasons = [
            one.get("delay_reason", "") for one in self._waiting() if one["address"] == recipient
        ]
        return reasons[0] if reasons else ""

    def _waiting(self) -> list[dict[str, Any]]:
        """Give the recipients of its queue, as `postqueue -j` tells of them."""
        told = self.place.run(need("postqueue"), "-c", str(self._folder), "-j")
        return [one for line in told.splitlines() for one in json.loads(line)["recipients"]]

    def log(self, containing: str = "") -> list[str]:
        """Give the log's lines that contain a text."""
        path = self._folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if containing in line]


@contextmanager
def postfix(place: Place) -> Iterator[Postfix]:
    """Run Postfix at a place."""
    program = need("postfix")
    # Not in pytest's folder: Postfix's own users must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="dnswatch-postfix-"))
    try:
        folder.chmod(0o755)
        (folder / "queue").mkdir()
        (folder / "data").mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "main.cf").write_text(_MAIN.format(folder=folder, name="client.site.example"))
        (folder / "master.cf").write_text(_MASTER)
        command = place.within(program, "-c", str(folder), "start-fg")
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            found = Postfix(place, folder)
            try:
                check.eventually(lambda: process.poll() is not None or found.log("daemon started"))
                assert process.poll() is None, "\n".join(found.log())
                yield found
            finally:
                place.run(program, "-c", str(folder), "stop")  # the master outlives its script
                process.terminate()
                process.wait(check.PATIENCE)
    finally:
        shutil.rmtree(folder)
