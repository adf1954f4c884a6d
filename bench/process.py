"""A process under measurement: started, pinned to cores, read through /proc, stopped.

CPU is user and system time of the process and its children, all threads; the kernel counts what
loopback delivery costs to whoever sends.  Memory is the proportional set size: a page that N
processes share counts for 1/N in each, so that the sum over the processes is what they take in all.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from select import select
from types import TracebackType
from typing import Final, Self

TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
"Seconds of CPU that the kernel counts at a time."
_PROC: Final = Path("/proc")
_STOPPING: Final = 5.0
"Seconds that a process may take to stop by itself."


class Process:
    """One program that the benchmark started, with all the children it has."""

    def __init__(self, command: Sequence[str], cores: Sequence[int], log: Path) -> None:
        """Start `command` on `cores`; its output goes to `log`."""
        self.log = log
        with log.open("wb") as output:
            # A session of its own tells its children from everybody else's.
            self._popen = subprocess.Popen(
                pinned(command, cores),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Hand over the running process."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop the process and its children."""
        self.resume()
        self._popen.terminate()
        try:
            self._popen.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        for pid in self._members():
            _send(pid, signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the process said when it ended; None while it runs."""
        return self._popen.poll()

    def ends_within(self, seconds: float) -> bool:
        """Wait until it ends, so long at most; say whether it has."""
        ended = os.pidfd_open(
            self._popen.pid
        )  # which tells at once: `Popen.wait` looks now and then
        try:
            select([ended], [], [], seconds)
        finally:
            os.close(ended)
        return not self.is_running

    def pause(self) -> None:
        """Stop answering without closing anything."""
        self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._popen.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Have it read its configuration anew."""
        self._popen.send_signal(signal.SIGHUP)

    def descriptors(self) -> int:
        """How many files and sockets all its processes hold open."""
        return sum(_descriptors(pid) for pid in self._members())

    def cpu(self) -> dict[int, float]:
        """Seconds of CPU used so far, by process id."""
        return {pid: _seconds(fields[11:15]) for pid, fields in self._members().items()}

    def kernel(self) -> dict[int, float]:
        """Seconds of it in the kernel, by process id."""
        return {pid: _seconds(fields[12:15:2]) for pid, fields in self._members().items()}

    def memory(self) -> int:
        """Bytes of memory that all its processes take, shared pages once."""
        return sum(memory_of(pid) for pid in self._members())

    def _members(self) -> dict[int, list[str]]:
        """The fields of /proc/PID/stat from `state` on, of every process that is the program's.

        That are those in its session, and what began a session of its own below them, as the bay's
        helper does that takes messages apart.
        """
        found = {int(path.name): _fields(path) for path in _PROC.iterdir() if path.name.isdigit()}
        ours = {
            pid: stat for pid, stat in found.items() if stat and int(stat[3]) == self._popen.pid
        }
        size = 0
        while len(ours) > size:
            size = len(ours)
            ours.update((pid, stat) for pid, stat in found.items() if stat and int(stat[1]) in ours)
        return ours


def pinned(command: Sequence[str], cores: Sequence[int]) -> list[str]:
    """The command that runs `command` on these cores alone."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]


def _fields(path: Path) -> list[str]:
    try:
        # The second field is the name in brackets, which may hold anything; we read behind it.
        return (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return []


def _seconds(fields: list[str]) -> float:
    return sum(map(int, fields)) * TICK  # with children that ended


def memory_of(pid: int) -> int:
    """Bytes of memory that a process takes: of what it shares, its part."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _descriptors(pid: int) -> int:
    try:
        return len(list((_PROC / str(pid) / "fd").iterdir()))
    except OSError:  # it ended meanwhile
        return 0


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
