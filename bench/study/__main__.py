"""`python -m bench.study`: measure the study on long traces, publish it in docs/performance.md."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.command import add_page, ended, put
from bench.errors import BenchError
from bench.page import origin
from bench.plan import say
from bench.study import trace
from bench.table import Table

_PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "performance.md"
_GIB: Final = 1 << 30
_HEAD: Final = ("lookups", "flows", "data set GiB", "minutes", "CPU minutes", "memory GiB")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of the study took."""

    lookups: int
    flows: int
    size: int
    "Bytes of the data set."
    wall: float
    "Seconds."
    cpu: float
    "Seconds of user and system, all threads."
    memory: int
    "Largest resident set, bytes."

    def row(self) -> tuple[str, ...]:
        """Write it as a row of the table."""
        return (
            f"{self.lookups:,}",
            f"{self.flows:,}",
            f"{self.size / _GIB:.1f}",
            f"{self.wall / 60:.1f}",
            f"{self.cpu / 60:.1f}",
            f"{self.memory / _GIB:.1f}",
        )


def measure(lookups: int, memory: str, folder: Path) -> Cost:
    """Make up a trace, study it in a process of its own, and throw it away."""
    say(f"Writing {lookups:,} lookups")
    place = folder / "trace"
    flows = trace.write(place, lookups)
    size = sum(path.stat().st_size for path in place.rglob("*.parquet"))
    say(f"Studying {lookups:,} lookups")
    begun = time.monotonic()
    arguments = ["study", str(place), "--out", str(folder / "report"), "--zone", "UTC"]
    command = [sys.executable, "-m", "dnswatch", *arguments, "--memory", memory, "--json"]
    pid = os.posix_spawn(
        sys.executable,
        command,
        {**os.environ, "TMPDIR": str(folder)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(pid, 0)
    wall = time.monotonic() - begun
    shutil.rmtree(place)
    if status:
        raise BenchError(f"the study of {lookups:,} lookups failed: exit code {status >> 8}")
    return Cost(lookups, flows, size, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def main(arguments: Sequence[str]) -> int:
    """Measure each length; 2 where it cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.study", description=__doc__)
    lengths = [10_000_000, 100_000_000]
    parser.add_argument("lookups", nargs="*", type=int, default=lengths, metavar="LOOKUPS")
    parser.add_argument("--memory", default="6GB", help="memory that DuckDB takes at most")
    parser.add_argument("--folder", type=Path, help="where there is room for trace and spill")
    add_page(parser, _PAGE)
    options = parser.parse_args(arguments)

    def work() -> None:
        with TemporaryDirectory(prefix="bench-study-", dir=options.folder) as folder:
            costs = [measure(count, options.memory, Path(folder)) for count in options.lookups]
        table = Table(
            f"The study on DuckDB, {options.memory} of memory for it",
            _HEAD,
            tuple(cost.row() for cost in costs),
        )
        command = " ".join(["python -m bench.study", *arguments])
        versions = {name: version(name) for name in ("duckdb", "ibis-framework")}
        block = f"{origin(command, versions, datetime.now(UTC).date())}\n\n{table}"
        put(options, "study", block)

    return ended(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
