"""Children: one process at a time in each place, started again when it dies.

A child is forked from the supervisor, which has all code loaded already: a worker that was killed
answers again within some 20 ms.  One that dies soon after its start again and again waits longer
each time.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dnswatch.errors import DnswatchError

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
"""Seconds before a child that died young is started again: doubled each time, up to this."""

YOUNG: Final = 5.0
"""Seconds: who lives longer than that has started well."""

log = logging.getLogger("dnswatch.serve")


class Child:
    """One place for a process, and whoever fills it now."""

    def __init__(self, name: str, run: Callable[[socket.socket], None]) -> None:
        """Run `run(control)` in a process; its end or death is noticed by `reaped`."""
        self.name = name
        self.pid = 0
        "0 while there is none."
        self.control: socket.socket | None = None
        "The supervisor's end of the line to it: a seqpacket socket."
        self.start_at = 0.0
        "When it may be started next, Unix seconds."
        self.ready = False
        self._run = run
        self._started_at = 0.0
        self._pause = 0.0

    def start(self, now: float, others: list["Child"]) -> None:
        """Fork; `others` are those whose lines the new process must not hold open."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                for child in others:
                    if child.control is not None:
                        child.control.close()
                ours.close()
                theirs.setblocking(False)
                _reset_signals()
                _call_process(self.name)
                self._run(theirs)
                status = 0
            except DnswatchError as error:
                log.error("%s: %s", self.name, error)
            except BaseException:
                log.exception("%s stopped on a fault of its own", self.name)
            finally:
                logging.shutdown()
                os._exit(status)
        theirs.close()
        ours.setblocking(False)
        self.pid, self.control, self.ready = pid, ours, False
        self._started_at = now

    def send(self, message: bytes) -> None:
        """Send it a message; a child that is not there gets the newest settings at its start."""
        if self.control is not None:
            try:
                self.control.send(message)
            except OSError:
                log.warning("%s could not be told of the new settings", self.name)

    def reaped(self, status: int, now: float) -> None:
        """Note that it is gone, and when to start it again."""
        code = os.waitstatus_to_exitcode(status)
        how = f"was killed by signal {-code}" if code < 0 else f"exited with status {code}"
        is_young = now - self._started_at < YOUNG
        self._pause = min(2 * self._pause or FIRST_PAUSE, LONGEST_PAUSE) if is_young else 0.0
        self.start_at = now + (self._pause if self._pause > FIRST_PAUSE else 0.0)
        log.warning("%s (process %d) %s; starting it again", self.name, self.pid, how)
        self.gone()

    def gone(self) -> None:
        """Let go of what belonged to the process that ended."""
        self.pid = 0
        if self.control is not None:
            self.control.close()
            self.control = None

    def signal(self, number: int) -> None:
        """Send it a signal, if it is there."""
        if self.pid:
            os.kill(self.pid, number)


def _call_process(name: str) -> None:
    """Show in `top` and `ps` which process this is; 15 bytes, Linux only."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"dnswatch {name}"[:15], encoding="ascii")


def _reset_signals() -> None:
    """Undo what the supervisor set up: the child decides anew."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
