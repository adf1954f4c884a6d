"""A copy of this machine to install things on: its files, no network but loopback, and no traces.

It is this machine's root below an overlay in memory, in namespaces of its own (root's business);
they end with the process that holds them, and whatever was started within.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests import check
from tests.live.site import children
from tests.live.tools import need

_MADE: Final = """
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs tmpfs "$1/root/run"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
mount --bind "$2" "$1/root/mnt"
ip link set lo up
touch "$2/made"
exec chroot "$1/root" sleep infinity
"""


@dataclass(frozen=True)
class Machine:
    """One copy; `shared` is a folder that is `/mnt` within."""

    holder: "subprocess.Popen[str]"
    layer: Path
    shared: Path

    @property
    def root(self) -> Path:
        """Its files."""
        return Path(f"/proc/{self._pid}/root")

    @property
    def changed(self) -> Path:
        """The files in which it is no longer this machine."""
        return Path(f"/proc/{self.holder.pid}/root{self.layer}/upper")

    def within(self, *command: str) -> list[str]:
        """Make a command one that runs there."""
        spaces = ["--mount", "--net", "--pid", "--root", "--wd"]
        return [need("nsenter"), "--target", str(self._pid), *spaces, "--", *command]

    def run(self, *command: str) -> str:
        """Run a command there, which must succeed; return what it said."""
        done = self.tried(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout

    def tried(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command there."""
        return subprocess.run(
            self.within(*command),
            env=clean({"DEBIAN_FRONTEND": "noninteractive"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=check.PATIENCE,
            check=False,
        )

    @property
    def _pid(self) -> int:
        (inner,) = children(self.holder.pid)
        return inner


def clean(more: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a machine that knows nothing of this one's Python."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8", **more}


@contextmanager
def copied(folder: Path) -> Iterator[Machine]:
    """Have a copy of this machine; skip where the kernel or the user cannot."""
    if os.geteuid() != 0:
        pytest.skip("installing a package needs root")
    if "overlay" not in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no overlay file system")
    layer, shared = folder / "layer", folder / "shared"
    layer.mkdir()
    shared.mkdir(mode=0o755)
    spaces = ["--mount", "--net", "--pid", "--fork", "--kill-child"]
    made = ["sh", "-ec", _MADE, "sh", str(layer), str(shared)]
    with subprocess.Popen([need("unshare"), *spaces, *made], text=True) as holder:
        try:
            check.eventually(lambda: (shared / "made").exists() or holder.poll() is not None)
            assert holder.poll() is None, "the copy of the machine could not be made"
            yield Machine(holder, layer, shared)
        finally:
            holder.kill()
