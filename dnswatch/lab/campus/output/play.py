"""Play: a campus's lookups as real queries to a running dnswatch.

Each client asks from an address of its own where that is possible: on loopback, each has one in
127.64.0.0/10.  Simulated time runs `speed` times as fast as real time.  The campus goes its own way
whatever the server answers; what that makes of the queries is in its own records.
"""

import socket
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from dnswatch.lab.campus.output.packets import messages
from dnswatch.model.observation import Observation

_SOCKETS: Final = 500
"""Clients whose sockets are open at a time."""
_LOOPBACK: Final = int(ip_address("127.64.0.0"))
_HOSTS: Final = (1 << 22) - 1


class Player:
    """Sends queries at their time."""

    def __init__(
        self, target: tuple[str, int], begin: float, speed: float,
        now: Callable[[], float], wait: Callable[[float], None],
    ) -> None:  # fmt: skip
        """Play against `target` from the simulated moment `begin` on."""
        self._target = target
        self._begin = begin
        self._speed = speed
        self._now = now
        self._wait = wait
        self._started = now()
        self._is_local = ip_address(target[0]).is_loopback
        self._sockets: OrderedDict[bytes, socket.socket] = OrderedDict()
        self.sent = 0
        "Queries that were sent."
        self.heard = 0
        "Responses that came."

    def play(self, seen: Observation) -> None:
        """Send a lookup's query, when its time has come."""
        due = self._started + (seen.at - self._begin) / self._speed
        if (early := due - self._now()) > 0:
            self._wait(early)
        assert seen.client is not None, "a campus leaves nobody out"
        query, _ = messages(seen)
        self._of(seen.client).sendto(query, self._target)
        self.sent += 1

    def close(self) -> None:
        """Hear what has come, and end."""
        for client in list(self._sockets):
            self._drop(client)

    def _of(self, client: bytes) -> socket.socket:
        found = self._sockets.get(client)
        if found is None:
            found = self._sockets[client] = self._opened(client)
            if len(self._sockets) > _SOCKETS:
                self._drop(next(iter(self._sockets)))
        else:
            self._sockets.move_to_end(client)
            self._hear(found)
        return found

    def _opened(self, client: bytes) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        if self._is_local:
            made.bind((self.address(client), 0))
        return made

    def source(self, client: bytes) -> str:
        """Return the address that a client asks from."""
        return self.address(client) if self._is_local else str(ip_address(client))

    @staticmethod
    def address(client: bytes) -> str:
        """Return the loopback address that stands for a client."""
        return str(ip_address(_LOOPBACK + (int.from_bytes(client, "big") & _HOSTS)))

    def _drop(self, client: bytes) -> None:
        with self._sockets.pop(client) as gone:
            self._hear(gone)

    def _hear(self, open_socket: socket.socket) -> None:
        while True:
            try:
                open_socket.recv(4096)
            except (BlockingIOError, ConnectionError):
                return
            self.heard += 1
