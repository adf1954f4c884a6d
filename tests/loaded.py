"""`dnswatch`, or a part of it, as a process forked from an interpreter that has loaded it.

Hundreds of tests start a server, and most of what that costs is to load the same code again.  What
the process does is the same, and so is all that a test sees of it.
Tests of the start itself, of other environments and of an installed program use `subprocess`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

import dnswatch
from tests.check import PATIENCE

LOADED: Final = "dnswatch.__main__, dnswatch.cli.serve, dnswatch.serve.supervisor"
MOST: Final = 200_000
"""Bytes of a request: arguments and environment."""
FILES: Final = 64
"""Open files that a process is given."""

Program = Callable[[list[str], list[int]], object]
"""What a process does: with its arguments, and the files that it was given."""
Act = Callable[[], object]


class Process:
    """A process that was started, with those methods of `subprocess.Popen` that tests need."""

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        stderr: int,
        program: Program | None = None,
        files: Sequence[int] = (),
    ) -> None:
        """Start `dnswatch ARGUMENTS`, or a function of a module, in a session of its own.

        It has these open files, with other numbers.
        """
        named = program or run_dnswatch
        self.returncode: int | None = None
        self._keeper, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            what = [named.__module__, named.__qualname__, list(arguments), str(cwd), dict(env)]
            nursery, _ = _nursery(os.stat("/proc/thread-self/ns/net").st_ino)
            given = [stderr, theirs.fileno(), *files]
            socket.send_fds(nursery, [json.dumps(what).encode()], given)
        self._keeper.settimeout(PATIENCE)
        self.pid = int(self._keeper.recv(32))

    def poll(self) -> int | None:
        """Return the exit status if it has ended."""
        return self._end(0)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for its end."""
        if (status := self._end(timeout)) is None:
            raise subprocess.TimeoutExpired("dnswatch", timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Stop it as a service manager would."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _end(self, timeout: float) -> int | None:
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            try:
                self.returncode = int(self._keeper.recv(32))
            except (BlockingIOError, TimeoutError):
                return None
            self._keeper.close()
        return self.returncode


@cache
def _nursery(network: int) -> "tuple[socket.socket, subprocess.Popen[bytes]]":
    """Start the interpreter that forks in this network namespace; it ends when we do."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {**os.environ, "PYTHONPATH": str(Path(dnswatch.__file__).parent.parent)}
    program = f"import tests.loaded as it, {LOADED}; it.fork_on_request()"
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env=env,
        )
    return ours, process


def fork_on_request() -> None:
    """Start a process for each request that comes on the standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers end by themselves
    with socket.socket(fileno=os.dup(0)) as requests:
        while True:
            message, files, _, _ = socket.recv_fds(requests, MOST, FILES)
            if not message:
                return
            module, name, *how = json.loads(message)
            program = getattr(import_module(module), name)  # what it needs stays loaded
            if os.fork() == 0:
                requests.close()
                stderr, test, *given = files
                _keep(partial(program, how[0], given), how[1], how[2], stderr, test, given)
            for file in files:
                os.close(file)


def _keep(
    act: Act, cwd: str, env: dict[str, str], stderr: int, test: int, given: list[int]
) -> NoReturn:
    """Start the process, say its number, wait for its end, and say how that was."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(test)
        os.dup2(stderr, 2)
        os.close(stderr)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        time.tzset()
        _run(act)
    for file in (stderr, *given):
        os.close(file)
    try:
        os.write(test, b"%d" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(test, b"%d" % os.waitstatus_to_exitcode(status))
    finally:
        os._exit(0)


def run_dnswatch(arguments: list[str], _: list[int]) -> None:
    """Run a command."""
    from dnswatch.__main__ import main

    sys.argv[:] = ["dnswatch", *arguments]
    main()


def _run(act: Act) -> NoReturn:
    code: object = 1
    try:
        act()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))
