"""Why an answer costs what it costs: a worker at full load, turn by turn, and its core by itself.

The turns of a worker's loop are timed while it answers, so that they add up to what it costs; what
the core takes of them, and two system calls, are measured beside it in a process without a load.
Both are done for the compiled and for the pure build.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bench import scene
from bench.dnsperf import Asking, ask
from bench.errors import BenchError
from bench.meter import metered
from bench.plan import Plan, say
from bench.process import pinned
from bench.rig import Rig
from bench.scene import Scene
from bench.servers import PURE_TIMED, TIMED, TURNS
from bench.table import Table
from bench.timed import COLLECTOR
from dnswatch.compiled import build
from dnswatch.proxy.datagrams import SLOTS, DatagramBatch
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
_PACKETS: Final = 50_000
_TRIES: Final = 3
"Times that all is done; the least counts, since others use the machine as well."
_CLIENT: Final = bytes((127, 0, 0, 1))
_TAIL: Final = b"\7example\3com\0\0\1\0\1"
_SETTINGS: Final = 'upstream.servers = ["udp://192.0.2.1"]'
_QUERY: Final = b"\1\0\0\1\0\0\0\0\0\0"
_HEAD: Final = b"id\x81\x80\0\1\0\1\0\0\0\0"
_RECORD: Final = b"\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1"

_TURNS: Final = ("Turns._take", "Worker._report")
"What a worker's loop calls for every packet, and for every batch to the watch."


Bare = Mapping[str, float]
"""What parts of an answer cost by themselves, microseconds each: of `PACKET` or of `CORE`."""

PACKET: Final = ("packet",)
"A datagram that is received and sent back, in batches like those of the worker."

CORE: Final = ("query", "response", "report")
"""A core that takes in a query, and writes a question to an upstream; that takes in the response,
and writes an answer; a lookup that is written into a batch to the watch, and sent with it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one build spends on an answer, microseconds."""

    turns: Mapping[str, float]
    "By the name of what the loop calls; all but `_TURNS` are together under no name."
    worker: float
    whole: float
    kernel: float
    "Of the worker."
    together: float
    "Answers in one turn."
    bare: Bare


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
        for each in asked:
            self.service.heard(each, _HEAD + each.asked + _RECORD, self.now - 0.001)

    def rest(self) -> None:
        """Let a moment pass in which the watch reads."""
        self.now += 0.001
        self.core.fire(self.now)
        self.core.new_second(self.now)
        with suppress(BlockingIOError):
            while self._watch.recv(MAX_MESSAGE):
                pass


def measure_budget(rig: Rig, plan: Plan) -> list[Table]:
    """Time turns at full load, and the core by itself, for cached answers and for misses."""
    builds = {build(): TIMED, "pure": PURE_TIMED}
    tables = []
    for what, written in ((scene.cached(rig, plan), cached), (scene.misses(rig, plan), missed)):
        found = {kind: _measure(rig, what, server, plan) for kind, server in builds.items()}
        tables.append(table(f"Budget. {what.title}", written, found))
    return tables


def _measure(rig: Rig, what: Scene, server: str, plan: Plan) -> Budget:
    asking = Asking(seconds=plan.seconds, repeat=what.repeat)
    with what.warm(rig, server) as standing:
        began = time.monotonic()
        load, cost = metered(
            standing.server, 1, lambda: ask(rig, standing.port, what.names, asking)
        )
        over = time.monotonic()
    turns = {
        name: [took for moment, took in found if began <= moment < over]
        for name, found in json.loads((rig.folder / TURNS).read_text()).items()
        if not name.startswith(COLLECTOR)
    }
    by_name = dict.fromkeys((*_TURNS, ""), 0.0)
    for name, took in turns.items():
        by_name[name if name in by_name else ""] += sum(took) / load.answers
    together = load.answers / len(turns[_TURNS[0]])
    found = Budget(
        by_name,
        cost.per_answer_in_workers(load.answers),
        cost.per_answer(load.answers),
        1e6 * cost.kernel / load.answers,
        together,
        _bare(rig, server, PACKET if what.repeat else CORE, together),
    )
    say(f"budget, {what.title}, {server}: {found.whole:.1f} µs")
    return found


def _bare(rig: Rig, server: str, parts: tuple[str, ...], together: float) -> Bare:
    """Have parts measured by themselves, in a process of that build where the worker stood."""
    environment = {**os.environ, "DNSWATCH_PURE": "1" if server == PURE_TIMED else "0"}
    command = [
        sys.executable,
        "-m",
        "bench.budget",
        str(max(1, min(round(together), SLOTS))),
        *parts,
    ]
    run = subprocess.run(
        pinned(command, rig.server_cores),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise BenchError(f"the core by itself could not be measured: {run.stderr[-2000:]}")
    return dict(zip(parts, json.loads(run.stdout), strict=True))


def cached(budget: Budget) -> dict[str, float]:
    """Divide what a cached answer takes of a worker."""
    turn, packet = budget.turns[_TURNS[0]], budget.bare["packet"]
    return {
        "datagrams received and sent, in batches": packet,
        "two look-ups, a count, three copies; what must be made anew": turn - packet,
    }


def missed(budget: Budget) -> dict[str, float]:
    """Divide what a miss takes of a worker."""
    query, response, report = (budget.bare[part] for part in CORE)
    shell = budget.turns[_TURNS[0]] - query - response - report
    return {
        "four datagrams received or sent; an ID and a port drawn, and compared": shell,
        "core: a query admitted, counted, read, looked up; its question written": query,
        "core: a response read, kept, observed; the answer written": response,
        "batches to the watch, as soon as one is full": report,
    }


def table(
    title: str, divided: Callable[[Budget], dict[str, float]], found: Mapping[str, Budget]
) -> Table:
    """Set the parts below each other, so that they add up, and the builds side by side."""
    columns = [_column(divided(budget), budget) for budget in found.values()]
    rows = tuple((what, *(f"{column[what]:.2f}" for column in columns)) for what in columns[0])
    notes = [_note(kind, budget) for kind, budget in found.items()]
    heads = [f"CPU µs, {kind}" for kind in found]
    return Table(title, ("part", *heads), rows, (" ".join(notes),))


def _note(kind: str, budget: Budget) -> str:
    share = f"{budget.kernel:.2f} µs ({budget.kernel / budget.worker:.0%})"
    return f"{kind}: {share} of the worker in the kernel, {budget.together:.0f} queries a turn."


def _column(parts: dict[str, float], budget: Budget) -> dict[str, float]:
    turns, report = sum(budget.turns.values()), budget.turns[_TURNS[-1]]
    return {
        **parts,
        "batches to the watch, four times a second": report,
        "other turns: timers, probes, what comes once a second": turns
        - sum(parts.values())
        - report,
        "the loop between its turns: waiting, calling": budget.worker - turns,
        "**the worker**": budget.worker,
        "watch, store and supervisor": budget.whole - budget.worker,
        "**all processes**": budget.whole,
    }


async def _core(together: int) -> list[float]:
    """Bring queries and responses to a core, and its reports to a socket."""
    driven = _Driven()
    asking = hearing = 0.0
    for first in range(0, _MISSES, together):
        numbers = range(first, first + together)
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


async def _packet(together: int) -> list[float]:
    """Receive datagrams, and send them back."""
    room, theirs = DatagramBatch(), DatagramBatch()
    spent = 0.0
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        server.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        for slot in range(together):
            theirs.direct(slot, b"", b"")
        for _ in range(0, _PACKETS, together):
            for slot in range(together):
                theirs.put(slot, bytes(45))
            theirs.send(client.fileno(), 0, together)
            began = time.process_time()
            count = room.receive(server.fileno())
            for slot in range(count):
                room.out_lengths[slot * 2 + 1] = 61
            room.send(server.fileno(), 0, count)
            spent += time.process_time() - began
            theirs.receive(client.fileno())
            for slot in range(together):
                theirs.direct(slot, b"", b"")
    return [1e6 * spent / _PACKETS]


def _forget(_pending: PendingQuery, _body: bytes) -> None:
    """Send an answer nowhere."""


def _least(parts: Sequence[str], together: int) -> list[float]:
    """Measure parts by themselves; the least of some tries, since others use the machine."""
    measure = _packet if tuple(parts) == PACKET else _core
    tries = [asyncio.run(measure(together)) for _ in range(_TRIES)]
    return [min(each) for each in zip(*tries, strict=True)]


if __name__ == "__main__":
    json.dump(_least(sys.argv[2:], int(sys.argv[1])), sys.stdout)
