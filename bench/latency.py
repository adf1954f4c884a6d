"""Half load: how long an answer takes when no server is overloaded.

The rate is half of what the slowest server answered at full load, the same for all.  The echo shows
how much of the time is the machine's own.
"""

from dataclasses import dataclass
from typing import Final

from bench import scene
from bench.dnsperf import Asking
from bench.meter import Cost, metered
from bench.pacing import Pacing, pace
from bench.plan import Plan, say
from bench.rig import ECHO, Rig
from bench.scene import Scene
from bench.servers import PEERS, SERVERS
from bench.table import Table, ratios, spread
from bench.throughput import run as run_full

_HEAD: Final = (
    "server",
    "99th percentile ms",
    "ratio to the better peer",
    "90th ms",
    "median ms",
    "CPU µs per answer",
    "lost",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run at half load."""

    pacing: Pacing
    cost: Cost


def measure_latency(rig: Rig, plan: Plan) -> list[Table]:
    """Time cached answers and misses."""
    return [
        _measure(rig, plan, scene.cached(rig, plan), (*SERVERS, ECHO)),
        _measure(rig, plan, scene.misses(rig, plan), tuple(SERVERS)),
    ]


def _measure(rig: Rig, plan: Plan, what: Scene, servers: tuple[str, ...]) -> Table:
    full = Asking(seconds=plan.seconds / 2, repeat=what.repeat)
    rate = min(run_full(rig, what, server, full).load.rate for server in SERVERS) / 2
    runs: dict[str, list[Run]] = {server: [] for server in servers}
    for number in range(1, plan.rounds + 1):
        for server, found in runs.items():
            found.append(_run(rig, what, server, rate, plan.seconds))
            late = found[-1].pacing.milliseconds(0.99)
            say(f"{what.title}, {rate:,.0f}/s, round {number}, {server}: 99 % in {late:.2f} ms")
    return table(f"{what.title}, at {rate:,.0f} queries/s", runs)


def _run(rig: Rig, what: Scene, server: str, rate: float, seconds: float) -> Run:
    with what.warm(rig, server) as standing:
        pacing, cost = metered(
            standing.server, 1, lambda: pace(rig, standing.port, what.names, rate, seconds)
        )
    return Run(pacing, cost)


def table(title: str, runs: dict[str, list[Run]]) -> Table:
    """Set the latencies of each server side by side, round by round."""
    late = {server: _milliseconds(found, 0.99) for server, found in runs.items()}
    better = [min(pair) for pair in zip(*(late[peer] for peer in PEERS), strict=True)]
    rows = [
        (
            server,
            spread(late[server], digits=2),
            ratios(late[server], better),
            spread(_milliseconds(found, 0.9), digits=2),
            spread(_milliseconds(found, 0.5), digits=2),
            spread([run.cost.per_answer(run.pacing.answers) for run in found], digits=1),
            f"{sum(run.pacing.lost for run in found):,}",
        )
        for server, found in runs.items()
    ]
    return Table(title, _HEAD, tuple(rows))


def _milliseconds(runs: list[Run], part: float) -> list[float]:
    return [run.pacing.milliseconds(part) for run in runs]
