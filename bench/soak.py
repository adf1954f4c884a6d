"""Soak: what a server holds on to while it answers for a long time, and whom it loses.

The run is cut into ten parts of a second or more.  Hot names and names that nobody asked for before
come at an even pace; beside them other clients look up exchanges, connections over TCP are opened,
asked once and left open or closed, and the configuration is read anew each few seconds.  Nobody
asks twice.
After each part the server catches up, and its descriptors, processes and memory are counted.  The
caches are small and fill within minutes: what grows from then on is a leak.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Final

from bench import crowd, scene
from bench.crowd import TYPE_MX, Question
from bench.meter import settle
from bench.pacing import pace
from bench.plan import Plan, say
from bench.process import Process
from bench.rig import Rig
from bench.servers import SMALL
from bench.table import Table

PARTS: Final = 10
RATE: Final = 1000.0
"Questions a second."
_FRESH: Final = 5
"One question in so many is for a name that nobody asked for before."
_EVERY: Final = 0.5
"Seconds from one disturbance to the next."
_RELOAD: Final = 10
"Disturbances from one reload to the next."
_EXCHANGES: Final = 20
"Look-ups of exchanges in a disturbance, each of another client."
_CLIENTS: Final = 2000
_DOMAINS: Final = 500
_PATIENCE: Final = 5.0
_MIB: Final = 1 << 20
_HEAD: Final = (
    "after seconds",
    "queries",
    "lost",
    "connections",
    "reloads",
    "descriptors",
    "processes",
    "memory MiB",
)


def measure_soak(rig: Rig, plan: Plan) -> list[Table]:
    """Answer for `plan.seconds` in all; rounds make no difference to what leaks."""
    hot = scene.cached(rig, plan)
    rows: list[tuple[str, ...]] = []
    parts = min(PARTS, max(1, int(plan.seconds)))
    part = plan.seconds / parts
    with hot.warm(rig.shared, SMALL, 2) as standing:
        rows.append(("0", "0", "0", "0", "0", *_held(standing.server)))
        for number in range(1, parts + 1):
            names = _mixed(rig.folder / "mixed", number, plan.names, int(RATE * part) + 1)
            with _disturbing(standing.server, standing.port) as done:
                found = pace(rig.shared, standing.port, names, RATE, part)
            settle(standing.server)
            asked = (f"{len(found.latencies):,}", f"{found.lost:,}")
            rows.append((f"{number * part:,.0f}", *asked, *map(str, done), *_held(standing.server)))
            say(f"Soak: {', '.join(map(' '.join, zip(_HEAD, rows[-1], strict=True)))}")
    return [Table("dnswatch with two workers", _HEAD, tuple(rows))]


def _held(server: Process) -> tuple[str, str, str]:
    """Count what a server holds."""
    memory = f"{server.memory() / _MIB:,.1f}"
    return str(server.descriptors()), str(len(server.cpu())), memory


def _mixed(path: Path, part: int, hot: int, length: int) -> Path:
    """Write hot names, and among them fresh ones that no other part has."""
    with path.open("w") as file:
        for number in range(length):
            is_fresh = number % _FRESH == 0
            name = f"s{part:02}{number:07}" if is_fresh else f"h{number % hot:07}"
            file.write(f"{name}.example.com A\n")
    return path


@contextmanager
def _disturbing(server: Process, port: int) -> Iterator[list[int]]:
    """Disturb a server now and then; yield how many connections and reloads there were."""
    over, done = Event(), [0, 0]

    def disturb() -> None:
        with open_connections() as left_open:
            for number in count():
                if over.wait(_EVERY):
                    return
                clients = range(number * _EXCHANGES, (number + 1) * _EXCHANGES)
                crowd.ask(
                    port,
                    [
                        Question(n % _CLIENTS, f"d{n % _DOMAINS}.example.com", TYPE_MX)
                        for n in clients
                    ],
                    patience=_PATIENCE,
                )
                connection = _asked_by_tcp(port)
                left_open.append(connection)
                if number % 2:
                    left_open.pop(0).close()
                done[0] += 1
                if number % _RELOAD == _RELOAD - 1:
                    server.reload()
                    done[1] += 1

    thread = Thread(target=disturb)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


@contextmanager
def open_connections() -> Iterator[list[socket.socket]]:
    """Keep connections, and close those that are left at the end."""
    kept: list[socket.socket] = []
    try:
        yield kept
    finally:
        for connection in kept:
            connection.close()


def _asked_by_tcp(port: int) -> socket.socket:
    """Open a connection and ask for a hot name over it."""
    connection = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    question = bytes.fromhex("0001 0100 0001 0000 0000 0000 08") + b"h0000000"
    question += b"\7example\3com\0" + bytes((0, 1, 0, 1))
    connection.sendall(struct.pack("!H", len(question)) + question)
    connection.recv(512)
    return connection
