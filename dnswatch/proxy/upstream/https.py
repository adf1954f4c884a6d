"""An upstream over HTTPS (RFC 8484): POST over HTTP/2, a connection that is kept.

HTTP caches on the way keep no answers to POST; one that came from a cache all the same, as its Age
says, is refused: its TTLs would be too long (RFC 8484 section 5.1).
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import urlunsplit

import httpx2

from dnswatch.proxy.upstream.health import Health
from dnswatch.proxy.upstream.transport import Asking
from dnswatch.settings import Server
from dnswatch.wire import build, query, response

TIMEOUT: Final = 4.0
"""Seconds for one question, the connection included."""

MAX_WAITING: Final = 500
"""Questions under way at a time; more are failures."""

_TYPE: Final = "application/dns-message"


class HttpsUpstream:
    """One server over HTTPS; `tls` says which certificates are believed."""

    def __init__(
        self, server: Server, *, tls: ssl.SSLContext, size: int, now: Callable[[], float],
        counters: dict[str, int],
    ) -> None:  # fmt: skip
        """Connect on the first question."""
        self.url = str(server)
        self.health = Health()
        self._now = now
        self._counters = counters
        self._size = size
        host = f"[{server.host}]" if ":" in server.host else server.host
        self._target = urlunsplit(("https", f"{host}:{server.port}", server.path or "/", "", ""))
        # RFC 8484 section 5.1: the ID is 0, for HTTP caches; the name stands in SNI and Host.
        self._extensions = {"sni_hostname": server.name}
        self._headers = {
            "accept": _TYPE, "accept-encoding": "identity", "content-type": _TYPE,
            "host": server.name,
        }  # fmt: skip
        self._client = httpx2.AsyncClient(verify=tls, http2=True, timeout=TIMEOUT, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, asking: Asking) -> None:
        """Post a question."""
        if len(self._tasks) >= MAX_WAITING:
            asking.failure(self)
            return
        task = asyncio.get_running_loop().create_task(self._post(asking))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Close the connection; nobody is told."""
        for task in self._tasks:
            task.cancel()
        task = asyncio.get_running_loop().create_task(self._client.aclose())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, asking: Asking) -> None:
        sent_at = self._now()
        question = b"\0\0" + query.for_upstream(asking.query, self._size, asking.edns)
        try:
            message = await self._fetch(question)
        except (httpx2.HTTPError, OSError, ValueError):
            self._counters["upstream_https_failed"] += 1
            asking.failure(self)
            return
        if response.answers(message, asking.query.asked):
            asking.response(self, message, sent_at)
        else:
            self._counters["mismatch"] += 1
            asking.failure(self)

    async def _fetch(self, question: bytes) -> bytes:
        """Post a question and return the message that came back, bounded in size."""
        request = self._client.build_request(
            "POST", self._target, content=question, headers=self._headers,
            extensions=self._extensions,
        )  # fmt: skip
        reply = await self._client.send(request, stream=True)
        try:
            if reply.status_code != 200 or reply.headers.get("content-type") != _TYPE:
                raise ValueError("no DNS message in the reply")
            if reply.headers.get("age", "0") != "0":
                raise ValueError("the reply comes from an HTTP cache")
            message = b""
            async for part in reply.aiter_raw():
                message += part
                if len(message) > build.MAX_TCP:
                    raise ValueError("the reply is longer than a DNS message")
            return message
        finally:
            await reply.aclose()
