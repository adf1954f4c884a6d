"""An upstream over TCP or TLS: messages with their length before them (RFC 7766, RFC 7858)."""

import struct
from itertools import count

from dnswatch.proxy.upstream.kept import KeptConnection, KeptUpstream
from dnswatch.resolver.ask import Ask
from dnswatch.wire import response

_LENGTH = struct.Struct("!H")
_LENGTH_AND_ID = struct.Struct("!HH")


class StreamUpstream(KeptUpstream):
    """One server over TCP, or TLS where `tls` is given."""

    def protocol(self) -> "_Connection":
        """Make a connection that is to be opened."""
        return _Connection(self)


class _Connection(KeptConnection):
    """One connection; what was sent is known by its message ID."""

    def __init__(self, upstream: KeptUpstream) -> None:
        super().__init__(upstream)
        self._received = bytearray()
        self._ids = count()

    def write(self, ask: Ask) -> int:
        """Write a question under an ID that is free here."""
        while (message_id := next(self._ids) & 0xFFFF) in self.waiting:
            pass
        message = ask.message
        self.put(_LENGTH_AND_ID.pack(len(message) + 2, message_id) + message)
        return message_id

    def data_received(self, data: bytes) -> None:
        self.heard()
        self._received += data
        while len(self._received) >= 2:
            end = 2 + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._take(message)

    def _take(self, message: bytes) -> None:
        message_id = int.from_bytes(message[:2], "big")
        sent = self.waiting.get(message_id)
        if sent is None or not response.answers(message, sent.ask.asked):
            self.upstream.counters["mismatch"] += 1
            return
        self.answered(message_id, message)
