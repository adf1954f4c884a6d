"""The crew: work is shared, and comes back in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dnswatch.errors import SourceError
from dnswatch.sources.crew import Crew
from tests.check import eventually


def test_work_comes_back_in_order() -> None:
    """However many do it."""
    with Crew(2) as crew:
        assert list(crew.map(str, range(20))) == list(map(str, range(20)))


def test_one_alone_works_here() -> None:
    """No process is begun for one."""
    with Crew(1) as crew:
        assert list(crew.map(_pid, range(2))) == [os.getpid()] * 2


def test_all_cores_help_unless_it_is_said_otherwise() -> None:
    """The cores that this process may use."""
    assert Crew().workers == len(os.sched_getaffinity(0))


def test_work_is_taken_only_as_it_is_needed() -> None:
    """A long file is not read into memory."""
    taken = []

    def things() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    with Crew(2) as crew:
        results = crew.map(str, things())
        assert next(results) == "0"
        assert len(taken) < 10
        results.close()  # type: ignore[attr-defined]


def test_what_fails_there_fails_here() -> None:
    """An error is not lost on the way."""
    with Crew(2) as crew, pytest.raises(ValueError, match="invalid literal"):
        list(crew.map(int, ["1", "x"]))


def test_much_goes_there_and_much_comes_back() -> None:
    """Nobody waits for another for ever, though more is on its way than a pipe holds."""
    megabytes = [bytes([n]) * (1 << 20) for n in range(20)]
    with Crew(2) as crew:
        assert list(crew.map(bytes, megabytes)) == megabytes


def test_who_is_ended_from_outside_is_missed() -> None:
    """The kernel ends whoever takes too much memory: the user learns what to do about it."""
    with Crew(2) as crew, pytest.raises(SourceError, match="--workers 1"):
        list(crew.map(_end, range(9)))


def test_nobody_is_left() -> None:
    """Those who helped have ended, with the crew or with the process that employed them."""
    with Crew(2) as crew:
        helpers = set(crew.map(_pid, range(2)))
    assert not any(map(_is_there, helpers))
    done = subprocess.run([sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, text=True)
    orphans = [int(pid) for pid in done.stdout.split()]
    assert len(orphans) == 2
    eventually(lambda: not any(map(_is_there, orphans)))


_KILLED = """
import os, signal
from dnswatch.sources.crew import Crew
from tests.sources.test_crew import _pid
with Crew(2) as crew:
    print(*crew.map(_pid, range(2)), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _is_there(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _end(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _pid(_: int) -> int:
    return os.getpid()
