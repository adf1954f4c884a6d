"""Precedence: answers come first, as long as the watch keeps up.

Where both want one core, an ordinary process that runs goes on for up to some milliseconds, which
queries have to wait.  In the kernel's idle class (`SCHED_IDLE`, sched(7)) the watch makes way as
soon as a worker wakes (and gives way by itself where one was held up), but gets next to nothing of
a core that is never idle.  So it is there only while it keeps up with its lines and is heard of,
and an ordinary process as soon as it does not, for a good while: other programs may want the core
as well.  It is the supervisor that sees to it, since who gets no core cannot help itself.
"""

import fcntl
import os
import socket
import struct
import termios
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from dnswatch.watchdog.process import NICENESS

BEHIND: Final = 0.5
"""Seconds for which something may wait: lookups come late after one (`seams.merge.LAG`)."""

UNHEARD: Final = 2.5
"""Seconds for which nothing may be heard of it: it says each second that it lives."""

SETTLED: Final = 10.0
"""Seconds for which it is an ordinary process then: one that made way again at once would get a
core for a moment in each second."""


class Precedence:
    """Whether the watch stands behind the workers or beside them."""

    def __init__(self, lines: Sequence[socket.socket]) -> None:
        """Look at the watch's ends of all lines."""
        self._lines = lines
        self._pid = 0
        self._makes_way = False
        self._kept_up_at = 0.0
        self._ordinary_until = 0.0
        self._may_return = _may_return()

    def look(self, pid: int, heard_at: float, now: float) -> None:
        """Choose for the watch with this process ID (0: there is none), by `clock.elapsed`.

        `heard_at`: when it last said that it lives.
        """
        if pid != self._pid:
            self._pid, self._makes_way = pid, False
            self._kept_up_at, self._ordinary_until = now, now
        if not any(map(_waiting, self._lines)):
            self._kept_up_at = now
        if now - self._kept_up_at >= BEHIND or now - heard_at >= UNHEARD:
            self._ordinary_until = now + SETTLED
        makes_way = pid != 0 and now >= self._ordinary_until
        if self._may_return and makes_way != self._makes_way:
            self._makes_way = makes_way
            _put(pid, os.SCHED_IDLE if makes_way else os.SCHED_OTHER)


def _waiting(line: socket.socket) -> int:
    """Count the bytes that wait to be read."""
    told = fcntl.ioctl(line, termios.FIONREAD, bytes(4))
    count: int = struct.unpack("i", told)[0]
    return count


def _put(pid: int, policy: int) -> None:
    """Put all threads of a process into a class; those they start later follow them."""
    with suppress(OSError):  # it has just ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(0))


def _may_return() -> bool:
    """Try whether a thread as nice as the watch gets out of the idle class again (RLIMIT_NICE)."""
    came_back = threading.Event()

    def go_and_come() -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            for policy in (os.SCHED_IDLE, os.SCHED_OTHER):
                os.sched_setscheduler(0, policy, os.sched_param(0))
            came_back.set()

    trial = threading.Thread(target=go_and_come)
    trial.start()
    trial.join()
    return came_back.is_set()
