"""An upstream over HTTPS: POST over HTTP/2 (RFC 8484, RFC 9113).

After GOAWAY the requests that the server has taken on are still answered, and the rest goes on
another connection, as does a request that is refused (sections 6.8 and 8.7).  h2 would read nothing
after a GOAWAY, so that frame alone is read here.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError, StreamClosedError

from dnswatch.errors import WireError
from dnswatch.proxy.upstream.kept import MAX_WAITING, KeptConnection, KeptUpstream, Pending
from dnswatch.proxy.upstream.transport import Listener
from dnswatch.resolver.ask import Ask
from dnswatch.settings import Server
from dnswatch.wire import build, response

_TYPE: Final = "application/dns-message"

_MAX_AGE: Final = 0x7FFFFFFF
"""Seconds of the longest TTL (RFC 2181 section 8)."""

_FRAME_HEADER: Final = 9
"""Bytes before the payload of a frame: length, type, flags, stream (RFC 9113 section 4.1)."""

_MAX_FRAME: Final = 1 << 14
"""Bytes of the longest payload that a server may send who was allowed no more (section 4.2)."""

_GOAWAY_TYPE: Final = 7

_LAST_STREAM: Final = 1 << 30
"""Above it a connection is replaced: streams have 31-bit numbers (section 5.1.1)."""

_LONGEST_QUESTION: Final = 4096
"""Bytes that the server must have room for before a question is sent to it."""


class HttpsUpstream(KeptUpstream):
    """One server over HTTPS; `tls` says which certificates are believed."""

    def __init__(
        self,
        server: Server,
        *,
        tls: ssl.SSLContext,
        listener: Listener,
        now: Callable[[], float],
        counters: dict[str, int],
    ) -> None:
        """Connect on the first question; `tls` is for this protocol alone from now on."""
        tls.set_alpn_protocols(["h2"])
        super().__init__(server, tls=tls, listener=listener, now=now, counters=counters)

    def protocol(self) -> "_Connection":
        """Make a connection that is to be opened."""
        return _Connection(self)


class _Reply:
    """What came of one reply so far."""

    def __init__(self, event: ResponseReceived) -> None:
        self.message = b""
        headers = {bytes(key): bytes(value) for key, value in event.headers or ()}
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        self.is_good = headers.get(b":status") == b"200" and kind == _TYPE.encode()
        self.age = _seconds(headers.get(b"age", b""))


class _Connection(KeptConnection):
    """One HTTP/2 connection; what was sent is known by its stream."""

    def __init__(self, upstream: KeptUpstream) -> None:
        super().__init__(upstream)
        self._http = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._received = bytearray()
        self._replies: dict[int, _Reply] = {}
        self._later: deque[Pending] = deque()
        "What the server takes as soon as it has done with something else."
        server = upstream.server
        self._headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", server.name),
            (":path", server.path or "/"),
            ("accept", _TYPE),
            ("content-type", _TYPE),
        ]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            self.upstream.counters["upstream_no_http2"] += 1
            self.transport.abort()
            return
        self._http.initiate_connection()
        self._http.increment_flow_control_window(1 << 24)
        self._put_http()

    def send(self, pending: Pending) -> None:
        """Send a question, now or as soon as the server takes it."""
        if self._has_room():
            super().send(pending)
            if self._http.highest_outbound_stream_id > _LAST_STREAM:
                self.leave()
        elif len(self._later) < MAX_WAITING:
            self._later.append(pending)
        else:
            self.upstream.listener.failed(pending.ask)

    def write(self, ask: Ask) -> int:
        """Write a request on a stream of its own; RFC 8484 section 4.1 wants 0 for an ID."""
        question = b"\0\0" + ask.message
        stream = self._http.get_next_available_stream_id()
        self._http.send_headers(stream, [*self._headers, ("content-length", str(len(question)))])
        self._http.send_data(stream, question, end_stream=True)
        self._put_http()
        return stream

    def data_received(self, data: bytes) -> None:
        self.heard()
        self._received += data
        try:
            while (frame := self._next_frame()) is not None:
                if frame[3] == _GOAWAY_TYPE:
                    self._go_away(frame)
                else:
                    for event in self._http.receive_data(frame):
                        self._react(event)
        except ProtocolError:
            self.upstream.counters["upstream_https_failed"] += 1
            self.give_up()
            return
        self._put_http()
        self._send_later()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._pass_on_later()

    def leave(self, unanswered: Iterable[int] = ()) -> None:
        """Take no more questions; the rest may still be answered, `unanswered` goes elsewhere."""
        super().leave(unanswered)
        self._pass_on_later()

    def _next_frame(self) -> bytes | None:
        if len(self._received) < _FRAME_HEADER:
            return None
        length = int.from_bytes(self._received[:3], "big")
        if length > _MAX_FRAME:
            raise ProtocolError("a frame is longer than was allowed")
        end = _FRAME_HEADER + length
        if len(self._received) < end:
            return None
        frame = bytes(self._received[:end])
        del self._received[:end]
        return frame

    def _go_away(self, frame: bytes) -> None:
        """Have asked elsewhere what the server has not taken on (RFC 9113 section 6.8)."""
        last = int.from_bytes(frame[_FRAME_HEADER : _FRAME_HEADER + 4], "big") & 0x7FFFFFFF
        self.leave(stream for stream in self.waiting if stream > last)

    def _react(self, event: Event) -> None:
        """Take in what h2 made of a frame."""
        match event:
            case ResponseReceived(stream_id=stream) if stream in self.waiting:
                self._replies[stream] = reply = _Reply(event)
                if not reply.is_good:
                    self._refuse(stream)
            case DataReceived(stream_id=stream):
                self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                if stream in self._replies:
                    self._replies[stream].message += event.data or b""
                    if len(self._replies[stream].message) > build.MAX_TCP:
                        self._refuse(stream)
            case StreamEnded(stream_id=stream) if stream in self._replies:
                self._finish(stream, self._replies.pop(stream))
            case StreamReset(stream_id=stream) if stream in self.waiting:
                self._replies.pop(stream, None)
                self.leave([stream])

    def _finish(self, stream: int, reply: _Reply) -> None:
        """Hand on a reply that is whole."""
        try:
            message = response.older(reply.message, reply.age) if reply.age else reply.message
        except WireError:
            message = b""
        if response.answers(message, self.waiting[stream].ask.asked):
            self.answered(stream, message)
        else:
            self.failed(stream, "mismatch")

    def _refuse(self, stream: int) -> None:
        """Take no more of a reply that is no DNS message."""
        self._cancel(stream)
        self.failed(stream, "upstream_https_failed")

    def _cancel(self, stream: int) -> None:
        self._replies.pop(stream, None)
        with contextlib.suppress(StreamClosedError):  # it has just ended by itself
            self._http.reset_stream(stream, ErrorCodes.CANCEL)

    def _has_room(self) -> bool:
        """Tell whether the server takes one more; what nobody waits for makes room."""
        if self._http.outbound_flow_control_window < _LONGEST_QUESTION:
            return False
        limit = min(self._http.remote_settings.max_concurrent_streams, MAX_WAITING)
        if len(self.waiting) >= limit:
            for stream in [n for n, one in self.waiting.items() if one.ask.is_done]:
                self._cancel(stream)
                del self.waiting[stream]
            self._put_http()
        return self._http.open_outbound_streams < limit

    def _send_later(self) -> None:
        """Send what waited for room."""
        while self._later and self.open and self._has_room():
            pending = self._later.popleft()
            if not pending.ask.is_done:
                super().send(pending)

    def _pass_on_later(self) -> None:
        later, self._later = self._later, deque()
        self.upstream.again(later)

    def _put_http(self) -> None:
        if data := self._http.data_to_send():
            self.put(data)


def _seconds(age: bytes) -> int:
    """Read an Age header; one that is no number is as none (RFC 9111 section 5.1)."""
    first = age.partition(b",")[0].strip()
    return min(int(first[:12]), _MAX_AGE) if first.isdigit() else 0
