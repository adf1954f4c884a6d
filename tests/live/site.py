"""A site under test: a real `dnswatch serve`, the upstreams behind it, and clients that ask."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import dns.edns
import dns.flags
import dns.message
import dns.query
from typer.testing import CliRunner

import dnswatch
from dnswatch.cli import app
from dnswatch.errors import StoreError
from dnswatch.store import Store
from tests import check
from tests.loaded import Process
from tests.loopback import reserve
from tests.upstream import Upstream

INSTALLED: Final = os.environ.get("DNSWATCH_COMMAND", "").split()
COMMAND: Final = INSTALLED or [sys.executable, "-m", "dnswatch"]
"""What is tested; `DNSWATCH_COMMAND=dnswatch` tests the one that is installed."""

QUIET: Final[Mapping[str, object]] = {
    "names.hosts": [],
    "names.neighbours": False,
    "names.pointers": False,
    "upstream.strategy": "ordered",
    "web.enabled": False,  # its port is one for the whole machine
}
"""Settings that keep what a test counts to what the test itself asks."""


AT_A_TIME: Final = 50


HASTY: Final[Mapping[str, object]] = {"upstream.deadline": "1s", "cache.stale_after": "500ms"}
"""Settings that give up early, so that a test need not wait."""


@dataclass
class Site:
    """One running dnswatch with its own ports and state."""

    folder: Path
    upstreams: Sequence[Upstream | str]
    settings: Mapping[str, object] = field(default_factory=dict)
    workers: int = 1
    listen: str = "127.0.0.1"
    dns_port: int = 0
    "0 takes one that is free."
    listens: bool = True
    "It answers clients, and does not only watch what other resolvers tell."
    environment: dict[str, str] = field(default_factory=dict)
    "Variables that the server gets besides."

    def __post_init__(self) -> None:
        """Take the ports and write the configuration."""
        self._holders = [reserve(self.listen, self.dns_port), reserve("::1")]
        self.port, self.port6 = (int(holder.getsockname()[1]) for holder in self._holders)
        self.state, self.config = self.folder / "state", self.folder / "dnswatch.toml"
        self._log = self.folder / "log"
        self.write(self.settings)

    @property
    def upstream(self) -> Upstream:
        """The first upstream."""
        first = self.upstreams[0]
        assert isinstance(first, Upstream)
        return first

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop; demand that nothing happened on the way that nobody had thought of."""
        self.close()
        assert kind or not (faults := self.log("Traceback") + self.log("fault")), faults

    def write(self, settings: Mapping[str, object]) -> None:
        """Write the configuration file anew."""
        lines = (f"{key} = {toml(value)}" for key, value in {**QUIET, **settings}.items())
        self.config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start dnswatch; returns when it answers."""
        arguments = ["--config", str(self.config), "--state", str(self.state)]
        arguments += ["--workers", str(self.workers)]
        if self.listens:
            arguments += ["--listen", f"{self.listen}:{self.port}"]
            arguments += ["--listen", f"[::1]:{self.port6}"]
        for upstream in self.upstreams:
            url = upstream if isinstance(upstream, str) else upstream.url
            arguments += ["--upstream", url]
        starts = len(self.log("ready:")) if self._log.exists() else 0
        with self._log.open("a") as log:
            self.process = self._process(["serve", *arguments], log.fileno())
        check.eventually(
            lambda: self.process.poll() is not None or len(self.log("ready:")) > starts
        )
        assert self.process.poll() is None, self._log.read_text()

    def _process(self, arguments: list[str], log: int) -> "subprocess.Popen[bytes] | Process":
        env = {**environment(), "RUNTIME_DIRECTORY": str(self.folder / "run"), **self.environment}
        if not INSTALLED and not self.environment:
            return Process(arguments, self.folder, env, log)
        return subprocess.Popen(
            [*COMMAND, *arguments], stderr=log, cwd=self.folder, env=env, start_new_session=True
        )

    def stop(self) -> int:
        """Stop dnswatch as a service manager would; returns its exit code."""
        self.process.terminate()
        return self.process.wait(check.PATIENCE)

    def close(self) -> None:
        """Stop dnswatch whatever happened to it, and give the ports back."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(check.PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for holder in self._holders:
            holder.close()

    def reload(self, settings: Mapping[str, object]) -> None:
        """Write the configuration anew and tell dnswatch; returns when it has read it."""
        before = len(self.log("reload"))
        self.write(settings)
        self.process.send_signal(signal.SIGHUP)
        check.eventually(lambda: len(self.log("reload")) > before)

    def log(self, containing: str = "") -> list[str]:
        """Give the log's lines that contain a text."""
        return [line for line in self._log.read_text().splitlines() if containing in line]

    def workers_running(self) -> list[int]:
        """Give the process IDs of the workers."""
        return [pid for pid in children(self.process.pid) if re.match(r"dnswatch-w\d", _name(pid))]

    def watch_running(self) -> int | None:
        """Give the process ID of the watch, if there is one."""
        return self.running("watch")

    def running(self, name: str) -> int | None:
        """Give the process ID of the child of that name, if there is one."""
        found = [pid for pid in children(self.process.pid) if _name(pid) == f"dnswatch-{name}"]
        return found[0] if found else None

    def query(self, name: str, kind: str = "A", **wishes: Any) -> dns.message.Message:
        """Make a query: wishes are those of `dns.message.make_query`, and `cd`, `ad`."""
        flags = dns.flags.RD
        flags |= dns.flags.CD if wishes.pop("cd", False) else 0
        flags |= dns.flags.AD if wishes.pop("ad", False) else 0
        return dns.message.make_query(name, kind, flags=flags, **wishes)

    def ask(
        self,
        name: str,
        kind: str = "A",
        *,
        source: str | None = None,
        patience: float = 5,
        **wishes: Any,
    ) -> dns.message.Message:
        """Ask over UDP, once, and wait as long as a stub does."""
        query = self.query(name, kind, **wishes)
        return dns.query.udp(query, self.listen, port=self.port, source=source, timeout=patience)

    def ask_all(self, queries: Sequence[dns.message.Message]) -> dict[int, bytes]:
        """Ask over UDP, as many at a time as a client's socket has room for; give what comes by ID.

        The kernel drops what a socket has no room for: the smallest holds 80 responses of 1232
        bytes.
        """
        answers: dict[int, bytes] = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(check.PATIENCE)
            for begin in range(0, len(queries), AT_A_TIME):
                some = queries[begin : begin + AT_A_TIME]
                for query in some:
                    client.sendto(query.to_wire(), (self.listen, self.port))
                for _ in some:
                    wire = client.recv(65535)
                    answers[int.from_bytes(wire[:2], "big")] = wire
        return answers

    def ask_tcp(self, name: str, kind: str = "A", **wishes: Any) -> dns.message.Message:
        """Ask over a TCP connection of its own."""
        return dns.query.tcp(
            self.query(name, kind, **wishes), self.listen, port=self.port, timeout=check.PATIENCE
        )

    def exchange(self, wire: bytes, wait: float = 5.0) -> bytes:
        """Send any bytes in a datagram and return the bytes that come back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(wait)
            client.sendto(wire, (self.listen, self.port))
            return client.recv(65535)

    def is_silent_to(self, wire: bytes) -> bool:
        """Tell whether a datagram gets no answer although a good one after it does."""
        good = self.query("after.silence.example").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(check.PATIENCE)
            client.connect((self.listen, self.port))
            client.send(wire)
            client.send(good)
            return client.recv(65535)[:2] == good[:2]

    def connect(self) -> socket.socket:
        """Open a TCP connection to dnswatch."""
        return socket.create_connection((self.listen, self.port), timeout=check.PATIENCE)

    def _has_records(self) -> bool:
        """Tell whether the store is there: a server answers before it is."""
        try:
            Store.read(self.state).close()
        except StoreError:
            return False
        return True

    def told(self, *command: str) -> Any:
        """Run a reading command with `--json` and return what it tells."""
        done = self.printed(*command, "--json")
        return json.loads(done) if done else None

    def counter(self, name: str) -> int:
        """Read one of the counters that `dnswatch status` shows."""
        told = self.told("status")  # nothing before there are records
        return int(told["counters"].get(name, 0)) if told else 0

    def measures(self, client: str) -> dict[str, int]:
        """Read a client's account: measure to count; empty where there is none."""
        told = self.told("report", "--client", client) or {"measures": {}}
        return {name: measure["count"] for name, measure in told["measures"].items()}

    def printed(self, *command: str) -> str:
        """Run a command on the records and return what it prints."""
        check.eventually(lambda: self.process.poll() is not None or self._has_records())
        arguments = [*command, "--state", str(self.state)]
        if (
            not INSTALLED
        ):  # tests look many times a second: a process each would be half of all work
            done = CliRunner().invoke(app, arguments, prog_name="dnswatch", env={"NO_COLOR": "1"})
            assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
            return done.stdout
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            timeout=check.PATIENCE,
            check=False,
            env=environment(),
        ).stdout


def children(pid: int) -> list[int]:
    """Give the process IDs of a process's children and theirs."""
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [child for text in own for child in (int(text), *children(int(text)))]


def _name(pid: int) -> str:
    """Give the name under which a process shows itself."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def toml(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def environment() -> dict[str, str]:
    """Give the environment in which the checked-out code runs."""
    root = str(Path(dnswatch.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": root, "NO_COLOR": "1"}


Serve = Callable[..., Site]
"""What the fixture `serve` is: see `conftest.py`."""
