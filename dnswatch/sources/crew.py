"""The crew: processes that share the work of reading, which give it back in order."""

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from types import TracebackType
from typing import Final, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD: Final = 2
"""Pieces of work that wait for each process: enough that none stands idle, few enough to hold."""


class Crew:
    """Some processes, or none: then the work is done here."""

    def __init__(self, workers: int | None = None) -> None:
        """Employ as many as the machine has cores for; with 1 all is done in this process."""
        self.workers = workers or len(os.sched_getaffinity(0))
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Begin a `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Dismiss them."""
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def map(self, work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """Do the work for each thing, and give what came of it in order of the things."""
        if self.workers == 1:
            yield from map(work, things)
            return
        waiting: deque[Future[R]] = deque()
        for thing in things:
            pool = self._employed()
            with _uninterrupted():
                waiting.append(pool.submit(work, thing))
            if len(waiting) > AHEAD * self.workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _employed(self) -> ProcessPoolExecutor:
        if self._pool is None:
            resource_tracker.ensure_running()  # else the first employed starts it, and unblocks
            # Fork would copy what this process holds by then, threads' locks among it.
            self._pool = ProcessPoolExecutor(
                self.workers, mp_context=get_context("spawn"), initializer=collect_seldom
            )
        return self._pool


def collect_seldom() -> None:
    """Let the collector look for cycles a hundred times less often.

    Who reads recordings makes millions of small objects and hardly a cycle: an eighth of the time
    went into looking.
    """
    gc.freeze()
    gc.set_threshold(70_000, 50, 50)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Leave Ctrl-C to the one who dismisses the crew: who is employed meanwhile never hears of it.

    A process inherits what is blocked; one that blocks it itself would hear of it while it starts.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
