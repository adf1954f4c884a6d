"""A worker that is reloaded again and again keeps nothing of what was replaced."""

import asyncio
import gc
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import dnswatch.proxy.worker as worker_module
from dnswatch.names.hosts import HostsFiles
from dnswatch.proxy.datagrams import DatagramBatch, Outbox
from dnswatch.proxy.upstream.kept import KeptConnection, KeptUpstream
from dnswatch.proxy.upstream.udp import UdpUpstream
from dnswatch.proxy.worker import Worker
from dnswatch.resolver.health import Health
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.special import SpecialNames
from dnswatch.resolver.upstreams import Group, Prober, Routes
from dnswatch.seams.batch import STARTED, decode
from dnswatch.settings import Settings, read
from tests.live.certificates import Certificates
from tests.upstream import Upstream

RELOADS = 50
PARTS = (
    Settings,
    HostsFiles,
    LocalNames,
    SpecialNames,
    Routes,
    Group,
    Prober,
    Health,
    UdpUpstream,
    KeptUpstream,
    KeptConnection,
    Outbox,
    DatagramBatch,
    ssl.SSLContext,
)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def upstreams(certificates: Certificates) -> Iterator[list[Upstream]]:
    """One upstream of each kind; each is probed, and so connected to, as soon as it is there."""
    with ExitStack() as stack:
        made = [Upstream(), Upstream(scheme="tcp")]
        made += [certificates.upstream(scheme=scheme) for scheme in ("tls", "https")]
        yield [stack.enter_context(upstream) for upstream in made]


def census() -> Counter[str]:
    """Count the living parts of each kind; asyncio's own transports wait for the collector."""
    kinds = ((kind, one) for one in gc.get_objects() for kind in PARTS if isinstance(one, kind))
    return Counter(kind.__name__ for kind, _ in kinds)


def test_reloads_leave_nothing_of_the_replaced_parts(
    upstreams: list[Upstream], certificates: Certificates
) -> None:
    """After 50 reloads there are as many parts as after one, though no cycle is ever collected."""
    servers = [upstream.url for upstream in upstreams]
    text = f"""
        names.neighbours = false
        cache.stale_after = "500ms"
        upstream = {{servers = {servers}, ca_file = "{certificates.file}", deadline = "1s"}}
    """

    async def scene() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            ours.setblocking(False)
            worker = Worker(0, read(text, "test"), [[]], ours, b"secret" * 6)
            await worker.start()
            await reloaded(worker)
            gc.collect()
            gc.disable()
            before = census()
            for _ in range(RELOADS):
                await reloaded(worker)
            while census() - before:  # what was replaced last goes when its deadline is over
                await asyncio.sleep(0.2)
            await worker.stop()

    async def reloaded(worker: Worker) -> None:
        """Reload, and wait until the new upstreams have all been asked."""
        probes = [upstream.probes for upstream in upstreams]
        worker.configure(read(text, "test"))
        while any(one.probes <= had for one, had in zip(upstreams, probes, strict=True)):
            await asyncio.sleep(0.01)

    try:
        asyncio.run(scene())
    finally:
        gc.enable()


def test_what_filled_the_line_leaves_as_soon_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that was behind hears the rest at once, and not with the next batch."""
    monkeypatch.setattr(worker_module, "INTERVAL", 3600.0)

    async def scene() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            ours.setblocking(False)
            theirs.setblocking(False)
            filled = 0
            with suppress(BlockingIOError):
                while ours.send(b"before"):
                    filled += 1
            worker = Worker(0, read("", "test"), [[]], ours, b"secret" * 6)
            await worker.start()
            loop = asyncio.get_running_loop()
            for _ in range(filled):
                assert await loop.sock_recv(theirs, 1 << 20) == b"before"
            assert STARTED in decode(await loop.sock_recv(theirs, 1 << 20)).counters
            await worker.stop()

    asyncio.run(scene())
