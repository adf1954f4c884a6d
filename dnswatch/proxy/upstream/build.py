"""Build: from settings to upstreams and routes."""

import ssl
from collections import Counter
from collections.abc import Callable
from functools import cached_property

from dnswatch.proxy.datagrams import Batch
from dnswatch.proxy.upstream.group import Group, Routes
from dnswatch.proxy.upstream.https import HttpsUpstream
from dnswatch.proxy.upstream.stream import StreamUpstream
from dnswatch.proxy.upstream.transport import Upstream
from dnswatch.proxy.upstream.udp import UdpUpstream
from dnswatch.settings import Server, Settings
from dnswatch.wire import name


class Builder:
    """Makes upstreams; one server that stands in several places is one upstream."""

    def __init__(
        self,
        settings: Settings,
        room: Batch,
        now: Callable[[], float],
        counters: Counter[str],
        attacked: Callable[[str, float], None],
    ) -> None:
        """Build from `settings`; UDP sockets share `room` for what they receive.

        `attacked` is told whose answers are being forged, and since when (Unix seconds).
        """
        self._settings = settings.upstream
        self._forward = settings.forward
        self._room = room
        self._now = now
        self._counters = counters
        self._attacked = attacked
        self._made: dict[Server, Upstream] = {}

    def routes(self) -> Routes:
        """Build all upstreams and say which is asked for which domain.

        Raises `OSError` where the file of certificate authorities cannot be read.
        """
        return Routes(
            self._group(self._settings.servers),
            {
                name.from_text(forward.domain): self._group(forward.servers)
                for forward in self._forward
            },
        )

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

    def _group(self, servers: tuple[Server, ...]) -> Group:
        return Group([self._upstream(server) for server in servers], self._settings.strategy)

    def _upstream(self, server: Server) -> Upstream:
        if server not in self._made:
            self._made[server] = self._make(server)
        return self._made[server]

    def _make(self, server: Server) -> Upstream:
        size, now, counters = self._settings.udp_size, self._now, self._counters
        if server.scheme == "https":
            return HttpsUpstream(server, tls=self._https, size=size, now=now, counters=counters)
        tls = self._tls if server.scheme == "tls" else None
        stream = StreamUpstream(server, tls=tls, size=size, now=now, counters=counters)
        if server.scheme != "udp":
            return stream
        return UdpUpstream(
            server, fallback=stream, settings=self._settings, room=self._room, now=now,
            counters=counters, attacked=self._attacked,
        )  # fmt: skip
