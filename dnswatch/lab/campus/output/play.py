"""Play: a real dnswatch asked as a campus asks, and the world that it forwards to.

The world is an upstream that answers over UDP, so that no question leaves the machine.

Each client asks from an address of its own where that is possible: on loopback, each has one in
127.64.0.0/10.  Simulated time runs `speed` times as fast as real time.  The campus goes its own way
whatever the server answers; what that makes of the queries is in its own records.
"""

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self

import dnslib

from dnswatch.errors import UpstreamError, WireError
from dnswatch.lab.campus.output.packets import messages
from dnswatch.lab.campus.world import Outside
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire import query

_WAKE: Final = 0.2
"""Seconds after which the thread looks whether it is to end."""


class WorldServer:
    """Answers questions in a thread."""

    def __init__(self, outside: Outside, address: tuple[str, int]) -> None:
        """Answer at `address`; port 0 is any free one."""
        self._outside = outside
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            raise UpstreamError(
                f"the world cannot answer at {address[0]} port {address[1]}: {error.strerror};"
                " name another port"
            ) from None
        self._socket.settimeout(_WAKE)
        self.address: tuple[str, int] = self._socket.getsockname()
        "Where it answers."
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End."""
        self._is_ending = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._is_ending:
            try:
                message, client = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            response = self.answer(message)
            if response:
                self._socket.sendto(response, client)

    def answer(self, message: bytes) -> bytes:
        """Answer a query; nothing where it is none."""
        try:
            asked = query.read(message)
        except WireError:
            return b""
        if asked is None:
            return b""
        heard = self._outside.answer(asked.qname, asked.qtype)
        seen = Observation(
            0.0,
            b"",
            asked.qname,
            asked.qtype,
            heard.rcode,
            Origin.UPSTREAM,
            heard.addresses,
            heard.exchanges,
            heard.ttl,
        )
        response = dnslib.DNSRecord.parse(messages(seen)[1])
        response.header.id = int.from_bytes(message[:2], "big")
        # The question goes back as it came: with the case that a resolver mixes in (0x20).
        response.questions = dnslib.DNSRecord.parse(message).questions
        return bytes(response.pack())


_SOCKETS: Final = 500
"""Clients whose sockets are open at a time."""
_LOOPBACK: Final = int(ip_address("127.64.0.0"))
_HOSTS: Final = (1 << 22) - 1


class Player:
    """Sends queries at their time."""

    def __init__(
        self,
        target: tuple[str, int],
        begin: float,
        speed: float,
        now: Callable[[], float],
        wait: Callable[[float], None],
    ) -> None:
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
