"""The world outside: its DNS, in which every domain has an exchange, and those exchanges."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

import dnslib
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

EXCHANGES: Final = "127.0.0.80"
"""The address of all exchanges."""
BAY: Final = "127.0.0.25"
"""The address of the holding bay, on the same port as the exchanges."""
TTL: Final = 300


@dataclass
class DemoWorld:
    """What runs outside, and what arrived there."""

    dns_port: int
    smtp_port: int
    delivered: list[str] = field(default_factory=list)
    "Recipients, in the order in which their mail arrived."

    async def handle_DATA(  # noqa: N802 aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a message, as an exchange does."""
        self.delivered.extend(envelope.rcpt_tos)
        return "250 OK"


@contextmanager
def world() -> Iterator[DemoWorld]:
    """Run the world on free ports."""
    found = DemoWorld(_free_port("127.0.0.1"), _free_port(EXCHANGES, BAY))
    exchanges = Controller(found, EXCHANGES, found.smtp_port, server_hostname="mx.example")
    exchanges.start()
    stop = threading.Event()
    ready = threading.Event()
    dns = threading.Thread(target=lambda: asyncio.run(_serve_dns(found.dns_port, ready, stop)))
    dns.start()
    ready.wait()
    try:
        yield found
    finally:
        stop.set()
        dns.join()
        exchanges.stop()


async def _serve_dns(port: int, ready: threading.Event, stop: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_Dns, ("127.0.0.1", port))
    ready.set()
    await asyncio.to_thread(stop.wait)
    transport.close()


class _Dns(asyncio.DatagramProtocol):
    """The name servers of all domains."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(_answer(data), addr)


def _answer(query: bytes) -> bytes:
    """Name an exchange for each domain, and an address for each exchange."""
    response = dnslib.DNSRecord.parse(query).reply()
    name, qtype = response.q.qname, response.q.qtype
    if qtype == dnslib.QTYPE.MX:
        data: dnslib.RD = dnslib.MX(f"mx.{name}", 10)
        response.add_answer(dnslib.RR(name, qtype, ttl=TTL, rdata=data))
    elif qtype == dnslib.QTYPE.A:
        response.add_answer(dnslib.RR(name, qtype, ttl=TTL, rdata=dnslib.A(EXCHANGES)))
    return bytes(response.pack())


def _free_port(*addresses: str) -> int:
    """Find a port that is free for TCP and UDP at all these addresses."""
    while True:
        with socket.socket() as first:
            first.bind((addresses[0], 0))
            port = int(first.getsockname()[1])
        if all(_is_free(address, port) for address in addresses):
            return port


def _is_free(address: str, port: int) -> bool:
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as tried:
                tried.bind((address, port))
    except OSError:
        return False
    return True
