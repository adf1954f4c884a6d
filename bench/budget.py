"""Why a miss costs what it costs: a worker's core driven by itself, part by part, and the rest.

The parts run in this process without a socket, on CPU time; the whole is measured as everywhere,
and what no part has taken is the kernel's and the loop's.
"""

import asyncio
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from bench import scene
from bench.dnsperf import Asking
from bench.plan import Plan, say
from bench.rig import Rig
from bench.table import Table
from bench.throughput import run
from dnswatch.compiled import build
from dnswatch.proxy.reports import Reports
from dnswatch.proxy.service import Service
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.pending import PendingQuery
from dnswatch.seams.batch import MAX_MESSAGE
from dnswatch.settings import read
from tests.proxy.silent import SilentTransport

_MISSES: Final = 20_000
_TOGETHER: Final = 20
"Misses that go through a part one after another, as they do in a turn of the loop."
_TRIES: Final = 3
"Times that all is done; the least counts, since others use the machine as well."
_CLIENT: Final = bytes((127, 0, 0, 1))
_TAIL: Final = b"\7example\3com\0\0\1\0\1"
_SETTINGS: Final = 'upstream.servers = ["udp://192.0.2.1"]'
_QUERY: Final = b"\1\0\0\1\0\0\0\0\0\0"
_HEAD: Final = b"id\x81\x80\0\1\0\1\0\0\0\0"
_RECORD: Final = b"\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1"

_REST: Final = "sockets: system calls, datagrams, the loop, this machine's interruptions"

PARTS: Final = (
    "query: admitted, counted, read, looked up; a lookup begun, its question written",
    "response: read, kept, observed; the answer written",
    "report to the watch: written and handed over",
)


class _TimedReports(Reports):
    """Notes what its batches cost."""

    spent = 0.0

    def flush(self) -> None:
        began = time.process_time()
        super().flush()
        self.spent += time.process_time() - began


class _Driven:
    """A worker without sockets but the one to the watch; whoever drives it moves its time."""

    def __init__(self) -> None:
        self.line, self._watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.setblocking(False)
        self._watch.setblocking(False)
        self.now = 1_000_000.0
        self.core = ResolverCore(read(_SETTINGS, "bench"), LocalNames({}, {}), Cookies(bytes(32)))
        self.reports = _TimedReports(self.line, lambda: self.now, self.core.observed)
        self.service = Service(self.core, self.reports, lambda: self.now)
        self.upstream = SilentTransport()
        self.service.connect(dict.fromkeys(self.core.routes.servers, self.upstream))

    def close(self) -> None:
        self.service.close()
        self.line.close()
        self._watch.close()

    def ask(self, bodies: list[bytes]) -> None:
        """Bring queries, each of which an upstream has to be asked for."""
        for body in bodies:
            admission = self.core.access.of(_CLIENT)
            self.service.screen(body, _CLIENT, admission, redirected=False)
            pending = PendingQuery(_CLIENT, message_id=b"id", reply=_forget)
            self.service.query(body, pending, udp=True)

    def hear(self) -> None:
        """Bring the upstream's answers to all that it was asked."""
        asked, self.upstream.asked = self.upstream.asked, []
        for ask in asked:
            self.service.heard(ask, _HEAD + ask.asked + _RECORD, self.now - 0.001)

    def rest(self) -> None:
        """Let a moment pass in which the watch reads."""
        self.now += 0.001
        self.core.fire(self.now)
        self.core.new_second(self.now)
        with suppress(BlockingIOError):
            while self._watch.recv(MAX_MESSAGE):
                pass


def measure_budget(rig: Rig, plan: Plan) -> list[Table]:
    """Time the parts, and then the whole."""
    parts = asyncio.run(_parts())
    whole = run(
        rig, scene.misses(rig, plan), "dnswatch", Asking(seconds=plan.seconds, repeat=False)
    )
    say(f"budget of a miss: {whole.whole:.1f} µs")
    return [table(parts, whole.workers, whole.whole)]


def table(parts: Sequence[float], worker: float, whole: float) -> Table:
    """Set the parts below each other, with what no part has taken; all are microseconds."""
    lines = [
        *zip(PARTS, parts, strict=True),
        (_REST, worker - sum(parts)),
        ("**the worker**", worker),
        ("watch, store and supervisor", whole - worker),
        ("**all processes**", whole),
    ]
    rows = tuple((what, f"{cost:.1f}") for what, cost in lines)
    return Table(f"Budget of a miss, {build()}", ("part", "CPU µs"), rows)


async def _parts() -> list[float]:
    """Return microseconds a miss for each of `PARTS`."""
    tries = [_try() for _ in range(_TRIES)]
    return min(tries, key=sum)


def _try() -> list[float]:
    driven = _Driven()
    asking = hearing = 0.0
    for first in range(0, _MISSES, _TOGETHER):
        numbers = range(first, first + _TOGETHER)
        bodies = [_QUERY + b"\x08f%07d" % number + _TAIL for number in numbers]
        began = time.process_time()
        driven.ask(bodies)
        then = time.process_time()
        driven.hear()
        asking, hearing = asking + then - began, hearing + time.process_time() - then
        driven.rest()
    reporting = driven.reports.spent
    driven.close()
    return [1e6 * spent / _MISSES for spent in (asking, hearing - reporting, reporting)]


def _forget(_pending: PendingQuery, _body: bytes) -> None:
    """Send an answer nowhere."""
