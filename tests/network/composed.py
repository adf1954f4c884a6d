"""The site of `docker-compose.yml`, its services as contained processes with their very settings.

What differs from an engine: the images are this machine's Debian packages, the world's DNS is a
test's, ClamAV knows one signature of our own, and quarantine is allowed.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests import check
from tests.compose.files import ROOT, SITE, services, stages
from tests.live.site import COMMAND
from tests.live.tools import need
from tests.network.contained import Running, contained
from tests.network.places import Network, Place

USERS: Final = {"unbound": "unbound", "rspamd": "_rspamd", "clamav": "clamav"}
"""Debian's users; the image's own for dnswatch is not on this machine."""

PUBLISHED: Final = """
table ip published {{
  chain in {{
    type nat hook prerouting priority dstnat
    ip daddr {site} udp dport 53 redirect to :5353
    ip daddr {site} tcp dport 53 redirect to :5353
    ip daddr {site} tcp dport 25 redirect to :2525
  }}
}}
"""
"""What an engine makes of the `ports` of dnswatch."""

WORLD: Final = """
server:
    domain-insecure: "example"
forward-zone:
    name: "."
    forward-addr: {upstream}
"""
"""Unbound asks the test's upstream for the world."""

EICAR: Final = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*"
"""Put together here, so that no scanner takes this file for what it tests."""


@dataclass(frozen=True)
class Composed:
    """The running site."""

    network: Network
    folder: Path
    running: dict[str, Running]

    def is_healthy(self, name: str) -> bool:
        """Run a service's health check."""
        kind, *test = services()[name]["healthcheck"]["test"]
        assert kind == "CMD"
        told = [sys.executable if word == "python" else word for word in test]
        return self.running[name].run(*told).returncode == 0

    def dnswatch(self, *command: str) -> str:
        """Run a command of dnswatch beside the server; demand that it succeeds."""
        files = ["--config", str(self.folder / "dnswatch.toml")]
        files += ["--state", str(self.folder / "state")]
        done = subprocess.run(
            [*COMMAND, *command, *files],
            capture_output=True,
            text=True,
            timeout=check.PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def content(self, ident: str) -> bytes:
        """Give the bytes of a message that the bay keeps."""
        return (self.folder / "state" / "bay" / "new" / ident).read_bytes()

    def told(self, *command: str) -> Any:
        """Run a reading command with `--json` and return what it tells."""
        return json.loads(self.dnswatch(*command, "--json") or "[]")


@contextmanager
def composed(network: Network, folder: Path, upstream: str) -> Iterator[Composed]:
    """Run the site; `upstream` is ADDRESS@PORT of the world's DNS."""
    _write(folder, upstream)
    with ExitStack() as stack:
        site = Composed(network, folder, {})
        for name in ("unbound", "rspamd", "clamav", "dnswatch"):
            at = [services()[name]["networks"]["inside"]["ipv4_address"]]
            place = network.join(*([SITE] if name == "dnswatch" else []), *at)
            if name == "dnswatch":
                _publish(place)
            site.running[name] = stack.enter_context(_service(name, place, folder))
        for name in site.running:
            check.eventually(partial(site.is_healthy, name))
        yield site


def _write(folder: Path, upstream: str) -> None:
    """Lay out settings and volumes as services find them."""
    shutil.copytree(ROOT / "compose", folder, dirs_exist_ok=True)
    with (folder / "unbound.conf").open("a") as file:
        file.write(WORLD.format(upstream=upstream))
    settings = folder / "dnswatch.toml"
    text = settings.read_text()
    settings.write_text(text.replace("i_have_authority = false", "i_have_authority = true"))
    for volume, user in (("signatures", "clamav"), ("rspamd-state", "_rspamd"), ("state", "root")):
        (folder / volume).mkdir()
        shutil.chown(folder / volume, user)
    signature = f"Test.Eicar:0:*:{EICAR.encode().hex()}\n"
    (folder / "signatures" / "test.ndb").write_text(signature)


def _service(name: str, place: Place, folder: Path) -> AbstractContextManager[Running]:
    command = services()[name].get("command") or json.loads(dict(stages()[name])["CMD"])
    mounts = {}
    for volume in services()[name]["volumes"]:
        source, target, *_ = volume.split(":")
        if source.startswith("/"):
            mounts[target] = folder / Path(source).relative_to(ROOT / "compose")
        else:
            mounts[target] = folder / ("rspamd-state" if source == "rspamd" else source)
    log = folder / f"{name}.log"
    if name != "dnswatch":
        return contained(place, [need(command[0]), *command[1:]], mounts, log, user=USERS[name])
    # Its code lies where this test does, maybe below /tmp; its paths are no places on this machine.
    moved = [str(mounts.get(word, word)) for word in command[1:]]
    state = folder / "state"
    program = ["env", f"PYTHONPATH={ROOT}", *COMMAND]
    return contained(place, [*program, *moved], {str(state): state}, log, own_tmp=False)


def _publish(place: Place) -> None:
    rules = PUBLISHED.format(site=SITE)
    command = place.within(need("nft"), "-f", "-")
    subprocess.run(command, input=rules, text=True, check=True, env=dict(os.environ))
