"""The servers under test: how each is configured, started, and told apart by version.

All three forward everything to the one upstream, keep every answer, validate nothing and log no
query.  Else they run with their defaults: unbound takes a new random source port for each upstream
query, dnsdist one socket for all (it trusts its backends), dnswatch a port for up to 32 at a time.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from bench.programs import find
from dnswatch.compiled import build


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server under test stands."""

    folder: Path
    "A folder of its own, for its configuration and state."
    port: int
    "Where it answers, on 127.0.0.1."
    upstream: int
    "The upstream's port, on 127.0.0.1."
    workers: int
    "Processes or threads that answer; dnswatch alone heeds it, the others run with one."


def dnswatch(place: Place) -> list[str]:
    """Start with the watchdog on; only the answer cache is larger than by default."""
    config = place.folder / "dnswatch.toml"
    config.write_text(_DNSWATCH)
    listen, upstream = f"127.0.0.1:{place.port}", f"udp://127.0.0.1:{place.upstream}"
    return [
        *(*_COMMAND, "serve", "--config", str(config)),
        *("--listen", listen, "--upstream", upstream, "--workers", str(place.workers)),
        *("--state", str(place.folder / "state")),
    ]


def dnswatch_with_policies(place: Place) -> list[str]:
    """Start it with every policy on that needs evidence and no authority; nobody is marked."""
    command = dnswatch(place)
    for policy in POLICIES:
        order = ["policy", "enable", policy, "--state", str(place.folder / "state")]
        subprocess.run([*_COMMAND, *order], check=True, stdout=subprocess.DEVNULL)
    return command


def dnswatch_in_a_fleet(place: Place) -> list[str]:
    """Start it as the only node of a fleet, whose engine lies beside it."""
    command = dnswatch(place)
    config = place.folder / "dnswatch.toml"
    engine = f'engine = "unix:{place.folder.parent}/engine.sock"'
    config.write_text(f'{config.read_text()}[fleet]\n{engine}\nsite = "one"\nnode = "a"\n')
    return command


def unbound(place: Place) -> list[str]:
    """Run unbound as a forwarder, one thread, no validation."""
    config = place.folder / "unbound.conf"
    config.write_text(_UNBOUND.format(port=place.port, upstream=place.upstream))
    return [find("unbound"), "-d", "-c", str(config)]


def dnsdist(place: Place) -> list[str]:
    """Run dnsdist with one listener, one backend and the packet cache."""
    config = place.folder / "dnsdist.conf"
    config.write_text(_DNSDIST.format(port=place.port, upstream=place.upstream))
    return [find("dnsdist"), "--supervised", "--disable-syslog", "-C", str(config)]


Start = Callable[[Place], list[str]]

SERVERS: Final[dict[str, Start]] = {
    "dnswatch": dnswatch,
    "unbound": unbound,
    "dnsdist": dnsdist,
}
"By name; the values write the configuration and return the command."

LIMITED: Final = {name: f"{name}, limited" for name in SERVERS}
"The same servers with 1,000 questions a second for one client, as dnswatch has them by default."


def _limited(start: Start, file: str, words: str) -> Start:
    """Start a server with more words at the end of its configuration."""

    def started(place: Place) -> list[str]:
        command = start(place)
        config = place.folder / file
        config.write_text(config.read_text() + words)
        return command

    return started


def _dnswatch_limited(place: Place) -> list[str]:
    command = dnswatch(place)
    (place.folder / "dnswatch.toml").write_text("")
    return command


def _dnswatch_small(place: Place) -> list[str]:
    command = dnswatch(place)
    (place.folder / "dnswatch.toml").write_text(_SMALL)
    return command


def _dnswatch_timed(place: Place) -> list[str]:
    command = dnswatch(place)
    into = str(place.folder.parent / TURNS)
    return [command[0], "-m", "bench.timed", into, *command[len(_COMMAND) :]]


def _pure(start: Start) -> Start:
    """Start dnswatch from its sources, whatever is compiled."""
    return lambda place: ["env", "DNSWATCH_PURE=1", *start(place)]


PURE: Final = "dnswatch, pure"

TIMED: Final = "dnswatch, timed"
"It writes down how long the turns of its worker's loop took, when it ends."

PURE_TIMED: Final = f"{TIMED}, pure"

TURNS: Final = "turns.json"

WITH_POLICIES: Final = "dnswatch-with-policies"

WITH_FLEET: Final = "dnswatch-with-fleet"

SMALL: Final = "dnswatch, small"
"With caches that a minute of fresh names fills."

VARIANTS: Final[dict[str, Start]] = {
    SMALL: _dnswatch_small,
    PURE: _pure(dnswatch),
    TIMED: _dnswatch_timed,
    PURE_TIMED: _pure(_dnswatch_timed),
    WITH_POLICIES: dnswatch_with_policies,
    WITH_FLEET: dnswatch_in_a_fleet,
    LIMITED["dnswatch"]: _dnswatch_limited,
    LIMITED["unbound"]: _limited(unbound, "unbound.conf", "server:\n  ip-ratelimit: 1000\n"),
    LIMITED["dnsdist"]: _limited(
        dnsdist, "dnsdist.conf", "addAction(MaxQPSIPRule(1000), DropAction())\n"
    ),
}
"dnswatch in another state, by name: measured beside itself, not beside others."

ALSO: Final = (PURE,) if build() == "compiled" else ()
"dnswatch from its sources, where `dnswatch` is compiled."

POLICIES: Final = ("limit-refreshes", "delay", "refuse-mail-lookups", "ladder")

PEERS: Final = ("unbound", "dnsdist")
"The servers that dnswatch is measured against."


def versions() -> dict[str, str]:
    """The versions of all programs that take part."""
    return {
        "dnswatch": own_version(),
        "unbound": printed("unbound", "-V"),
        "dnsdist": printed("dnsdist", "--version"),
        "dnsperf": printed("dnsperf", "-h"),
        "postfix": printed("postconf", "-dh", "mail_version"),
    }


def own_version() -> str:
    """Return the version of dnswatch, if it is installed."""
    try:
        return version("dnswatch")
    except PackageNotFoundError:
        return "not installed"


def printed(program: str, *options: str) -> str:
    """Return the version that a program prints."""
    run = subprocess.run([find(program), *options], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", run.stdout + run.stderr)
    return found[0] if found else "of unknown version"


_COMMAND: Final = (sys.executable, "-m", "dnswatch")

_DNSWATCH: Final = """\
[cache]
size = "1GB"
[limits]
rate_per_client = 0  # the load has one address, and no peer limits it either
"""

_SMALL: Final = """\
[cache]
size = "10MB"
[limits]
rate_per_client = 0
addresses = 10000
"""

_UNBOUND: Final = """\
server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  num-threads: 1
  module-config: "iterator"
  msg-cache-size: 512m
  rrset-cache-size: 512m
  directory: ""
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream}
remote-control:
  control-enable: no
"""

_DNSDIST: Final = """\
setLocal("127.0.0.1:{port}")
setACL({{"127.0.0.0/8"}})
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:{upstream}"}})
getPool(""):setCache(newPacketCache(3000000, {{numberOfShards=1}}))
"""
