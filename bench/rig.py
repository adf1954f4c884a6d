"""The rig: the machine's cores shared out, the upstream, and a server that stands on them.

The server under test has a core to itself; load generator and upstream have the others (on a
machine of two cores: one).  So a server's own cost is what limits it, unless the other core is full
first: every table shows how busy both were.
"""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from bench.errors import BenchError
from bench.process import Process
from bench.programs import PACKAGES, find
from bench.servers import SERVERS, VARIANTS, Place
from tests.loopback import reserve

ECHO: Final = "echo"
"The name of the limit: a server in C that turns packets around and looks nothing up."

_BATCH: Final = 64
"Packets that the upstream takes at a time, so that it costs less than any server it feeds."

_PATIENCE: Final = 60.0
"Seconds until a server must answer after its start."


@dataclass(frozen=True, slots=True)
class Standing:
    """A server that answers, and the upstream behind it."""

    server: Process
    upstream: Process
    port: int


@dataclass(frozen=True, slots=True)
class Rig:
    """The cores, the folder and the compiled programs that all measurements share."""

    folder: Path
    answerer: Path
    pacer: Path
    server_cores: tuple[int, ...]
    load_cores: tuple[int, ...]
    upstream_cores: tuple[int, ...]

    @property
    def shared(self) -> Self:
        """The same rig with all cores open to everything on it."""
        cores = tuple(sorted({*self.server_cores, *self.load_cores, *self.upstream_cores}))
        return replace(self, server_cores=cores, load_cores=cores, upstream_cores=cores)

    @contextmanager
    def start(self, name: str, workers: int = 1) -> Iterator[Standing]:
        """Start an upstream and the server `name` in front of it; it answers when this enters."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder, prefix=name) as own,
            reserve() as here,
            reserve() as above,
        ):
            ports = here.getsockname()[1], above.getsockname()[1]
            place = Place(Path(own), *ports, workers)
            with (
                self._answer(place.upstream, _BATCH, self.upstream_cores) as upstream,
                self._serve(name, place) as server,
            ):
                await_answer(server, place.port, name)
                yield Standing(server, upstream, place.port)

    def _serve(self, name: str, place: Place) -> Process:
        if name == ECHO:
            return self._answer(place.port, 1, self.server_cores)
        return Process(
            {**SERVERS, **VARIANTS}[name](place), self.server_cores, place.folder / "log"
        )

    def _answer(self, port: int, batch: int, cores: tuple[int, ...]) -> Process:
        log = self.folder / f"answer-{port}.log"
        return Process([str(self.answerer), str(port), str(batch)], cores, log)


@contextmanager
def rig() -> Iterator[Rig]:
    """Build a rig in a temporary folder that goes when the measurements are over."""
    for program in PACKAGES:
        find(program)
    with tempfile.TemporaryDirectory(prefix="dnswatch-bench-") as name:
        answerer, pacer = (_compile(source, Path(name)) for source in ("answer.c", "pace.c"))
        first, *others = sorted(os.sched_getaffinity(0))
        load, *others = others or [first]
        upstream, *_ = others or [load]
        yield Rig(Path(name), answerer, pacer, (first,), (load,), (upstream,))


def _compile(name: str, folder: Path) -> Path:
    source = Path(__file__).with_name(name)
    program = folder / source.stem
    subprocess.run([find("cc"), "-O2", "-o", str(program), str(source), "-lm"], check=True)
    return program


_PROBE: Final = bytes.fromhex(
    "beef 0100 0001 0000 0000 0000 05 7265616479 07 6578616d706c65 03 636f6d 00 0001 0001"
)
"An A question for ready.example.com (RFC 1035 section 4.1)."


def await_answer(server: Process, port: int, name: str) -> None:
    """Wait until a server answers; raises `BenchError` where it does not."""
    deadline = time.monotonic() + _PATIENCE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.connect(("127.0.0.1", port))
        while server.is_running and time.monotonic() < deadline:
            try:
                probe.send(_PROBE)
                if probe.recv(512)[3] & 15 == 0:
                    return
            except TimeoutError:
                pass
            except ConnectionRefusedError:  # it does not listen yet
                time.sleep(0.02)
    said = server.log.read_text(errors="replace")[-2000:].strip()
    raise BenchError(
        f"{name} did not answer within {_PATIENCE:.0f} s; it said: {said or 'nothing'}"
    )
