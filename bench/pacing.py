"""Half load by `pace.c`: questions at a given rate, whether answers come or not, each one timed.

dnsperf is no clock for this: it holds questions back while too many are under way, and its own
two threads wait for each other on one core, milliseconds in the 99th percentile of a bare echo.
"""

import subprocess
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.process import pinned
from bench.rig import Rig

_LOST: Final = 0xFFFFFFFF
"Stands for an answer that did not come, or not with NOERROR."
_WAITED: Final = 1_000_000_000
"Nanoseconds that `pace.c` waits for the last answers."


@dataclass(frozen=True, slots=True)
class Pacing:
    """What one run at a given rate found."""

    latencies: tuple[int, ...]
    "Nanoseconds until each answer, in order of size; a lost one counts as the longest wait."
    lost: int

    @property
    def answers(self) -> int:
        """How many questions were answered."""
        return len(self.latencies) - self.lost

    def milliseconds(self, part: float) -> float:
        """The time within which `part` of all questions were answered (nearest rank)."""
        rank = -int(-len(self.latencies) * part // 1)
        return self.latencies[max(rank, 1) - 1] / 1e6


def pace(rig: Rig, port: int, names: Path, rate: float, seconds: float) -> Pacing:
    """Ask the server at `port` for the names, `rate` of them a second."""
    command = [str(rig.pacer), str(port), f"{rate:.3f}", f"{seconds:.3f}", str(names)]
    run = subprocess.run(pinned(command, rig.load_cores), stdout=subprocess.PIPE, check=True)
    return read_times(run.stdout)


def read_times(output: bytes) -> Pacing:
    """Read what `pace.c` wrote."""
    times = array("I", output)
    waited = sorted(_WAITED if time == _LOST else time for time in times)
    return Pacing(tuple(waited), times.count(_LOST))
