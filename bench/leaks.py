"""Leaks: whether a worker keeps anything of lookups that are over, compiled and pure.

One process is worker, clients and upstream, over loopback.  Its caches are as small as may be and
full before the first look; what grows from then on is a leak.  Lookups come in rounds of every kind
there is.  That none leaves a cycle behind is shown by a test of the core.
"""

import asyncio
import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Final, NamedTuple

from bench.errors import BenchError
from bench.plan import Plan, say
from bench.process import memory_of
from bench.rig import Rig
from bench.table import Table
from dnswatch.codes import Rcode, Type
from dnswatch.compiled import build
from dnswatch.proxy.worker import Listening, Worker
from dnswatch.seams.batch import MAX_MESSAGE
from dnswatch.settings import read
from tests.loopback import reserve

PARTS: Final = 10
"Looks at the memory, but for the first: after each part of the lookups."
ALLOWED: Final = 4000
"""Blocks of memory that there may be more of at the end: caches are never equally full.  Of each
kind of lookup there are many more in a million."""

_FILLED: Final = 30_000
"Lookups that fill the caches."
_TOGETHER: Final = 32
"Lookups that are under way at a time."
_MIB: Final = 1 << 20
_PATIENCE: Final = 60.0
_SETTINGS: Final = """
upstream = {{servers = ["udp://127.0.0.1:{port}"], deadline = "1s"}}
access = {{networks = ["127.0.0.1/32"], others = "refuse"}}
cache = {{size = "1MB", stale_after = "100ms"}}
limits = {{rate_per_client = 0, rate_per_network = 0, addresses = 1000, clients = 1000}}
names = {{hosts = []}}
"""
_HEAD: Final = b"\1\0\0\1\0\0\0\0\0\0"
_COUNTED: Final = b"id"
_ADDRESS: Final = b"\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1"
_EXCHANGE: Final = b"\xc0\x0c\0\x0f\0\1\0\0\x0e\x10\0\7\0\1\2mx\xc0\x0c"


class Kind(NamedTuple):
    """One kind of lookup, and how often it comes in a round."""

    name: str
    times: int
    names: int = 1_000_000_000
    "After so many they are asked for again."
    qtype: int = Type.A
    is_answered: bool = True
    client: str = "127.0.0.1"
    by_tcp: bool = False

    def query(self, number: int) -> bytes:
        """Write one of these; its ID says whether it will be answered."""
        if self.name == "malformed":
            return _COUNTED + _HEAD[:3] + b"\2" + _HEAD[4:]  # two questions, and there is none
        if self.name == "nonsense":
            return (b"no" + _HEAD)[: number % len(_HEAD)]
        label = b"%b%09d" % (self.name.encode(), number % self.names)
        question = b"%c%b\4leak\0%b\0\1" % (len(label), label, self.qtype.to_bytes(2, "big"))
        return (_COUNTED if self.is_answered else b"no") + _HEAD + question


class Held(NamedTuple):
    """What a process holds."""

    lookups: int
    "Since its start."
    memory: int
    "Bytes."
    blocks: int
    "What Python has allocated and not freed."


_KINDS: Final = (
    Kind("hot", 768, 100),
    Kind("miss", 96),
    Kind("mail", 16, 500, Type.MX),
    Kind("none", 16),
    Kind("failed", 16),
    Kind("broken", 16),
    Kind("cut", 16),
    Kind("refused", 16, client="127.0.0.2"),
    Kind("malformed", 32),
    Kind("nonsense", 16, is_answered=False),
    Kind("tcp", 16, by_tcp=True),
)
"""Cached, forwarded, of mail exchanges, that do not exist; that the upstream refuses, answers with
half a record or with TC; of a client who may not ask; that are no query as it should be, or none at
all; over TCP."""


def _answer(asked: bytes, *, by_tcp: bool = False) -> bytes:
    """Answer as the upstream does, by the name's kind."""
    label, _, rest = asked[12:].partition(b"\4leak\0")
    kind, end = label[1:-9], 12 + len(label) + 6 + 4
    if kind in (b"none", b"failed"):
        rcode = Rcode.NXDOMAIN if kind == b"none" else Rcode.SERVFAIL
        return b"%b\x81%c\0\1\0\0\0\0\0\0%b" % (asked[:2], 0x80 | rcode, asked[12:end])
    flags = b"\x83\x80" if kind == b"cut" and not by_tcp else b"\x81\x80"
    record = _EXCHANGE if rest[:2] == b"\0\x0f" else _ADDRESS
    message = asked[:2] + flags + b"\0\1\0\1\0\0\0\0" + asked[12:end] + record
    return message[:-3] if kind == b"broken" else message


