"""The crew: processes that share the work of reading, which give it back in order.

They are forked, so that what is loaded need not be loaded anew: before this process begins any
thread, whose locks would be copied as they are.

Rules of this file: who helps holds nothing that would be lost with it, and ends with this process.
"""

import gc
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fcntl import F_SETPIPE_SZ, fcntl
from itertools import cycle
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, BinaryIO, Final, NoReturn, Self, TypeVar

from dnswatch.errors import SourceError

T = TypeVar("T")
R = TypeVar("R")

AHEAD: Final = 2
"""Pieces of work that wait for each process: enough that none stands idle, few enough to hold."""

WAITING: Final = 1 << 20
"""Bytes told that wait for who asked, so that he need not come for them at once."""


class Crew:
    """Some processes, or none: then the work is done here."""

    def __init__(self, workers: int | None = None) -> None:
        """Employ as many as the machine has cores for; with 1 all is done in this process."""
        self.workers = workers or len(os.sched_getaffinity(0))
        self._helpers: list[_Helper] = []

    def __enter__(self) -> Self:
        """Employ them."""
        if self.workers > 1:
            self._helpers = [_Helper() for _ in range(self.workers)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Dismiss them."""
        for helper in self._helpers:
            helper.dismiss()
        self._helpers = []

    def map(self, work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """Do the work for each thing, and give what came of it in order of the things.

        Who takes no more before the end leaves the rest undone, and the crew of no more use.
        """
        if not self._helpers:
            yield from map(work, things)
            return
        waiting: deque[_Helper] = deque()
        for helper, thing in zip(cycle(self._helpers), things, strict=False):
            helper.ask(work, thing)
            waiting.append(helper)
            if len(waiting) > AHEAD * self.workers:
                yield waiting.popleft().answer()
        while waiting:
            yield waiting.popleft().answer()


class _Helper:
    """A process that does one thing after the other, and tells what came of each."""

    def __init__(self) -> None:
        asked, self._asks = _pipe()
        self._answers, answered = _pipe()
        # Ctrl-C is for the one who dismisses the crew: never heard here, not even on the way.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._pid = os.fork()
            if not self._pid:
                self._asks.close()
                self._answers.close()
                _help(asked, answered)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        asked.close()
        answered.close()

    def ask(self, work: Callable[[T], Any], thing: T) -> None:
        try:
            pickle.dump((work, thing), self._asks)
            self._asks.flush()
        except BrokenPipeError:
            self._miss()

    def answer(self) -> Any:
        try:
            done, came = pickle.load(self._answers)  # noqa: S301 - of a process of our own
        except (EOFError, pickle.UnpicklingError):
            self._miss()
        if not done:
            raise came
        return came

    def dismiss(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        with suppress(BrokenPipeError):
            self._asks.close()
        self._answers.close()

    def _miss(self) -> NoReturn:
        raise SourceError(
            "a process that helped to read was ended from outside: where memory is short, read with"
            " --workers 1"
        ) from None


def _pipe() -> tuple[BinaryIO, BinaryIO]:
    reading, writing = os.pipe()
    with suppress(OSError):  # there is a limit for each user: then who works waits now and then
        fcntl(writing, F_SETPIPE_SZ, WAITING)
    return os.fdopen(reading, "rb"), os.fdopen(writing, "wb")


def _help(asked: BinaryIO, answers: BinaryIO) -> NoReturn:
    """Work until nobody asks any more."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        collect_seldom()
        asks: SimpleQueue[Any] = SimpleQueue()
        Thread(target=_listen, args=(asked, asks), daemon=True).start()
        while (ask := asks.get()) is not None:
            work, thing = ask
            try:
                answer = True, work(thing)
            except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
                answer = False, error
            pickle.dump(answer, answers)
            answers.flush()
    except BrokenPipeError:
        pass  # who asked is gone
    finally:
        os._exit(0)


def _listen(asked: BinaryIO, asks: "SimpleQueue[Any]") -> None:
    """Hear what is asked while work goes on: who asks must never wait for one who answers."""
    with suppress(EOFError):
        while True:
            asks.put(pickle.load(asked))  # noqa: S301 - of the process that forked this one
    asks.put(None)


def collect_seldom() -> None:
    """Let the collector look for cycles a hundred times less often.

    Who reads recordings makes millions of small objects and hardly a cycle: an eighth of the time
    went into looking.
    """
    gc.freeze()
    gc.set_threshold(70_000, 50, 50)
