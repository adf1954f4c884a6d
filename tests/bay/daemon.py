"""Daemons of others that a test starts for itself: in its own folder, at its own port."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import check


@contextmanager
def running(arguments: list[str], answers: Callable[[], bool], log: str) -> Iterator[None]:
    """Run a program until the block ends; wait until it answers.  `log` is the file it writes."""
    with open(log, "ab") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT)
    try:

        def up() -> bool:
            assert process.poll() is None, Path(log).read_text()
            return answers()

        check.eventually(up)
        yield
    finally:
        process.terminate()
        try:
            process.wait(check.PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
