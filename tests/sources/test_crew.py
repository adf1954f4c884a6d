"""The crew: work is shared, and comes back in order."""

import os
from collections.abc import Iterator

import pytest

from dnswatch.sources.crew import Crew


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


def _pid(_: int) -> int:
    return os.getpid()
