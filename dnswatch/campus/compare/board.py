"""The board: many seeds in parallel, how far they are, and what is finished when it is broken off.

A seed is a process; its results stand in a file of its own as soon as they are there.  Whoever runs
the same comparison again goes on where it ended.
"""

import logging
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import sleep
from typing import Final

from dnswatch.campus.compare.measure import Measured
from dnswatch.campus.compare.runs import Line, Task, read, run_seed
from dnswatch.errors import DnswatchError

_LOOK: Final = 0.5
"""Seconds between two looks at who is still running."""
_COUNT: Final = 10
"""Looks between two counts of what is finished, for which all results are read."""

Tell = Callable[[int], None]
"""Takes how many runs are finished."""


class Board:
    """The results of a comparison, in a directory."""

    def __init__(self, task: Task, seeds: Sequence[int], directory: Path) -> None:
        """Keep results in `directory`."""
        self._task = task
        self._seeds = seeds
        self._directory = directory

    @property
    def total(self) -> int:
        """Runs in all."""
        return len(self._seeds) * len(self._task.cases)

    def run(self, jobs: int, tell: Tell) -> None:
        """Run what is missing, `jobs` seeds at a time; Ctrl-C ends it, and keeps what is there."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DnswatchError(
                f"cannot write results to '{self._directory}': {error.strerror}; name another --out"
            ) from None
        waiting, running, looks = list(self._seeds), dict[int, BaseProcess](), 0
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    seed = waiting.pop(0)
                    running[seed] = self._start(seed)
                sleep(_LOOK)
                looks += 1
                for seed in [seed for seed, process in running.items() if not process.is_alive()]:
                    self._ended(seed, running.pop(seed))
                if looks % _COUNT == 0 or not (waiting or running):
                    tell(self.finished())
        finally:
            for process in running.values():
                process.terminate()
                process.join()

    def finished(self) -> int:
        """Count the runs whose results are there."""
        return sum(isinstance(line, Measured) for line in self.lines())

    def lines(self) -> list[Line]:
        """Return all results that are there and belong to this comparison."""
        found = [line for seed in self._seeds for line in read(self._file(seed))]
        cases = set(self._task.cases)
        return [
            line for line in found
            if not isinstance(line, Measured) or (line.worm, line.defence) in cases
        ]  # fmt: skip

    def _start(self, seed: int) -> BaseProcess:
        process = get_context("fork").Process(
            target=_run, args=(self._task, seed, self._file(seed)), name=f"seed {seed}"
        )
        process.start()
        return process

    def _ended(self, seed: int, process: BaseProcess) -> None:
        process.join()
        if process.exitcode:
            raise DnswatchError(
                f"seed {seed} failed (code {process.exitcode}); what is finished stands in"
                f" '{self._directory}', and the same command goes on from there"
            )

    def _file(self, seed: int) -> Path:
        return self._directory / f"seed-{seed:04}.jsonl"


def _run(task: Task, seed: int, results: Path) -> None:
    """Run a seed in a process of its own; what stops it is one sentence."""
    logging.getLogger("dnswatch").setLevel(logging.ERROR)  # each run has its warnings, as it should
    try:
        run_seed(task, seed, results)
    except DnswatchError as error:
        raise SystemExit(f"dnswatch: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
