"""The seed runner: many seeds in parallel, and what is finished when it is broken off.

A seed is a process; its results stand in a file of its own as soon as they are there.  Whoever runs
the same comparison again goes on where it ended.  The same is what all of it was made by: results
stand in a directory named by a digest of that, so that no page ever mixes them with others.
"""

import fcntl
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import sleep
from typing import Final

import msgspec

import dnswatch
from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.compare.measure import RunMeasures
from dnswatch.lab.campus.compare.runs import ComparisonTask, Line, read, run_seed
from dnswatch.lab.campus.worms import shipped

_LOOK: Final = 0.5
"""Seconds between two looks at who is still running."""
_COUNT: Final = 10
"""Looks between two counts of what is finished, for which all results are read."""

Tell = Callable[[int], None]
"""Takes how many runs are finished."""


class SeedRunner:
    """The results of a comparison, in a directory."""

    def __init__(self, task: ComparisonTask, seeds: Sequence[int], directory: Path) -> None:
        """Keep results in `directory`, in a room of their own for what makes them."""
        self._task = task
        self._seeds = seeds
        self._directory = directory / f"runs-{identity(task)}"

    @property
    def total(self) -> int:
        """Runs in all."""
        return len(self._seeds) * len(self._task.cases)

    def run(self, jobs: int, tell: Tell) -> None:
        """Run what is missing, `jobs` seeds at a time; Ctrl-C ends it, and keeps what is there.

        Raises `DnswatchError` where the directory cannot be written to, where another comparison
        is writing the same results, or where a seed failed.
        """
        with self._locked():
            self._run(jobs, tell)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a second comparison from writing the same results at the same time."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            lock = (self._directory / "lock").open("ab")
        except OSError as error:
            raise DnswatchError(
                f"cannot write results to '{self._directory}': {error.strerror}; name another --out"
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DnswatchError(
                    f"another comparison is writing to '{self._directory}': wait until it is"
                    " finished, or name another --out"
                ) from None
            yield

    def _run(self, jobs: int, tell: Tell) -> None:
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
        return sum(isinstance(line, RunMeasures) for line in self.lines())

    def lines(self) -> list[Line]:
        """Return all results that are there and belong to this comparison."""
        found = [line for seed in self._seeds for line in read(self._file(seed))]
        cases = set(self._task.cases)
        return [
            line
            for line in found
            if not isinstance(line, RunMeasures) or (line.worm, line.defence) in cases
        ]

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


def identity(task: ComparisonTask) -> str:
    """Return a digest of all that makes the results: plan, policies, worms, days and the code.

    The cases are left out, since each result names its own: a comparison with one more worm goes on
    with what is there.  The code counts, since another version finds other numbers.
    """
    worms = {case.worm: _own(case.worm) for case in task.cases if _own(case.worm)}
    made = (task.plan, [text for _, text in task.policies], task.honest_days, task.days, worms)
    digest = hashlib.sha256(msgspec.json.encode(made, enc_hook=str, order="deterministic"))
    room = Path(dnswatch.__file__).parent
    for path in sorted(room.rglob("*.py")) + sorted(room.rglob("*.toml")):
        digest.update(str(path.relative_to(room)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _own(worm: str) -> str:
    """Return the text of a worm that is a file of the user's own."""
    return "" if worm in shipped.names() else shipped.text(worm)


def _run(task: ComparisonTask, seed: int, results: Path) -> None:
    """Run a seed in a process of its own; what stops it is one sentence."""
    logging.getLogger("dnswatch").setLevel(logging.ERROR)  # each run has its warnings, as it should
    try:
        run_seed(task, seed, results)
    except DnswatchError as error:
        raise SystemExit(f"dnswatch: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
