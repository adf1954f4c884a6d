"""A service as an engine would contain it: its own files, a read-only root, a user, no capability.

    with contained(place, service, mounts, user="unbound") as running:
        running.run("unbound-control", "status")    # within: its network, its files

`mounts` says what lies at which path; where there is no such path, its folder shows nothing else.
`/tmp` is empty and the service's own, unless the service needs this machine's (`own_tmp=False`).
"""

import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import check
from tests.live.site import children
from tests.live.tools import need
from tests.network.places import Place

READ_ONLY: Final = """
for attempt in $(seq 100); do
  mount -o remount,bind,ro / 2>/dev/null && break || sleep 0.05
done
test ! -w /
"""
"""The kernel calls a root busy while anything in it is just being written."""


@dataclass(frozen=True)
class Running:
    """A service that runs."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command within, as a health check does."""
        within = [need("nsenter"), "--target", str(self._pid), "--mount", "--net", "--", *command]
        return subprocess.run(
            within, capture_output=True, text=True, timeout=check.PATIENCE, check=False
        )

    def said(self, containing: str = "") -> list[str]:
        """Give the log's lines that contain a text."""
        return [line for line in self.log.read_text().splitlines() if containing in line]

    @property
    def _pid(self) -> int:
        """The process within: `ip netns exec` and `unshare` have become it."""
        return self.process.pid


@contextmanager
def contained(
    place: Place,
    command: Sequence[str],
    mounts: Mapping[str, Path],
    log: Path,
    *,
    user: str = "root",
    own_tmp: bool = True,
) -> Iterator[Running]:
    """Run a command as a service."""
    within = place.within(need("unshare"), "--mount", "sh", "-ec", _script(mounts, own_tmp), "sh")
    rights = [need("setpriv"), "--reuid", user, "--regid", user, "--clear-groups"]
    rights += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]
    with log.open("w") as out:
        process = subprocess.Popen([*within, *rights, *command], stdout=out, stderr=out, cwd="/")
    running = Running(process, log)
    try:
        yield running
    finally:
        process.terminate()
        try:
            process.wait(check.PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        check.eventually(lambda: not children(process.pid))


def _script(mounts: Mapping[str, Path], own_tmp: bool) -> str:
    lines = ["mount --make-rprivate /"]
    for path, source in mounts.items():
        target, held = shlex.quote(path), shlex.quote(str(source))
        if not Path(path).exists():
            folder = shlex.quote(str(Path(path).parent))
            lines += [f"mount -t tmpfs tmpfs {folder}", f"touch {target}"]
        lines.append(f"mount --bind {held} {target}")
    if own_tmp:
        lines.append("mount -t tmpfs -o mode=1777 tmpfs /tmp")
    return "\n".join([*lines, READ_ONLY, 'exec "$@"'])
