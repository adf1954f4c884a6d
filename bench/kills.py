"""Kills: how many queries are lost while workers are killed again and again.

Two workers answer hot names at a pace that no server notices, nobody asks twice, and every quarter
of a second one of the two is killed.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread
from typing import Final

from bench import scene
from bench.meter import workers_of
from bench.pacing import pace
from bench.plan import Plan, say
from bench.process import Process
from bench.rig import Rig
from bench.table import Table

RATE: Final = 1000.0
"Questions a second."
_EVERY: Final = 0.25
"Seconds from kill to kill."
_HEAD: Final = (
    "server",
    "kills",
    "queries",
    "lost",
    "lost %",
    "99 % within ms",
    "99.9 % within ms",
)


def measure_kills(rig: Rig, plan: Plan) -> list[Table]:
    """Kill workers for as long as one run lasts, in each round."""
    what = scene.cached(rig, plan)
    rows = []
    for number in range(1, plan.rounds + 1):
        with what.warm(rig.shared, "dnswatch", 2) as standing, _killing(standing.server) as killed:
            found = pace(rig.shared, standing.port, what.names, RATE, plan.seconds)
        asked = len(found.latencies)
        lost = f"{100 * found.lost / asked:.2f}"
        say(f"Kills, round {number}: {len(killed)} kills, {lost} % of {asked:,} queries lost")
        times = (f"{found.milliseconds(part):.1f}" for part in (0.99, 0.999))
        rows.append(("dnswatch", f"{len(killed)}", f"{asked:,}", f"{found.lost:,}", lost, *times))
    return [Table("Workers killed one after the other", _HEAD, tuple(rows))]


@contextmanager
def _killing(server: Process) -> Iterator[list[int]]:
    """Kill a worker now and again; yield whom."""
    chance, over, killed = Random(1), Event(), list[int]()

    def kill() -> None:
        while not over.wait(_EVERY):
            if len(workers := workers_of(server.cpu())) == 2:
                killed.append(chance.choice(workers))
                os.kill(killed[-1], signal.SIGKILL)

    thread = Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
