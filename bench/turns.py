"""Turns: what holds up a worker's loop at half load, by CPU time, so that no other process counts.

The longest turn of each callback is what a query may have to wait for before it is read.
"""

import json
from typing import Final

from bench import scene
from bench.dnsperf import Asking
from bench.pacing import pace
from bench.plan import Plan, say
from bench.rig import Rig
from bench.scene import Scene
from bench.servers import TIMED, TURNS
from bench.table import Table
from bench.throughput import run

_HEAD: Final = ("turn", "turns", "CPU ms in all", "median ms", "99 % within ms", "longest ms")
_SHOWN: Final = 12
"Kinds of turns in a table, those with the longest ones."


def measure_turns(rig: Rig, plan: Plan) -> list[Table]:
    """Time the turns while answers come from the cache, and while all are misses."""
    return [
        _measure(rig, plan, what) for what in (scene.cached(rig, plan), scene.misses(rig, plan))
    ]


def _measure(rig: Rig, plan: Plan, what: Scene) -> Table:
    full = Asking(seconds=plan.seconds / 2, repeat=what.repeat)
    rate = run(rig, what, "dnswatch", full).load.rate / 2
    with what.warm(rig, TIMED) as standing:
        pace(rig, standing.port, what.names, rate, plan.seconds)
    title = f"{what.title}, at {rate:,.0f} queries/s"
    say(title)
    turns = json.loads((rig.folder / TURNS).read_text())
    return table(title, {name: [took for _, took in found] for name, found in turns.items()})


def table(title: str, turns: dict[str, list[float]]) -> Table:
    """Set the turns in order of their longest; `turns` has microseconds."""
    rows = []
    for name, found in sorted(turns.items(), key=lambda one: -max(one[1]))[:_SHOWN]:
        found.sort()
        middle, late = found[len(found) // 2], found[len(found) * 99 // 100]
        cells = [f"{value / 1000:.2f}" for value in (middle, late, found[-1])]
        rows.append((name, f"{len(found):,}", f"{sum(found) / 1000:,.0f}", *cells))
    return Table(title, _HEAD, tuple(rows))
