"""Turns: what a worker does for datagrams between two looks of the event loop.

Until asyncio has seen that a socket is readable and has called whoever reads there, as much CPU is
gone as a cached answer costs, and at half load a turn finds one to three datagrams.  So all sockets
for datagrams are one to the loop.  A turn takes in what has come to any of them, sends what is to
be sent for it, and looks again by itself as long as more has come.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Final

_ENOUGH: Final = 64
"""Datagrams after which a turn ends: as many as one socket may bring at a time."""

_LOOKS: Final = 8
"""Looks in a turn, at most."""


class Turns:
    """The turns of an event loop; there is one in a process."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poll: select.epoll | None = None
        self._readers: dict[int, Callable[[], int]] = {}
        "By file descriptor."
        self._is_on = False
        self._last: list[Callable[[], None]] = []
        "What is left to do in this turn."

    def add(self, fd: int, read: Callable[[], int]) -> None:
        """Have `read` called when something is at a socket; it says how many datagrams it took."""
        loop = asyncio.get_running_loop()
        if self._poll is None or loop is not self._loop:
            self._loop, self._poll, self._readers = loop, select.epoll(), {}
            loop.add_reader(self._poll.fileno(), self._take)
        self._poll.register(fd, select.EPOLLIN)
        self._readers[fd] = read

    def remove(self, fd: int) -> None:
        """Look at a socket no more."""
        if self._poll is not None and self._readers.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def closed(self, fd: int) -> None:
        """Take note that a socket was closed; the kernel took it out of the poll."""
        self._readers.pop(fd, None)

    def finally_do(self, action: Callable[[], None]) -> None:
        """Do something when all that is waiting at the sockets was taken in: soon, in any case."""
        if self._is_on:
            self._last.append(action)
        else:
            asyncio.get_running_loop().call_soon(action)

    def _take(self) -> None:
        """Take in what has come, and what comes meanwhile."""
        taken = 0
        for _ in range(_LOOKS):
            assert self._poll is not None
            events = self._poll.poll(0)
            if not events:
                break
            taken += self._look(events)
            if taken >= _ENOUGH:
                break

    def _look(self, events: list[tuple[int, int]]) -> int:
        """Read where something is; return how many datagrams that were."""
        taken = 0
        self._is_on = True
        try:
            for fd, _ in events:
                read = self._readers.get(fd)
                if read is not None:
                    taken += read()
        finally:
            self._is_on = False
            last, self._last = self._last, []
            for action in last:
                action()
        return taken


TURNS: Final = Turns()
