"""`python -m bench.campus`: measure campuses of several sizes, publish it in docs/campus.md."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.command import add_page, ended, put
from bench.errors import BenchError
from bench.page import origin
from bench.plan import say
from bench.table import Table

_PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "campus.md"
_SIZES: Final = ("1128x1", "1128x7", "1128x30", "10000x1", "10000x7", "100000x1")
_GIB: Final = 1 << 30
_HEAD: Final = ("hosts", "days", "lookups", "seconds", "CPU seconds", "memory GiB")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one campus took."""

    hosts: int
    days: int
    lookups: int
    wall: float
    "Seconds."
    cpu: float
    "Seconds of user and system."
    memory: int
    "Largest resident set, bytes."

    def row(self) -> tuple[str, ...]:
        """Write it as a row of the table."""
        return (
            f"{self.hosts:,}",
            f"{self.days}",
            f"{self.lookups:,}",
            f"{self.wall:,.0f}",
            f"{self.cpu:,.0f}",
            f"{self.memory / _GIB:.2f}",
        )


def measure(hosts: int, days: int) -> Cost:
    """Live one campus in a process of its own."""
    say(f"Living {days} days of {hosts:,} hosts")
    begun = time.monotonic()
    command = [sys.executable, "-m", "bench.campus.life", str(hosts), str(days)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchError(f"a campus of {hosts} hosts failed: exit code {process.returncode}")
    wall = time.monotonic() - begun
    cpu = used.ru_utime + used.ru_stime
    return Cost(hosts, days, int(said), wall, cpu, used.ru_maxrss * 1024)


def size(text: str) -> tuple[int, int]:
    """Read a size like 1128x30: hosts and days."""
    hosts, _, days = text.partition("x")
    return int(hosts), int(days)


def main(arguments: Sequence[str]) -> int:
    """Measure each size; 2 where it cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.campus", description=__doc__)
    sizes = [size(text) for text in _SIZES]
    parser.add_argument("sizes", nargs="*", type=size, default=sizes, metavar="HOSTSxDAYS")
    add_page(parser, _PAGE)
    options = parser.parse_args(arguments)

    def work() -> None:
        rows = tuple(measure(*one).row() for one in options.sizes)
        table = Table("Campuses with an outbreak of MyDoom, all judges looking on", _HEAD, rows)
        command = " ".join(["python -m bench.campus", *arguments])
        block = (
            f"{origin(command, {'numpy': version('numpy')}, datetime.now(UTC).date())}\n\n{table}"
        )
        put(options, "campus", block)

    return ended(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
