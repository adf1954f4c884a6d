"""A network of our own: places (network namespaces) on one wire, each with addresses of its own.

    with Network() as network:
        site = network.join("10.44.0.1")
        client = network.join("10.44.0.66", resolver="10.44.0.1")
        client.run("getent", "ahosts", "www.example")
        with site.inside():
            ...                             # sockets and processes made here are the site's

Needs root.  Nothing of the machine's own network is touched, and no packet leaves it.
"""

import ctypes
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.check import PATIENCE
from tests.live.tools import lacking, need

CLONE_NEWNET: Final = 0x40000000
NAMED: Final = Path("/run/netns")
"""Where `ip netns` keeps namespaces by name."""
FILES: Final = Path("/etc/netns")
"""Where `ip netns exec` finds what a namespace has in place of files in /etc (ip-netns(8))."""

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


class Place:
    """One host."""

    def __init__(self, name: str, address: str, resolver: str | None) -> None:
        """Make it, with its loopback; `resolver` goes into its resolv.conf."""
        self.name = name
        self.address = address
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
        if resolver:
            files = FILES / name
            files.mkdir(parents=True)
            (files / "resolv.conf").write_text(f"nameserver {resolver}\n")

    def within(self, *command: str) -> list[str]:
        """Give the command line that runs a command there."""
        return [need("ip"), "netns", "exec", self.name, *command]

    def run(self, *command: str) -> str:
        """Run a command to its end; return what it printed, on either output."""
        done = subprocess.run(
            self.within(*command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread be there: its new sockets, threads and processes are, too."""
        with (NAMED / self.name).open() as there, Path("/proc/thread-self/ns/net").open() as here:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def remove(self) -> None:
        """Remove it; it ends with the last process in it."""
        _ip("netns", "del", self.name)
        shutil.rmtree(FILES / self.name, ignore_errors=True)


class Network:
    """Some places on one wire."""

    def __init__(self) -> None:
        """Lay the wire: a bridge in a place of its own."""
        if os.geteuid():
            lacking("root, to make network namespaces")
        self._prefix = f"dnswatch-{os.getpid()}-{next(_numbers)}"
        self._places: list[Place] = []

    def __enter__(self) -> Self:
        """Begin."""
        self._hub = self._add("hub", "", None)
        _ip("-n", self._hub.name, "link", "add", "wire", "type", "bridge")
        _ip("-n", self._hub.name, "link", "set", "wire", "up")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove all places."""
        while self._places:
            self._places.pop().remove()
        if FILES.is_dir() and not any(FILES.iterdir()):
            FILES.rmdir()

    def join(self, *addresses: str, resolver: str | None = None) -> Place:
        """Make a place with addresses on the wire."""
        port = f"port{len(self._places)}"
        place = self._add(port, addresses[0], resolver)
        there, hub = place.name, self._hub.name
        _ip("link", "add", "eth0", "netns", there, "type", "veth", "peer", port, "netns", hub)
        _ip("-n", hub, "link", "set", port, "master", "wire", "up")
        for address in addresses:
            _ip("-n", there, "address", "add", f"{address}/24", "dev", "eth0")
        _ip("-n", there, "link", "set", "eth0", "up")
        _ip("-n", there, "route", "add", "default", "dev", "eth0")  # all the world is on the wire
        return place

    def _add(self, name: str, address: str, resolver: str | None) -> Place:
        place = Place(f"{self._prefix}-{name}", address, resolver)
        self._places.append(place)
        return place


def _ip(*arguments: str) -> None:
    done = subprocess.run([need("ip"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode and "Operation not permitted" in done.stderr:
        lacking("the right to make network namespaces")
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
