"""The bay beside Debian's Postfix: it takes what Postfix takes, and strangers block it less.

`pytest -s` prints the figures that docs/security.md has.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dnswatch.settings import Duration
from dnswatch.settings.bay import Bay
from tests import check
from tests.bay.served import Raw, Served
from tests.live.tools import need
from tests.loopback import reserve

SENDERS: Final = (
    "a@x.example",
    "a..b@x.example",
    ".a@x.example",
    "a.@x.example",
    "root",
    '"a b"@x.example',
    "a@b@c.example",
    "a(b)@x.example",
    "a[b]@x.example",
    "a,b@x.example",
    "a;b@x.example",
    "a:b@x.example",
    "a\\b@x.example",
    "a!b@x.example",
    "a%b@x.example",
    "jörg@x.example",
    "a@x_y.example",
    "a@x.example.",
    "a@[192.0.2.1]",
    "a@[IPv6:2001:db8::1]",
    "",
    "'a'@x.example",
    "@r.example:a@x.example",
    f"{'a' * 300}@x.example",
    "postmaster",
    "a@localhost",
    "a@x..example",
    "a@-x.example",
    "a@.x.example",
    "a b@x.example",
    "a@",
)
RECIPIENTS: Final = (
    "a@there.example",
    "a..b@there.example",
    ".a@there.example",
    "a.@there.example",
    "postmaster",
    "root",
    "www-data",
    "a..b",
    "Postmaster@there.example",
    "a%b@there.example",
    "jörg@there.example",
    "a@b@there.example",
    "@r.example:a@there.example",
    "",
    "a b@there.example",
)
STRANGERS: Final = 400
KNOWN: Final = 10

_MAIN: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = postfix.example
mydestination = there.example
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
"""
_MASTER: Final = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@pytest.fixture
def postfix() -> Iterator[int]:
    """Run a Postfix as Debian has it; give its port."""
    command = need("postfix")
    if os.geteuid():
        pytest.skip("Postfix wants root")
    with tempfile.TemporaryDirectory() as name, reserve() as holder:
        folder, port = Path(name), int(holder.getsockname()[1])
        holder.close()
        folder.chmod(0o755)
        for part in ("conf", "queue", "data"):
            (folder / part).mkdir()
        subprocess.run(["chown", "postfix", folder / "data"], check=True)
        (folder / "conf" / "main.cf").write_text(_MAIN.format(folder=folder))
        (folder / "conf" / "master.cf").write_text(_MASTER.format(port=port))
        run = [command, "-c", str(folder / "conf")]
        subprocess.run([*run, "start"], check=True, capture_output=True)
        try:
            check.eventually(lambda: answers(port))
            yield port
        finally:
            subprocess.run([*run, "stop"], check=True, capture_output=True)


def answers(port: int) -> bool:
    """Say whether a server greets."""
    try:
        with Raw(port) as raw:
            return raw.read()[:3] == "220"
    except OSError:
        return False


def tell(figures: str) -> None:
    """Print what was measured."""
    sys.stdout.write(f"\n{figures}\n")


def taken(port: int, *lines: str) -> bool:
    """Say whether a server says yes to the last of some commands."""
    with Raw(port) as raw:
        raw.read()
        return raw.say(b"EHLO client.example", *map(str.encode, lines))[-1][:1] == "2"


def test_the_bay_takes_every_address_that_postfix_takes(tmp_path: Path, postfix: int) -> None:
    """It stands in for exchanges, and is stricter than none of them."""
    with Served(tmp_path, settings=Bay(pause=Duration(0))) as bay:
        asked: list[tuple[str, ...]] = [(f"MAIL FROM:<{one}>",) for one in SENDERS]
        asked += [("MAIL FROM:<a@x.example>", f"RCPT TO:<{one}>") for one in RECIPIENTS]
        theirs = {lines for lines in asked if taken(postfix, *lines)}
        ours = {lines for lines in asked if taken(bay.port, *lines)}
    tell(f"addresses: Postfix takes {len(theirs)} of {len(asked)}, the bay {len(ours)}")
    assert theirs - ours == set()


def greeted(port: int, crowd: contextlib.ExitStack, patience: float) -> int:
    """Let strangers connect and say nothing; count the clients that are greeted all the same."""
    for number in range(STRANGERS):
        place = (f"127.1.{number % 40}.{number % 7 + 1}", 0)
        try:
            peer = socket.create_connection(("127.0.0.1", port), 0.2, source_address=place)
        except OSError:  # its queue is full, too
            break
        crowd.enter_context(peer)
    count = 0
    for _ in range(KNOWN):
        with contextlib.suppress(OSError), Raw(port) as raw:
            raw._socket.settimeout(patience)
            count += raw.read()[:3] == "220"
    return count


def test_strangers_keep_no_client_out(tmp_path: Path, postfix: int) -> None:
    """Where they would take every process of Postfix, they take none of the clients' room."""
    known = "127.0.0.1".__eq__
    settings = Bay(pause=Duration(0))
    with Served(tmp_path, settings=settings, admits=known, knows=known, lag=60.0) as bay:
        with contextlib.ExitStack() as crowd:
            ours = greeted(bay.port, crowd, 30.0)
        with contextlib.ExitStack() as crowd:
            theirs = greeted(postfix, crowd, 0.5)
    tell(f"{STRANGERS} silent strangers: the bay greets {ours} of {KNOWN}, Postfix {theirs}")
    assert ours == KNOWN
