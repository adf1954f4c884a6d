"""Fairness: how many of the others' misses are answered while one client floods.

The flood asks for names that nobody has, from an address of its own; the others ask for fresh names
at a pace that no server notices.  Every server runs twice: with the rate that one client may have,
and without.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench import scene
from bench.pacing import Pacing, pace
from bench.plan import Plan, say
from bench.process import pinned
from bench.programs import find
from bench.rig import Rig
from bench.servers import LIMITED, SERVERS
from bench.table import Table, spread

FLOOD: Final = 20_000
"Questions a second of the client that floods."
OTHERS: Final = 200.0
"Questions a second of all others."
_FLOODER: Final = "127.0.0.66"
_HEAD: Final = ("server", "rate of a client", "answered %", "99 % within ms")


def measure_fairness(rig: Rig, plan: Plan) -> list[Table]:
    """Flood each server, with a rate for one client and without, and ask it as somebody else."""
    servers = [(name, kind) for name in SERVERS for kind in (name, LIMITED[name])]
    found: dict[str, list[Pacing]] = {kind: [] for _, kind in servers}
    count = int(FLOOD * (plan.seconds + 5))
    flood = scene.write_names(rig.folder / "flood", "x", count)
    names = scene.write_names(rig.folder / "others", "o", int(OTHERS * plan.seconds) + 1)
    for number in range(1, plan.rounds + 1):
        for _, kind in servers:
            with rig.start(kind) as standing, _flooded(rig, standing.port, flood, plan.seconds + 2):
                found[kind].append(pace(rig, standing.port, names, OTHERS, plan.seconds))
            say(f"Fairness, round {number}, {kind}: {_share(found[kind][-1]):.1f} % answered")
    rows = tuple(
        (
            name,
            "none" if kind == name else "1,000/s",
            spread([_share(one) for one in found[kind]], digits=1),
            spread([one.milliseconds(0.99) for one in found[kind]], digits=1),
        )
        for name, kind in servers
    )
    title = f"Others' misses while one client asks {FLOOD:,} questions a second for random names"
    return [Table(title, _HEAD, rows)]


@contextmanager
def _flooded(rig: Rig, port: int, names: Path, seconds: float) -> Iterator[None]:
    """Flood the server at `port` as one client; it is at full speed when this enters."""
    command = [
        find("dnsperf"),
        "-s",
        "127.0.0.1",
        "-p",
        str(port),
        "-d",
        str(names),
        "-a",
        _FLOODER,
        "-Q",
        str(FLOOD),
        "-q",
        "60000",
        "-t",
        "1",
        "-l",
        str(seconds),
    ]
    quiet = subprocess.DEVNULL
    flood = subprocess.Popen(pinned(command, rig.load_cores), stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        flood.terminate()
        flood.wait()


def _share(found: Pacing) -> float:
    return 100 * found.answers / len(found.latencies)
