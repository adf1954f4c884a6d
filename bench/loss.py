"""Loss: how many lookups fail, and how long they take, where a third of the datagrams is lost.

The same names, asked by the same client, 16 at a time; once behind one lossy upstream, once behind
that and one that never says anything.
"""

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench.plan import Plan, say
from bench.process import Process
from bench.programs import find
from bench.rig import Rig, await_answer
from bench.table import Table
from tests.loopback import reserve

NAMES: Final = 1000
AT_ONCE: Final = 16
_LOST: Final = 0.3
_AWAY: Final = 0.02
"Seconds."
_PATIENCE: Final = 5.0
"Seconds after which a client gives up, as stubs do."

_HEAD: Final = ("server", "failed of 1,000", "median, ms", "99th percentile, ms", "longest, ms")

_UNBOUND: Final = """\
server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "iterator"
  directory: ""
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
forward-zone:
  name: "."
{forwards}
remote-control:
  control-enable: no
"""


def measure_loss(rig: Rig, plan: Plan) -> list[Table]:
    """Ask through dnswatch and unbound, behind one upstream and behind two."""
    return [
        _measure(rig, plan, "30 % lost, 20 ms away, 16 at a time", dead=False),
        _measure(rig, plan, "The same, behind a dead upstream", dead=True),
    ]


def _measure(rig: Rig, plan: Plan, title: str, *, dead: bool) -> Table:
    found: dict[str, list[list[float]]] = {"dnswatch": [], "unbound": []}
    for number in range(1, plan.rounds + 1):
        for server, runs in found.items():
            with _standing(rig, server, dead=dead) as port:
                runs.append(asyncio.run(_ask_all(port)))
            say(f"{title}, round {number}, {server}: {_failed(runs[-1])} failed")
    return Table(title, _HEAD, tuple((server, *_cells(runs)) for server, runs in found.items()))


@contextmanager
def _standing(rig: Rig, server: str, *, dead: bool) -> Iterator[int]:
    """Start a server behind its upstreams; yield its port."""
    with (
        tempfile.TemporaryDirectory(dir=rig.folder) as own,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
        reserve() as here,
        reserve() as above,
    ):
        silent.bind(("127.0.0.1", 0))
        port, lossy = here.getsockname()[1], above.getsockname()[1]
        upstreams = [silent.getsockname()[1]] if dead else []
        upstreams.append(lossy)
        command = [sys.executable, "-m", "bench.lossy", str(lossy), str(_LOST), str(_AWAY)]
        with (
            Process(command, rig.upstream_cores, Path(own) / "lossy.log"),
            Process(
                _COMMANDS[server](Path(own), port, upstreams), rig.server_cores, Path(own) / "log"
            ) as process,
        ):
            await_answer(process, port, server)
            yield port


def _dnswatch(folder: Path, port: int, upstreams: list[int]) -> list[str]:
    asked = [word for at in upstreams for word in ("--upstream", f"udp://127.0.0.1:{at}")]
    state, listen = str(folder / "state"), f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "dnswatch", "serve", "--listen", listen, "--state", state]
    return [*command, *asked]


def _unbound(folder: Path, port: int, upstreams: list[int]) -> list[str]:
    forwards = "\n".join(f"  forward-addr: 127.0.0.1@{at}" for at in upstreams)
    config = folder / "unbound.conf"
    config.write_text(_UNBOUND.format(port=port, forwards=forwards))
    return [find("unbound"), "-d", "-c", str(config)]


_COMMANDS: Final = {"dnswatch": _dnswatch, "unbound": _unbound}


async def _ask_all(port: int) -> list[float]:
    """Ask for all names; return the seconds each took, infinity where it failed."""
    names = iter(range(NAMES))
    taken: list[float] = []

    async def ask() -> None:
        for number in names:
            taken.append(await _ask(port, number))

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return taken


async def _ask(port: int, number: int) -> float:
    loop = asyncio.get_running_loop()
    name = b"".join(bytes([len(part)]) + part for part in (b"n%d" % number, b"loss", b"example"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(("127.0.0.1", port))
        begun = time.monotonic()
        question = name + b"\0\0\1\0\1"
        await loop.sock_sendall(
            client, number.to_bytes(2, "big") + b"\1\0\0\1" + bytes(6) + question
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await loop.sock_recv(client, 512)
        except TimeoutError:
            return float("inf")
        return time.monotonic() - begun if answer[3] & 15 == 0 else float("inf")


def _failed(taken: list[float]) -> int:
    return sum(seconds == float("inf") for seconds in taken)


def _cells(runs: list[list[float]]) -> Iterator[str]:
    """Write failures of all rounds, and times of those that were answered."""
    yield ", ".join(str(_failed(taken)) for taken in runs)
    answered = [sorted(s * 1000 for s in taken if s != float("inf")) for taken in runs]
    yield f"{median(median(each) for each in answered):.0f}"
    yield ", ".join(f"{quantiles(each, n=100)[98]:.0f}" for each in answered)
    yield f"{max(each[-1] for each in answered):.0f}"
