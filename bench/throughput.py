"""Full load: CPU per answer and answers a second, for cached answers and for misses."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from bench import scene
from bench.dnsperf import Asking, Load, ask
from bench.meter import Cost, metered
from bench.plan import Plan, say
from bench.rig import ECHO, Rig
from bench.scene import Scene
from bench.servers import ALSO, PEERS, SERVERS
from bench.table import Table, ratios, spread

_HEAD: Final = (
    "server",
    "CPU µs per answer",
    "ratio to the better peer",
    "ratio to unbound",
    "answers/s",
    "server busy",
    "dnsperf busy",
    "lost",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run at full load."""

    load: Load
    cost: Cost

    @property
    def whole(self) -> float:
        """CPU per answer of all processes, in microseconds."""
        return self.cost.per_answer(self.load.answers)

    @property
    def workers(self) -> float:
        """CPU per answer of the processes that answer, in microseconds."""
        return self.cost.per_answer_in_workers(self.load.answers)


def measure_cached(rig: Rig, plan: Plan) -> list[Table]:
    """Ask for hot names; the echo shows what the packets alone cost."""
    return [_measure(rig, plan, scene.cached(rig, plan), (*SERVERS, *ALSO, ECHO))]


def measure_misses(rig: Rig, plan: Plan) -> list[Table]:
    """Ask for names that only the upstream knows."""
    return [_measure(rig, plan, scene.misses(rig, plan), (*SERVERS, *ALSO))]


def _measure(rig: Rig, plan: Plan, what: Scene, servers: tuple[str, ...]) -> Table:
    runs: dict[str, list[Run]] = {server: [] for server in servers}
    asking = Asking(seconds=plan.seconds, repeat=what.repeat)
    for number in range(1, plan.rounds + 1):
        for server, found in runs.items():
            found.append(run(rig, what, server, asking))
            say(f"{what.title}, round {number}, {server}: {found[-1].whole:.1f} µs")
    return table(what.title, runs)


def run(rig: Rig, what: Scene, server: str, asking: Asking, workers: int = 1) -> Run:
    """Load one freshly started server as much as it bears."""
    with what.warm(rig, server, workers) as standing:
        load, cost = metered(
            standing.server, workers, lambda: ask(rig, standing.port, what.names, asking)
        )
    return Run(load, cost)


def table(title: str, runs: dict[str, list[Run]]) -> Table:
    """Set the runs of each server side by side, round by round."""
    costs: dict[str, list[float]] = {}
    for server, found in runs.items():
        if server.startswith("dnswatch"):
            costs[f"{server}, its worker alone"] = [run.workers for run in found]
        costs[server] = [run.whole for run in found]
    better = [min(pair) for pair in zip(*(costs[peer] for peer in PEERS), strict=True)]
    rows = [
        (
            server,
            spread(cost, digits=1),
            ratios(cost, better),
            ratios(cost, costs["unbound"]),
            *_load_cells(runs.get(server, [])),
        )
        for server, cost in costs.items()
    ]
    return Table(title, _HEAD, tuple(rows))


def _load_cells(runs: list[Run]) -> tuple[str, ...]:
    if not runs:
        return ("",) * 4
    return (
        spread([run.load.rate for run in runs]),
        f"{median(run.cost.whole / run.load.seconds for run in runs):.0%}",
        f"{median(run.load.busy for run in runs):.0%}",
        f"{sum(run.load.lost for run in runs):,}",
    )
