"""A vantage point's process, in a thread: its line to the watch, and its line to the supervisor."""

import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from dnswatch.model.observation import Observation
from dnswatch.seams.batch import decode
from tests.check import eventually


class Running:
    """What runs, and what the watch has of it."""

    def __init__(self, run: Callable[[socket.socket, socket.socket], None]) -> None:
        """Run it when entered."""
        self.lookups: list[Observation] = []
        self.counters: Counter[str] = Counter()
        self.untils: list[float] = []
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        (self._line, theirs), (self._control, control) = pairs
        self._sockets = [end for pair in pairs for end in pair]
        for end in self._sockets:
            end.setblocking(False)
        self._thread = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None
        self._run = partial(run, theirs, control)

    def __enter__(self) -> Self:
        """Begin; returns once it says that it lives."""
        self._running = self._thread.submit(self._run)
        eventually(self._lives)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it as the supervisor's end does."""
        self._control.close()
        self._thread.shutdown()
        self.look()
        for end in self._sockets:
            end.close()
        if kind is None and self._running is not None:
            self._running.result()

    def look(self) -> Self:
        """Take what was handed over."""
        with suppress(BlockingIOError):
            while True:
                batch = decode(self._line.recv(1 << 18))
                self.lookups += batch.observations
                self.counters.update(batch.counters)
                self.untils.append(batch.until)
        return self

    def has(self, lookups: int) -> bool:
        """Tell whether so many lookups have come."""
        self._lives()
        return len(self.look().lookups) >= lookups

    def _lives(self) -> bool:
        """Take in that it lives."""
        try:
            while True:
                if self._control.recv(64) == b"alive":
                    return True
        except BlockingIOError:
            return self._running is not None and self._running.done()
