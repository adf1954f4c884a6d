"""Children: one process at a time in each place, started again when it dies or hangs.

A child is forked from the supervisor, which has all code loaded already, so that a worker that was
killed answers again in a fraction of a second.  Each says again and again that it lives; one that
falls silent is killed, since a process that hangs keeps what a dead one would let go of.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from dnswatch.control import ALIVE, read_fault, write_fault
from dnswatch.errors import DnswatchError
from dnswatch.model.policies.note import Note
from dnswatch.serve.faults import Reporting

PAUSE: Final = 0.1
"""Seconds before a child that died young is started again: doubled each time, up to `longest`."""

YOUNG: Final = 5.0
"""Seconds: who lives longer than that has started well."""

SILENT: Final = 0.6
"""Seconds of silence after which others do the work: more than two beats."""

START: Final = 60.0
"""Seconds until a child must have begun its work: large files are read first."""

SAY_EVERY: Final = 10.0
"""Seconds between two lines about a child that dies again and again."""

_LONGEST: Final = 4096
"""Bytes of what it says: a fault, at most."""

log = logging.getLogger("dnswatch.serve")


class Child:
    """One place for a process, and whoever fills it now; times are those of `clock.elapsed`."""

    def __init__(
        self,
        name: str,
        run: Callable[[socket.socket], None],
        *,
        patience: float,
        longest: float,
        heard: Callable[[bytes, list[int]], None] = lambda _, files: _close(files),
    ) -> None:
        """Run `run(control)` in a process; its end or death is noticed by `reaped`.

        It is killed when it has been silent for `patience` seconds, and started again after
        `longest` seconds at most.  What else it says, and open files that come along, `heard` gets.
        """
        self.name = name
        self.pid = 0
        "0 while there is none."
        self.control: socket.socket | None = None
        "The supervisor's end of the line to it: a seqpacket socket."
        self.start_at = 0.0
        "When it may be started next."
        self.ready = False
        "Its work has begun."
        self.starts = 0
        self.faults: list[Note] = []
        "What it told of faults, for whoever looks after us to take."
        self._run = run
        self._heard = heard
        self._patience = patience
        self._longest = longest
        self.heard_at = 0.0
        "When it last said that it lives."
        self._started_at = 0.0
        self._pause = 0.0
        self._say_at = 0.0
        self._unsaid = 0
        self._is_expected = False

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
                Reporting(self.name, partial(_tell, theirs)).take_over()
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
        self.starts += 1
        self._started_at = self.heard_at = now
        self._is_expected = False

    def send(self, message: bytes) -> bool:
        """Send it a message; return whether it took that.

        A child that is not there gets the newest settings at its start.
        """
        if self.control is None:
            return False
        try:
            self.control.send(message)
        except OSError:
            return False
        return True

    def listen(self, now: float) -> None:
        """Take in what it said: that it lives, above all."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self.control is not None:
                message, files, *_ = socket.recv_fds(self.control, _LONGEST, 1)
                if message == ALIVE:
                    self.ready, self.heard_at = True, now
                elif (fault := read_fault(message)) is not None:
                    self.faults.append(fault)
                elif message:
                    self._heard(message, files)
                else:
                    break

    def is_away(self, now: float) -> bool:
        """Whether others must do its work: it is not there, has not begun, or is silent."""
        return not self.is_settled or now - self.heard_at > SILENT

    @property
    def is_settled(self) -> bool:
        """Whether it does its work, and is not about to be replaced."""
        return self.ready and not self._is_expected

    def judge(self, now: float) -> None:
        """Kill it if it has been silent for too long."""
        patience = self._patience if self.ready else START
        if self.pid and now - self.heard_at > patience:
            log.error(
                "%s (process %d) has been silent for %.0f s and hangs; killing it",
                self.name,
                self.pid,
                now - self.heard_at,
            )
            self.signal(signal.SIGKILL)
            self.heard_at = now  # it is said once, and killed again if that was not enough

    def excuse(self, now: float) -> None:
        """Begin to wait anew: nobody listened for a while."""
        self.heard_at = now

    def replace(self) -> None:
        """End it in peace; whoever comes next begins with what has changed."""
        self._is_expected = True
        self.signal(signal.SIGTERM)

    def reaped(self, status: int, now: float) -> None:
        """Note that it is gone, and when to start it again."""
        self.listen(now)
        if self._is_expected:
            self._pause, self.start_at = 0.0, now
        else:
            is_young = now - self._started_at < YOUNG
            self.start_at = now + self._pause
            self._pause = min(2 * self._pause or PAUSE, self._longest) if is_young else 0.0
            self._say(status, now)
        self.gone()

    def _say(self, status: int, now: float) -> None:
        """Say how it ended; of many deaths in a row only now and again, and how many there were."""
        if now < self._say_at:
            self._unsaid += 1
            return
        if self._pause == self._longest:
            self._say_at = now + SAY_EVERY
        code = os.waitstatus_to_exitcode(status)
        how = f"was killed by signal {-code}" if code < 0 else f"exited with status {code}"
        more = f" ({self._unsaid} times before that, unsaid)" if self._unsaid else ""
        log.error("%s (process %d) %s%s; starting it again", self.name, self.pid, how, more)
        self._unsaid = 0

    def gone(self) -> None:
        """Let go of what belonged to the process that ended."""
        self.pid, self.ready = 0, False
        if self.control is not None:
            self.control.close()
            self.control = None

    def signal(self, number: int) -> None:
        """Send it a signal, if it is there."""
        if self.pid:
            os.kill(self.pid, number)


def _tell(line: socket.socket, fault: Note) -> None:
    with contextlib.suppress(OSError):  # the supervisor is gone, or has not read the last ones yet
        line.send(write_fault(fault))


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)


def _call_process(name: str) -> None:
    """Show in `top` and `ps` which process this is, in at most 15 bytes; Linux only."""
    short = name.replace("worker ", "w")
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"dnswatch-{short}", encoding="ascii")


def _reset_signals() -> None:
    """Undo what the supervisor set up: the child decides anew."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
