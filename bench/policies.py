"""Policies that are on and concern nobody: what they cost the answers of everybody else.

In each round both have their turn, one after the other, and who begins changes from round to round:
what the machine does besides falls on both.
"""

from statistics import median
from typing import Final

from bench import scene
from bench.dnsperf import Asking
from bench.plan import Plan, say
from bench.rig import Rig
from bench.servers import POLICIES, WITH_POLICIES
from bench.table import Table, ratios, spread
from bench.throughput import Run, run

BAR: Final = 1.03
"Policies that are on may cost a cached answer 3 % at most."

_NAMES: Final = {"dnswatch": "off", WITH_POLICIES: "on"}
"The servers, by what the table calls them."

_HEAD: Final = (
    "policies",
    "CPU µs per answer, worker",
    "ratio to off",
    "CPU µs per answer, all processes",
    "ratio to off",
    "answers/s",
    "lost",
)


def measure_policies(rig: Rig, plan: Plan) -> list[Table]:
    """Ask for hot names with policies off and on, while no client is marked."""
    what = scene.cached(rig, plan)
    asking = Asking(seconds=plan.seconds)
    runs: dict[str, list[Run]] = {server: [] for server in _NAMES}
    for number in range(1, plan.rounds + 1):
        for server in sorted(runs, reverse=number % 2 == 0):
            runs[server].append(run(rig, what, server, asking))
            cost = runs[server][-1].workers
            say(f"Policies {_NAMES[server]}, round {number}: {cost:.2f} µs in the worker")
    return [table(runs)]


def table(runs: dict[str, list[Run]]) -> Table:
    """Set policies off and on side by side, round by round."""
    workers = {server: [run.workers for run in found] for server, found in runs.items()}
    whole = {server: [run.whole for run in found] for server, found in runs.items()}
    rows = [
        (
            _NAMES[server],
            spread(workers[server], digits=2),
            ratios(workers[server], workers["dnswatch"]),
            spread(whole[server], digits=2),
            ratios(whole[server], whole["dnswatch"]),
            spread([run.load.rate for run in found]),
            f"{sum(run.load.lost for run in found):,}",
        )
        for server, found in runs.items()
    ]
    ratio = _middle(workers)
    verdict = "met" if ratio <= BAR else "**missed**"
    note = (
        f"On are {', '.join(POLICIES)}; no client is marked.  The median of the rounds' ratios is "
        f"{ratio:.3f} in the worker, {_middle(whole):.3f} in all processes.  The bar is {BAR:.2f} "
        f"in the worker, which answers: {verdict}."
    )
    return Table("Cached answers with policies off and on", _HEAD, tuple(rows), (note,))


def _middle(costs: dict[str, list[float]]) -> float:
    """Median over the rounds of what policies cost in the round."""
    return median(on / off for on, off in zip(costs[WITH_POLICIES], costs["dnswatch"], strict=True))
