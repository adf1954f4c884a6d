"""Build: from settings to upstreams and routes."""

import ssl
from collections import Counter
from collections.abc import Callable
from functools import cached_property

from dnswatch.proxy.datagrams import DatagramBatch
from dnswatch.proxy.upstream.https import HttpsUpstream
from dnswatch.proxy.upstream.stream import StreamUpstream
from dnswatch.proxy.upstream.transport import Listener, Transport
from dnswatch.proxy.upstream.udp import UdpUpstream
from dnswatch.settings import Server, Settings


class Builder:
    """Makes the transports to upstreams."""

    def __init__(
        self,
        settings: Settings,
        room: DatagramBatch,
        listener: Listener,
        now: Callable[[], float],
        counters: Counter[str],
        attacked: Callable[[str, float], None],
    ) -> None:
        """Build from `settings`; UDP sockets share `room` for what they receive.

        `attacked` is told whose answers are being forged, and since when (Unix seconds).
        """
        self._settings = settings.upstream
        self._room = room
        self._listener = listener
        self._now = now
        self._counters = counters
        self._attacked = attacked

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._new_context()

    @cached_property
    def _https(self) -> ssl.SSLContext:
        return self._new_context()

    def _new_context(self) -> ssl.SSLContext:
        """Which certificates are believed; read only where a server needs it: that takes time."""
        context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def make(self, server: Server) -> Transport:
        """Make the transport to a server.

        Raises `OSError` where the file of certificate authorities cannot be read.
        """
        listener, now, counters = self._listener, self._now, self._counters
        if server.scheme == "https":
            tls = self._https
            return HttpsUpstream(server, tls=tls, listener=listener, now=now, counters=counters)
        stream = StreamUpstream(
            server,
            tls=self._tls if server.scheme == "tls" else None,
            listener=listener,
            now=now,
            counters=counters,
        )
        if server.scheme != "udp":
            return stream
        return UdpUpstream(
            server,
            fallback=stream,
            listener=listener,
            settings=self._settings,
            room=self._room,
            now=now,
            counters=counters,
            attacked=self._attacked,
        )