class _Upstream:
    """The upstream, over UDP and TCP at one port."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.place = self.tcp.getsockname()
        self._udp = _bound(*self.place)

    async def start(self) -> None:
        """Begin to answer."""
        asyncio.get_running_loop().add_reader(self._udp, self._readable)
        await asyncio.start_server(self._connected, sock=self.tcp)

    def _readable(self) -> None:
        with suppress(BlockingIOError):
            while True:
                asked, client = self._udp.recvfrom(4096)
                self._udp.sendto(_answer(asked), client)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                asked = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                answer = _answer(asked, by_tcp=True)
                writer.write(len(answer).to_bytes(2, "big") + answer)
        writer.close()


class _Client:
    """Asks over UDP from one address, and counts what comes back."""

    def __init__(self, address: str, place: tuple[str, int]) -> None:
        self._sock = _bound(address, 0)
        self._sock.connect(place)
        self._missing = 0
        self._complete = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._sock, self._readable)

    async def ask(self, queries: list[bytes], answers: int) -> None:
        """Ask all of them together, and wait for so many answers."""
        self._missing = answers
        self._complete.clear()
        for query in queries:
            self._sock.send(query)
        if answers:
            await asyncio.wait_for(self._complete.wait(), _PATIENCE)
        else:
            await asyncio.sleep(0)

    def _readable(self) -> None:
        with suppress(BlockingIOError):
            while True:
                if self._sock.recv(4096)[:2] == _COUNTED:
                    self._missing -= 1
        if self._missing <= 0:
            self._complete.set()


def _bound(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    sock.setblocking(False)
    return sock


async def _ask_by_tcp(place: tuple[str, int], queries: list[bytes]) -> None:
    """Ask all over one connection."""
    reader, writer = await asyncio.open_connection(*place)
    writer.writelines(len(query).to_bytes(2, "big") + query for query in queries)
    for _ in queries:
        await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def _worker(upstream: tuple[str, int]) -> AsyncIterator[tuple[str, int]]:
    """Run a worker in this process, and something that reads what it has to tell the watch."""
    ours, watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with reserve() as holder:
        place = holder.getsockname()
        udp, tcp = _bound(*place), socket.create_server(place)
    with ours, watch, udp, tcp:
        ours.setblocking(False)
        watch.setblocking(False)
        asyncio.get_running_loop().add_reader(watch, lambda: watch.recv(MAX_MESSAGE))
        listening = [[Listening(udp, redirected=False), Listening(tcp, redirected=False)]]
        settings = read(_SETTINGS.format(port=upstream[1]), "bench")
        worker = Worker(0, settings, listening, ours, bytes(32))
        await worker.start()
        yield place
        await worker.stop()


async def _rounds(place: tuple[str, int]) -> AsyncIterator[int]:
    """Ask in rounds, for ever; yield after each how many lookups it had."""
    clients = {name: _Client(name, place) for name in {kind.client for kind in _KINDS}}
    for first in count(0, 1000):
        for kind in _KINDS:
            for begin in range(0, kind.times, _TOGETHER):
                numbers = range(first + begin, first + min(begin + _TOGETHER, kind.times))
                queries = [kind.query(number) for number in numbers]
                if kind.by_tcp:
                    await _ask_by_tcp(place, queries)
                else:
                    answers = len(queries) if kind.is_answered else 0
                    await clients[kind.client].ask(queries, answers)
        yield sum(kind.times for kind in _KINDS)


async def drive(lookups: int) -> list[Held]:
    """Fill the caches of a worker in this process, and then look at what it holds now and again."""
    upstream = _Upstream()
    await upstream.start()
    found: list[Held] = []
    done, wanted = 0, _FILLED
    async with _worker(upstream.place) as place:
        async for more in _rounds(place):
            done += more
            if done >= wanted:
                gc.collect()
                found.append(Held(done, memory_of(os.getpid()), sys.getallocatedblocks()))
                if len(found) > PARTS:
                    break
                wanted = max(wanted, len(found) * lookups // PARTS)
    return found


def measure_leaks(_rig: Rig, plan: Plan) -> list[Table]:
    """Drive a worker of each build; raises `BenchError` where one keeps something."""
    found = {kind: measured(plan.lookups, pure=kind == "pure") for kind in (build(), "pure")}
    for kind, each in found.items():
        say(f"leaks, {kind}: {leak(each):,} blocks of memory more at the end")
        judge(kind, each)
    return [table(found)]


def measured(lookups: int, *, pure: bool) -> list[Held]:
    """Drive a worker in a process of its own."""
    command = [sys.executable, "-m", "bench.leaks", str(lookups)]
    environment = {**os.environ, "DNSWATCH_PURE": "1" if pure else "0"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise BenchError(f"a worker under test ended: {run.stderr[-2000:]}")
    return [Held(*held) for held in json.loads(run.stdout)]


def leak(found: list[Held]) -> int:
    """Return how many more blocks of memory there are at the end than at the first look."""
    return found[-1].blocks - found[0].blocks


def judge(kind: str, found: list[Held]) -> None:
    """Raise `BenchError` where something was kept."""
    if leak(found) > ALLOWED:
        raise BenchError(
            f"{kind}: {leak(found):,} blocks of memory more after {found[-1].lookups:,} lookups"
            f" than after {found[0].lookups:,}: something is kept"
        )


def table(found: dict[str, list[Held]]) -> Table:
    """Set what was held at first, in the middle and at the end below each other."""
    rows = [
        (kind, f"{held.lookups:,}", f"{held.memory / _MIB:.1f}", f"{held.blocks:,}")
        for kind, each in found.items()
        for held in (each[0], each[1], each[len(each) // 2], each[-1])
    ]
    head = ("dnswatch", "after lookups", "memory MiB", "blocks that Python holds")
    return Table("One worker, client and upstream in one process", head, tuple(rows))


if __name__ == "__main__":
    json.dump(asyncio.run(drive(int(sys.argv[1]))), sys.stdout)
