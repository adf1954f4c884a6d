"""Two and four workers against one, all on one core: whether they hinder each other.

A worker that shares a core with others takes what came meanwhile, so CPU per answer can be set
against that of one alone.  What changes besides is how many datagrams it finds at once: a cached
answer is cheap because 64 of them share two system calls.
"""

from typing import Final

from bench import scene
from bench.dnsperf import Asking
from bench.plan import Plan, say
from bench.rig import Rig
from bench.scene import Scene
from bench.table import Table, ratios, spread
from bench.throughput import Run, run

_SOCKETS: Final = 32
"Source ports of the load: the kernel spreads them over the workers by their hash."

_OUTSTANDING: Final = 400
"Questions under way: a hundred for each of four."

_HEAD: Final = (
    "workers",
    "answers/s",
    "ratio to one worker",
    "CPU µs per answer, workers",
    "all processes",
    "least busy worker",
    "dnsperf busy",
    "lost",
)


def measure_workers(rig: Rig, plan: Plan) -> list[Table]:
    """Ask one worker, two and four in turn, for cached answers and for misses."""
    return [
        _measure(rig, plan, what) for what in (scene.cached(rig, plan), scene.misses(rig, plan))
    ]


def _measure(rig: Rig, plan: Plan, what: Scene) -> Table:
    asking = Asking(plan.seconds, what.repeat, _SOCKETS, _OUTSTANDING)
    runs: dict[int, list[Run]] = {1: [], 2: [], 4: []}
    for number in range(1, plan.rounds + 1):
        for workers, found in runs.items():
            found.append(run(rig, what, "dnswatch", asking, workers))
            rate = found[-1].load.rate
            say(f"{what.title}, workers: {workers}, round {number}: {rate:,.0f} answers/s")
    return table(what.title, runs)


def table(title: str, runs: dict[int, list[Run]]) -> Table:
    """Set one worker and several side by side, round by round."""
    rates = {workers: [run.load.rate for run in found] for workers, found in runs.items()}
    rows = [
        (
            str(workers),
            spread(rates[workers]),
            ratios(rates[workers], rates[1]),
            spread([run.workers for run in found], digits=1),
            spread([run.whole for run in found], digits=1),
            f"{min(min(run.cost.workers) / run.load.seconds for run in found):.0%}",
            f"{max(run.load.busy for run in found):.0%}",
            f"{sum(run.load.lost for run in found):,}",
        )
        for workers, found in runs.items()
    ]
    return Table(title, _HEAD, tuple(rows))
