"""The world on the wire: an upstream that answers from the campus's world, over UDP.

So that a real dnswatch can be played against without a question leaving the machine.
"""

import socket
import threading
from types import TracebackType
from typing import Final, Self

import dnslib

from dnswatch.errors import UpstreamError, WireError
from dnswatch.lab.campus.output.packets import messages
from dnswatch.lab.campus.world.outside import Outside
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire import query

_WAKE: Final = 0.2
"""Seconds after which the thread looks whether it is to end."""


class World:
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
            0.0, b"", asked.qname, asked.qtype, heard.rcode, Origin.UPSTREAM, heard.addresses,
            heard.exchanges, heard.ttl,
        )  # fmt: skip
        response = dnslib.DNSRecord.parse(messages(seen)[1])
        response.header.id = int.from_bytes(message[:2], "big")
        # The question goes back as it came: with the case that a resolver mixes in (0x20).
        response.questions = dnslib.DNSRecord.parse(message).questions
        return bytes(response.pack())
