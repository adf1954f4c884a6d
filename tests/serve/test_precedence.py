"""The watch makes way for workers while it keeps up, and only then."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.serve.precedence import BEHIND, SETTLED, UNHEARD, Precedence
from tests.behaviour import plain
from tests.check import eventually
from tests.live.site import Site
from tests.upstream import Upstream

IDLE, ORDINARY = {os.SCHED_IDLE}, {os.SCHED_OTHER}
TWO_THREADS = "import threading; threading.Thread(target=input).start(); threading.Event().wait()"
ALONE = f"""
import os, socket
from dnswatch.serve.precedence import Precedence
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
Precedence([theirs]).look(os.getpid(), 1000.0, 1000.0)
print(os.sched_getscheduler(0) == {os.SCHED_IDLE})
"""
WITHOUT_THE_RIGHT = ["prlimit", "--nice=0", "setpriv", "--bounding-set", "-sys_nice"]


def makes_way(*before: str) -> bool:
    """Tell whether a process that is started so would make way."""
    command = [*before, sys.executable, "-c", ALONE]
    return subprocess.run(command, capture_output=True, check=True).stdout == b"True\n"


@pytest.fixture(scope="module")
def right() -> None:
    """The right to leave the idle class again."""
    if not makes_way():
        pytest.skip("needs RLIMIT_NICE or CAP_SYS_NICE")


def classes(pid: int) -> set[int]:
    """Tell in which classes a process's threads are."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return {os.sched_getscheduler(int(thread.name)) for thread in threads}


@pytest.fixture
def process() -> Iterator[int]:
    """A process of two threads."""
    with subprocess.Popen([sys.executable, "-c", TWO_THREADS], stdin=subprocess.PIPE) as process:
        eventually(lambda: len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 2)
        yield process.pid
        process.kill()


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A worker's end and the watch's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.usefixtures("right")
def test_it_makes_way_with_all_threads_until_it_is_behind(
    process: int, line: tuple[socket.socket, socket.socket]
) -> None:
    """What waits for a moment changes nothing; what waits for long does, for a good while."""
    ours, theirs = line
    precedence = Precedence([theirs])
    precedence.look(process, 1000.0, 1000.0)
    assert classes(process) == IDLE
    ours.send(b"batch")
    precedence.look(process, 1000.0 + BEHIND / 2, 1000.0 + BEHIND / 2)
    assert classes(process) == IDLE
    precedence.look(process, 1000.0 + BEHIND, 1000.0 + BEHIND)
    assert classes(process) == ORDINARY
    theirs.recv(100)
    precedence.look(process, 1001.0, 1001.0)
    assert classes(process) == ORDINARY
    precedence.look(process, 1000.0 + BEHIND + SETTLED, 1000.0 + BEHIND + SETTLED)
    assert classes(process) == IDLE


@pytest.mark.usefixtures("right")
def test_it_makes_way_no_more_once_nothing_is_heard_of_it(
    process: int, line: tuple[socket.socket, socket.socket]
) -> None:
    """Other programs may leave it no core, though no lookup waits: it has orders to obey."""
    precedence = Precedence([line[1]])
    precedence.look(process, 1000.0, 1000.0)
    precedence.look(process, 1000.0, 1000.0 + UNHEARD)
    assert classes(process) == ORDINARY
    precedence.look(process, 1000.1 + UNHEARD, 1000.1 + UNHEARD)
    assert classes(process) == ORDINARY


@pytest.mark.usefixtures("right")
def test_the_next_one_makes_way_as_well(
    process: int, line: tuple[socket.socket, socket.socket]
) -> None:
    """A watch that died left nothing of its place behind."""
    precedence = Precedence([line[1]])
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as first:
        precedence.look(first.pid, 1000.0, 1000.0)
        first.kill()
    precedence.look(first.pid, 1000.1, 1000.1)
    precedence.look(0, 1000.2, 1000.2)
    precedence.look(process, 1000.3, 1000.3)
    assert classes(process) == IDLE


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv"
)
def test_who_could_not_come_back_does_not_go() -> None:
    """Without the right to leave the idle class, a watch on a busy core would get nothing."""
    assert not makes_way(*WITHOUT_THE_RIGHT)


@pytest.mark.usefixtures("right")
def test_a_servers_watch_makes_way(tmp_path: Path) -> None:
    """Its workers do not."""
    with Upstream(plain) as upstream, Site(tmp_path, [upstream], {}, workers=1) as site:
        watch = eventually(site.watch_running)
        eventually(lambda: classes(watch) == IDLE)
        assert [classes(worker) for worker in site.workers_running()] == [ORDINARY]
