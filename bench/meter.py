"""The meter: what an act cost a server in CPU, with all the work that it put off."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from bench.process import TICK, Process

_QUIET: Final = 0.25
"Seconds over which a server that has caught up uses next to no CPU."
_IDLE: Final = 0.05
"Part of a core that still counts as next to none."
_CATCHING_UP: Final = 30.0
"Seconds that a server may take to catch up; what is left then stays unseen."

_WORKER: Final = re.compile(r"dnswatch-w\d+")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU, user and system."""

    whole: float
    "Of all the server's processes."
    workers: tuple[float, ...]
    "Of each process that answers."
    kernel: float = 0.0
    "Of these, in the kernel."

    def per_answer(self, answers: int) -> float:
        """CPU per answer of all processes, in microseconds."""
        return 1e6 * self.whole / answers

    def per_answer_in_workers(self, answers: int) -> float:
        """CPU per answer of the processes that answer, in microseconds."""
        return 1e6 * sum(self.workers) / answers


def metered(server: Process, workers: int, act: Callable[[], Result]) -> tuple[Result, Cost]:
    """Do `act`, wait until the server has caught up, and say what that cost it."""
    before, kernel_before = server.cpu(), server.kernel()
    result = act()
    settle(server)
    after, kernel_after = server.cpu(), server.kernel()
    used = {pid: after[pid] - before.get(pid, 0.0) for pid in after}
    answering = workers_of(used) or sorted(used)[-workers:]
    kernel = sum(kernel_after[pid] - kernel_before.get(pid, 0.0) for pid in answering)
    # Less than the kernel counts is not nothing.
    answered = tuple(max(used[pid], TICK) for pid in answering)
    return result, Cost(max(sum(used.values()), sum(answered)), answered, kernel)


def workers_of(processes: Iterable[int]) -> list[int]:
    """Return which processes call themselves a worker; nobody here but dnswatch names any."""
    return [pid for pid in processes if _WORKER.fullmatch(_name(pid))]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # it ended meanwhile
        return ""


def settle(server: Process, quiet: float = _QUIET) -> None:
    """Wait until the server has done what it put off, such as its records.

    That is so once it used next to no CPU for `quiet` seconds.
    """
    deadline = time.monotonic() + _CATCHING_UP
    used = sum(server.cpu().values())
    while time.monotonic() < deadline:
        time.sleep(quiet)
        before, used = used, sum(server.cpu().values())
        if used - before <= _IDLE * quiet:
            return
