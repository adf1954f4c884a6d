"""A real watch process with real lines to it, as the supervisor would keep them."""

import json
import logging
import os
import re
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Self

from dnswatch.model.observation import Observation, Origin
from dnswatch.seams.batch import Batch, Briefing, Lessons, Mark, decode_briefing, encode
from dnswatch.serve.policies import texts
from dnswatch.serve.vantages import Guests, close_door, open_door
from dnswatch.settings import Ingest, Source, UnixSocket
from dnswatch.settings import encode as encode_source
from dnswatch.store.database import FILE
from dnswatch.watchdog import journal
from dnswatch.watchdog.process import main
from dnswatch.watchdog.reception import Lines, Tied
from tests.check import PATIENCE
from tests.loaded import Process

QUIET = "[names]\nhosts = []\nneighbours = false\npointers = false\n"
"""Settings of a site that asks nobody who its clients are."""


def watch(arguments: list[str], files: list[int]) -> None:
    """Be the watch: the files stand in the order of what was told of them."""
    text, state, workers, tied, guests, has_door = json.loads(arguments[0])
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    given = iter(files)
    kept = next(given)
    control, *lines = (socket.socket(fileno=next(given)) for _ in range(1 + workers))
    vantages, others = (
        [Tied(name, lag, socket.socket(fileno=next(given))) for name, lag in those]
        for those in (tied, guests)
    )
    door = socket.socket(fileno=next(given)) if has_door else None
    source = Source(text, "dnswatch.toml", policies=texts(""))
    main(source, Path(state), Lines(lines, vantages, door, others), kept, control)
    logging.shutdown()


def seqpacket() -> tuple[socket.socket, socket.socket]:
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in pair:
        end.setblocking(False)
    return pair


def query(state: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask the store in the directory `state`; nothing where there is none yet."""
    try:
        with closing(sqlite3.connect(f"file:{state}/{FILE}?mode=ro", uri=True)) as store:
            return store.execute(sql).fetchall()
    except sqlite3.OperationalError:
        return []


class Site:
    """The lines of a site's workers, and the watch process at their other end."""

    def __init__(
        self, state: Path, workers: int = 1, config: str = QUIET, tied: str = "", door: str = ""
    ) -> None:
        """Begin; `tied` names a vantage point with a line of its own, others come in at `door`."""
        self.state = state
        self._tied = {tied: seqpacket()} if tied else {}
        self._door = open_door(Ingest(listen=UnixSocket(f"unix:{door}"))) if door else None
        self.config = config
        self.log = state.parent / "log"
        self._lines = [seqpacket() for _ in range(workers)]
        self._control = seqpacket()
        self._guests = Guests()
        self._journal = journal.create()
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        close_door(self._door)
        for guest in self._keep():
            guest.line.close()
        for end in chain(self._control, *self._lines, *self._tied.values()):
            end.close()
        os.close(self._journal)

    def start(self) -> None:
        """Start a watch process on the lines as they are."""
        ends = [pair[1].fileno() for pair in (self._control, *self._lines)]
        tied = [(name, 5.0, theirs.fileno()) for name, (_, theirs) in self._tied.items()]
        guests = [(name, lag, line.fileno()) for name, lag, line in self._keep()]
        doors = [self._door.fileno()] if self._door else []
        told = [
            self.config,
            str(self.state),
            len(self._lines),
            [one[:2] for one in tied],
            [one[:2] for one in guests],
            bool(doors),
        ]
        files = [self._journal, *ends, *(number for *_, number in tied + guests), *doors]
        with self.log.open("ab") as log:
            self.process = Process(
                [json.dumps(told)], Path.cwd(), os.environ, log.fileno(), watch, files
            )

    def _keep(self) -> list[Tied]:
        """Keep the connections that the watch leaves with us, as the supervisor does."""
        with suppress(OSError):  # nothing more is said, or our end is closed
            while (heard := socket.recv_fds(self._control[0], 256, 1))[0]:
                self._guests.heard(heard[0], heard[1])
        return self._guests.tied()

    def send(self, *seen: Observation, worker: int = 0, **more: Any) -> None:
        """Send a batch, as worker number `worker`."""
        until = more.pop("until", seen[-1].at if seen else time.time())
        for message in encode(Batch(until, list(seen), **more)):
            self.send_raw(message, worker)

    def send_tied(self, *seen: Observation) -> None:
        """Send a batch, as the vantage point that has a line of its own."""
        [(ours, _)] = self._tied.values()
        for message in encode(Batch(time.time(), list(seen))):
            ours.send(message)

    def send_raw(self, message: bytes, worker: int = 0) -> None:
        self._lines[worker][0].send(message)

    def briefings(self, worker: int) -> Iterator[Briefing]:
        """Read what the watch told a worker so far."""
        while True:
            try:
                yield decode_briefing(self._lines[worker][0].recv(1 << 18))
            except BlockingIOError:
                return

    def lessons(self, worker: int) -> Iterator[Lessons]:
        """Read which names the watch taught a worker so far."""
        return (one.lessons for one in self.briefings(worker) if one.lessons != Lessons())

    def marks(self, worker: int) -> list[Mark]:
        """Read which marks the watch told a worker of so far."""
        return [m for one in self.briefings(worker) for m in (one.marks.marks if one.marks else ())]

    def configure(self, text: str) -> None:
        """Send new settings, as the supervisor does."""
        self._control[0].send(encode_source(Source(text, "dnswatch.toml")))

    def leave(self) -> None:
        """Close the supervisor's end, as the kernel does when it dies."""
        self._control[0].close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def limit_files(self, size: int) -> None:
        """Let the process write no file beyond `size` bytes: to the store, the disk is full."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def said(self, text: str) -> int:
        """Count the lines of the log that hold a text."""
        return len(re.findall(re.escape(text), self.log.read_text()))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the store; nothing where there is none yet."""
        return query(self.state, sql)

    def measure(self, name: str) -> int:
        """Sum up a measure of the site."""
        rows = self.rows(f"SELECT sum(count) FROM site WHERE measure = '{name}'")
        return rows[0][0] or 0 if rows else 0

    def counter(self, name: str) -> int:
        """Sum up a counter."""
        rows = self.rows(f"SELECT sum(count) FROM counter WHERE name = '{name}'")
        return rows[0][0] or 0 if rows else 0


def saw(
    at: float, client: bytes, qname: bytes, qtype: int = 1, *given: bytes, **more: Any
) -> Observation:
    """A lookup that an upstream answered with some addresses of TTL 300."""
    addresses = tuple((address, 300) for address in given)
    return Observation(at, client, qname, qtype, 0, Origin.UPSTREAM, addresses, **more)
