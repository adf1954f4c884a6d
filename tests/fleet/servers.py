"""Servers of a fleet with their real relays and watches, whose workers are the test."""

import logging
import os
import socket
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from dnswatch.fleet import candidate, gathering, relay
from dnswatch.office import orders
from dnswatch.seams.batch import Batch, Briefing, decode_briefing, encode
from dnswatch.serve.policies import texts
from dnswatch.settings import Source
from dnswatch.watchdog import journal
from dnswatch.watchdog.reception import Lines
from tests.check import PATIENCE
from tests.fleet.engine import RealEngine
from tests.loaded import Process
from tests.watchdog.process import QUIET, query, seqpacket

PATIENT: Final = 60.0
"""Seconds that a leader waits for a silent node: a busy machine is silent without any kill."""


SHORT: Final = 0.3
"""Seconds that a new leader waits for all: they are known to it, and waited for that long."""


def run_relay(arguments: list[str], files: list[int]) -> None:
    """Be the relay: the files are journal, control and the lines."""
    text, state = arguments
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    control, *lines = (socket.socket(fileno=file) for file in files[1:])
    relay.main(_source(text), Path(state), Lines(lines), files[0], control)


def run_watch(arguments: list[str], files: list[int]) -> None:
    """Be the watch of a node that is waited for as long as a test needs."""
    text, state, token = arguments
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    gathering.LAG, gathering.HOLD = PATIENT, SHORT  # type: ignore[misc]
    control = socket.socket(fileno=files[0])
    obey = partial(orders.obey, Path(state))
    candidate.main(_source(text), Path(state), control, token, obey, orders.entered)


def _source(text: str) -> Source:
    return Source(text, "dnswatch.toml", policies=texts(""))


class Server:
    """One node: what its supervisor keeps, and its processes, which can be killed."""

    def __init__(
        self,
        folder: Path,
        engine: RealEngine,
        name: str,
        workers: int = 2,
        *,
        only_relay: bool = False,
    ) -> None:
        self._only_relay = only_relay
        self.name, self.state = name, folder / name
        self.state.mkdir(parents=True)
        self.config = f'fleet = {{engine = "{engine.url}", site = "campus", node = "{name}"}}\n'
        self.config = self.config + QUIET
        self.log = folder / f"{name}.log"
        self.journal = journal.create(relay.SIZE)
        self.lines = [seqpacket() for _ in range(workers)]
        self.controls = {"relay": seqpacket(), "watch": seqpacket()}
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        self.start("relay")
        if not self._only_relay:
            self.start("watch")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        for pair in (*self.lines, *self.controls.values()):
            for end in pair:
                end.close()
        os.close(self.journal)

    def start(self, kind: str) -> None:
        """Start its relay or its watch, as the supervisor does."""
        control = self.controls[kind][1].fileno()
        if kind == "relay":
            arguments, program = [self.config, str(self.state)], run_relay
            files = [self.journal, control, *(theirs.fileno() for _, theirs in self.lines)]
        else:
            arguments, program = [self.config, str(self.state), f"token-{self.name}"], run_watch
            files = [control]
        with self.log.open("ab") as log:
            self.processes[kind] = Process(
                arguments, Path.cwd(), os.environ, log.fileno(), program, files
            )

    def kill(self, kind: str) -> None:
        """Kill one, and start the next."""
        self.processes[kind].kill()
        self.processes[kind].wait()
        self.start(kind)

    def look_after(self) -> None:
        """Start again what ended by itself, as a watch does that has lost the lease."""
        for kind, process in list(self.processes.items()):
            if process.poll() is not None:
                self.start(kind)

    def stop(self, kind: str) -> int:
        """Stop one as the supervisor does."""
        self.processes[kind].terminate()
        return self.processes.pop(kind).wait(PATIENCE)

    def send(self, worker: int, batch: Batch) -> None:
        """Send a batch as one of its workers; wait while the line is full."""
        ours = self.lines[worker][0]
        ours.setblocking(True)
        for message in encode(batch):
            ours.send(message)
        ours.setblocking(False)

    def briefings(self, worker: int) -> list[Briefing]:
        """Read what a worker was told so far."""
        told = []
        while True:
            try:
                told.append(decode_briefing(self.lines[worker][0].recv(1 << 18)))
            except BlockingIOError:
                return told

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask its store; nothing where there is none yet."""
        return query(self.state, sql)

    def said(self, text: str) -> int:
        """Count the lines of its log that hold a text."""
        return self.log.read_text().count(text)
