"""A mailbox between threads: what one puts in, another takes out when its selector says so."""

import socket
import threading
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class ThreadMailbox(Generic[T]):
    """What waits for the thread that takes it out."""

    def __init__(self, most: int) -> None:
        """Have room for `most` things; who puts in one more waits."""
        self._most = most
        self._things: deque[T] = deque()
        self._room = threading.Condition()
        self._bell, self._clapper = socket.socketpair()
        for end in (self._bell, self._clapper):
            end.setblocking(False)

    def fileno(self) -> int:
        """Return the number of what becomes readable where something is there, for a selector."""
        return self._bell.fileno()

    def put(self, thing: T, stop: threading.Event) -> None:
        """Put something in, as soon as there is room; or nothing, once `stop` is set."""
        with self._room:
            while len(self._things) >= self._most and not stop.is_set():
                self._room.wait(0.2)
            self._things.append(thing)
        with suppress(OSError):  # it rings already, or nobody listens any more
            self._clapper.send(b"!")

    def close(self) -> None:
        """Ring no more."""
        for end in (self._bell, self._clapper):
            end.close()

    def take(self) -> list[T]:
        """Take out all that is there."""
        with suppress(OSError):
            self._bell.recv(64)
        with self._room:
            things = list(self._things)
            self._things.clear()
            self._room.notify_all()
        return things
