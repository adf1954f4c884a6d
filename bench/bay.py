"""The holding bay: messages a second, CPU per message and memory, beside Postfix's servers.

smtp-source sends letters of 10 kB over ten connections at a time: first each message over its own,
as a worm does, then all over the same ten.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench import mailservers
from bench.mailservers import BAY, MAIL_SERVERS, POSTFIX, SINK
from bench.meter import Cost, metered
from bench.plan import Plan, say
from bench.process import pinned
from bench.programs import find
from bench.rig import Rig
from bench.table import Table, ratios, spread

SIZE: Final = 10_000
"Bytes of a message's body."

_SESSIONS: Final = 10
"Connections at a time."

_WARMING: Final = 100
"Messages that are sent before, so that all processes are there, and to learn how many to send."

_SYNCS: Final = 50
"Files that are written to learn what the disk takes."

_MIB: Final = 1 << 20

_HEAD: Final = (
    "server",
    "messages/s",
    "ratio to Postfix",
    "CPU ms per message",
    "ratio to Postfix",
    "server busy",
    "memory MiB",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run at full load."""

    messages: int
    seconds: float
    cost: Cost
    memory: int
    "Bytes, of all the server's processes, after the load."

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def milliseconds(self) -> float:
        """CPU per message."""
        return 1e3 * self.cost.whole / self.messages


def measure_bay(rig: Rig, plan: Plan) -> list[Table]:
    """Send over new connections, then over kept ones."""
    disk = _disk(rig.folder)
    return [
        _measure(rig, plan, "A connection for each message", keep=False, note=disk),
        _measure(rig, plan, f"{_SESSIONS} connections that are kept", keep=True, note=disk),
    ]


def _measure(rig: Rig, plan: Plan, title: str, *, keep: bool, note: str) -> Table:
    runs: dict[str, list[Run]] = {server: [] for server in MAIL_SERVERS}
    for number in range(1, plan.rounds + 1):
        for server, found in runs.items():
            found.append(_run(rig, server, plan.seconds, keep))
            say(f"{title}, round {number}, {server}: {found[-1].milliseconds:.2f} ms")
    return table(title, runs, note)


def _run(rig: Rig, server: str, seconds: float, keep: bool) -> Run:
    with mailservers.start(rig, server) as standing:
        warming = _send(rig, standing.port, _WARMING, keep)
        messages = max(_WARMING, int(_WARMING * seconds / warming))
        taken, cost = metered(standing.server, 1, lambda: _send(rig, standing.port, messages, keep))
        return Run(messages, taken, cost, standing.server.memory())


def _send(rig: Rig, port: int, messages: int, keep: bool) -> float:
    """Send messages, and return how long that took; smtp-source stops at the first refusal."""
    command = [
        find("smtp-source"),
        *(["-d"] if keep else []),
        "-s",
        str(_SESSIONS),
        "-m",
        str(messages),
        "-l",
        str(SIZE),
        "-f",
        "worm@client.example",
        "-t",
        "bob@there.example",
        f"inet:127.0.0.1:{port}",
    ]
    begun = time.monotonic()
    subprocess.run(pinned(command, rig.load_cores), check=True)
    return time.monotonic() - begun


def table(title: str, runs: dict[str, list[Run]], note: str = "") -> Table:
    """Set the runs of each server side by side, round by round."""
    rates = {server: [run.rate for run in found] for server, found in runs.items()}
    costs = {server: [run.milliseconds for run in found] for server, found in runs.items()}
    rows = [
        (
            server,
            spread(rates[server]),
            ratios(rates[server], rates[POSTFIX]),
            spread(costs[server], digits=2),
            ratios(costs[server], costs[POSTFIX]),
            f"{median(run.cost.whole / run.seconds for run in found):.0%}",
            spread([run.memory / _MIB for run in found]),
        )
        for server, found in runs.items()
    ]
    return Table(f"{title}: messages of {SIZE:,} bytes", _HEAD, tuple(rows), (note,) * bool(note))


def _disk(folder: Path) -> str:
    """Say what the disk takes for a message, whoever writes it."""
    times = []
    for number in range(_SYNCS):
        begun = time.monotonic()
        with (folder / f"sync-{number}").open("xb") as file:
            file.write(bytes(SIZE))
            file.flush()
            os.fsync(file.fileno())
        times.append(1e3 * (time.monotonic() - begun))
    return (
        f"{BAY} and {POSTFIX} keep what they take on the disk, {SINK} does not. To write a file of"
        f" {SIZE:,} bytes there and to force it to the disk takes {spread(times, digits=1)} ms."
    )
