"""A real engine: Debian's redis-server as a plain process on a Unix socket of its own."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from dnswatch.errors import EngineError
from dnswatch.fleet.engine import FleetEngine
from dnswatch.settings import EngineUrl, Fleet, FleetName
from tests import check


class RealEngine:
    """An engine that forces what it takes to its file every second, as sites would have it."""

    def __init__(self, *more: str) -> None:
        """Start it, with more arguments."""
        self.folder = Path(mkdtemp(prefix="engine-"))  # short: it holds a socket
        self.more = more
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """What stands in `fleet.engine`."""
        return f"unix:{self.folder}/engine.sock"

    def settings(self, node: str = "a") -> Fleet:
        """The settings of a node."""
        return Fleet(engine=EngineUrl(self.url), site=FleetName("campus"), node=FleetName(node))

    def connect(self, node: str = "a") -> FleetEngine:
        """Return a connection to it, as a node has one; patient, for a busy machine."""
        return FleetEngine(self.settings(node), patience=check.PATIENCE)

    def start(self) -> None:
        """Start it on the file that it has; returns when it answers."""
        arguments = ["--port", "0", "--unixsocket", "engine.sock", "--dir", str(self.folder)]
        arguments += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        self.process = subprocess.Popen(
            ["redis-server", *arguments, *self.more],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        check.eventually(self._answers)

    def kill(self) -> None:
        """Kill it as a crash does."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Let it answer nobody, as behind a cut line."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        os.kill(self.process.pid, signal.SIGCONT)

    def keep_file(self) -> Path:
        """Copy its file as it is now."""
        copy = self.folder / "older"
        shutil.rmtree(copy, ignore_errors=True)
        return shutil.copytree(self.folder / "appendonlydir", copy)

    def come_back(self, older: Path) -> None:
        """Start it, after a kill, with a file that it had before."""
        shutil.rmtree(self.folder / "appendonlydir")
        shutil.copytree(older, self.folder / "appendonlydir")
        self.start()

    def lose(self, stream: str, entry_id: str) -> None:
        """Lose an entry, as one that failed over to a replica which had not got it."""
        command = ["redis-cli", "-s", "engine.sock", "XDEL", stream, entry_id]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def _answers(self) -> bool:
        with suppress(EngineError):
            engine = self.connect()
            engine.get(engine.key("there"))  # an engine that loads its file refuses that
            return True
        return False
