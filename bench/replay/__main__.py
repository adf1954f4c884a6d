"""`python -m bench.replay`: read a made capture, beside tshark; publish in docs/performance.md."""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from bench.command import add_page, ended, put
from bench.errors import BenchError
from bench.page import origin
from bench.plan import say
from bench.process import Process
from bench.replay.traffic import write
from bench.servers import own_version
from bench.table import Table, ratios, spread
from dnswatch.compiled import build

_PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "performance.md"
_MIB: Final = 1 << 20
_LOOK: Final = 0.1
"Seconds between two looks at the memory."
_TSHARK: Final = (
    "tshark",
    "-n",
    "-T",
    "fields",
    "-e",
    "frame.time_epoch",
    "-e",
    "ip.src",
    "-e",
    "ip.dst",
    "-e",
    "tcp.dstport",
    "-e",
    "tcp.flags",
    "-e",
    "dns.flags.response",
    "-e",
    "dns.qry.name",
    "-e",
    "dns.qry.type",
    "-e",
    "dns.a",
    "-r",
)
_REPLAY: Final = (sys.executable, "-m", "dnswatch", "replay")
_BASE: Final = "tshark -T fields"
_HEAD: Final = ("reader", "packets/s", "ratio to tshark", "CPU µs per packet", "memory MiB")


@dataclass(frozen=True, slots=True)
class Run:
    """One reading of one capture."""

    seconds: float
    cpu: float
    "Seconds of CPU of all processes."
    memory: int
    "Most bytes that all processes took together."


def main(arguments: Sequence[str]) -> int:
    """Measure, print and publish; 2 where it cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--size", type=int, default=200, help="of the mixed capture, MB")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    add_page(parser, _PAGE)
    options = parser.parse_args(arguments)

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="dnswatch-bench-") as place:
            tables = measure(Path(place), options.size * 1_000_000, options.rounds)
        command = " ".join(["python -m bench.replay", *arguments])
        source = origin(command, _versions(), datetime.now(UTC).date())
        put(options, "replay", "\n".join([f"{source}\n", *map(str, tables)]))

    return ended(work)


def measure(place: Path, size: int, rounds: int) -> list[Table]:
    """Read captures of mixed traffic and of nothing but DNS, a short and a long one of each."""
    found = []
    for title, part, lookups in (
        ("Mixed traffic: one lookup to 17 packets of TCP", size, False),
        ("A quarter of it, to see whether memory grows", size // 4, False),
        ("Nothing but DNS", size // 16, True),
        ("DNS alone, ten times as long, so that starting counts for little", size // 16 * 10, True),
    ):
        capture = place / "capture.pcap"
        packets = write(capture, part, lookups=lookups)
        say(f"{title}: {packets:,} packets, {part / 1e6:,.0f} MB")
        runs = _rounds(capture, place, rounds)
        found.append(table(f"{title} ({packets:,} packets, {part / 1e6:,.0f} MB)", packets, runs))
    return found


def _rounds(capture: Path, place: Path, rounds: int) -> dict[str, list[Run]]:
    commands = {
        _BASE: [*_TSHARK, str(capture)],
        "dnswatch replay": [*_REPLAY, str(capture)],
        "dnswatch replay --state": [*_REPLAY, str(capture), "--state", str(place / "state")],
        "dnswatch replay --to-parquet": [
            *_REPLAY,
            str(capture),
            "--to-parquet",
            str(place / "data"),
        ],
    }
    if build() == "compiled":
        commands["dnswatch replay, pure"] = ["env", "DNSWATCH_PURE=1", *commands["dnswatch replay"]]
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            for kept in ("state", "data"):
                shutil.rmtree(place / kept, ignore_errors=True)
            runs[name].append(_run(command, place / "log"))
            say(f"  {name}: {runs[name][-1].seconds:.1f} s")
    return runs


def _run(command: Sequence[str], log: Path) -> Run:
    before, begun, most = _cpu(), time.monotonic(), 0
    with Process(command, sorted(os.sched_getaffinity(0)), log) as process:
        while not process.ends_within(_LOOK):
            most = max(most, process.memory())
        seconds = time.monotonic() - begun
        if process.exit_code:
            raise BenchError(f"{command[0]} failed: {log.read_text()[-500:]}")
    return Run(seconds, _cpu() - before, most)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(title: str, packets: int, runs: dict[str, list[Run]]) -> Table:
    """Set the readers side by side."""
    base = [packets / run.seconds for run in runs[_BASE]]
    rows = []
    for name, some in runs.items():
        rates = [packets / run.seconds for run in some]
        cpu = [run.cpu / packets * 1e6 for run in some]
        memory = median(run.memory for run in some) / _MIB
        rows.append((name, spread(rates), ratios(rates, base), spread(cpu, 1), f"{memory:,.0f}"))
    return Table(title, _HEAD, tuple(rows))


def _versions() -> dict[str, str]:
    try:
        said = subprocess.run(
            ["tshark", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        raise BenchError("tshark is missing: apt-get install tshark") from None
    return {"dnswatch": own_version(), "tshark": said.split()[2]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
