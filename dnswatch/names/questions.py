"""Questions: one DNS message to one upstream, and its response, over any transport.

For the rare questions that dnswatch asks for itself: names of clients, routes of mail.  What
clients ask goes through `dnswatch.proxy.upstream`, which is made for many.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from functools import cached_property
from typing import Final

import dns.asyncquery
import dns.exception
import dns.message
import dns.query
import httpx2
from dns.message import Message, QueryMessage

from dnswatch.settings import Forward, Server

FAILURES: Final = (OSError, EOFError, ValueError, dns.exception.DNSException, httpx2.HTTPError)
"""What `ask` raises where there is no response: the next server may do better."""


def forwarded(name: str, forward: Iterable[Forward]) -> tuple[Server, ...] | None:
    """Return the servers of the longest forwarded domain that a name lies in; None without one.

    `name` is text in lower case, without its last dot.
    """
    found = [one for one in forward if f".{name}".endswith(f".{one.domain}")]
    return max(found, key=lambda one: len(one.domain)).servers if found else None


class Questions:
    """Asks upstreams."""

    def __init__(self, ca_file: str, patience: float) -> None:
        """Wait `patience` seconds for a response; `ca_file` as in the settings."""
        self._ca_file = ca_file or None
        self._patience = patience

    async def ask(self, question: QueryMessage, server: Server) -> Message:
        """Return a server's response; raises one of `FAILURES`."""
        where, port = await self._address(server), server.port
        match server.scheme:
            case "udp":
                try:
                    return await dns.asyncquery.udp(
                        question,
                        where,
                        self._patience,
                        port,
                        ignore_unexpected=True,
                        ignore_errors=True,
                        raise_on_truncation=True,
                    )
                except dns.message.Truncated:
                    return await self._ask_stream(question, where, port)
            case "tcp":
                return await self._ask_stream(question, where, port)
            case "tls":
                return await self._ask_stream(question, where, port, self._context, server.name)
            case _:
                host = f"[{server.name}]" if ":" in server.name else server.name
                url = f"https://{host}:{port}{server.path}"
                return await dns.asyncquery.https(
                    question, url, self._patience, verify=self._context, bootstrap_address=where
                )

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_file)

    async def _ask_stream(
        self,
        question: QueryMessage,
        where: str,
        port: int,
        context: ssl.SSLContext | None = None,
        name: str | None = None,
    ) -> Message:
        """Ask by TCP or TLS; unlike dnspython's own, this leaves no TLS connection half closed."""
        async with asyncio.timeout(self._patience):
            reader, writer = await asyncio.open_connection(
                where, port, ssl=context, server_hostname=name
            )
            try:
                wire = question.to_wire()
                writer.write(len(wire).to_bytes(2, "big") + wire)
                length = int.from_bytes(await reader.readexactly(2), "big")
                response = dns.message.from_wire(await reader.readexactly(length))
            finally:
                writer.transport.abort()
        if not question.is_response(response):
            raise dns.query.BadResponse
        return response

    async def _address(self, server: Server) -> str:
        if server.address:
            return server.host
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._patience):
            found = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        return str(found[0][4][0])
