"""`python -m bench`: measure, print the tables, publish them in docs/performance.md."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.bay import measure_bay
from bench.budget import measure_budget
from bench.command import add_page, ended, put
from bench.cores import measure_cores
from bench.fairness import measure_fairness
from bench.fleet import measure_fleet
from bench.kills import measure_kills
from bench.latency import measure_latency
from bench.leaks import measure_leaks
from bench.loss import measure_loss
from bench.memory import measure_memory
from bench.page import origin, publish
from bench.plan import Plan, say
from bench.policies import measure_policies
from bench.rig import Rig, rig
from bench.servers import versions
from bench.soak import measure_soak
from bench.summary import NAME, summary
from bench.table import Table
from bench.throughput import measure_cached, measure_misses
from bench.turns import measure_turns
from bench.watch import measure_watch
from bench.workers import measure_workers
from dnswatch.compiled import build

_MEASUREMENTS: Final[dict[str, Callable[[Rig, Plan], list[Table]]]] = {
    "cached": measure_cached,
    "misses": measure_misses,
    "budget": measure_budget,
    "latency": measure_latency,
    "turns": measure_turns,
    "watch": measure_watch,
    "fairness": measure_fairness,
    "kills": measure_kills,
    "loss": measure_loss,
    "memory": measure_memory,
    "leaks": measure_leaks,
    "workers": measure_workers,
    "cores": measure_cores,
    "policies": measure_policies,
    "soak": measure_soak,
    "fleet": measure_fleet,
    "bay": measure_bay,
}

_PLANS: Final = {
    "fairness": Plan(rounds=1),
    "kills": Plan(seconds=30.0, rounds=1),
    "loss": Plan(rounds=1),
    "soak": Plan(seconds=120.0, names=1000),
    "watch": Plan(seconds=6.0),
}
"Sizes of those that show something only in a longer run, or take long for each round."

_QUIET: Final = 0.5
"Load average above which others take part."
_PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments name, or all; 2 where it cannot be measured."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name in options.what:
        if name not in _MEASUREMENTS:
            parser.error(f"nothing is called {name!r} here; choose from {', '.join(_MEASUREMENTS)}")
    command = " ".join(["python -m bench", *arguments])

    def work() -> None:
        if os.getloadavg()[0] > _QUIET:
            say("the machine has other work: expect wide ranges, and lost answers at half load")
        if build() == "pure":
            say("dnswatch is not compiled here: `make fast` does it, and `make bench` begins so")
        with rig() as built:
            source = origin(command, versions(), datetime.now(UTC).date())
            for name in options.what or _MEASUREMENTS:
                tables = _MEASUREMENTS[name](built, _plan(options, name))
                block = "\n".join([f"{source}\n", *map(str, tables)])
                put(options, name, block)
        if not options.print:
            publish(options.page, NAME, str(summary(options.page.read_text())))

    return ended(work)


def _plan(options: argparse.Namespace, name: str) -> Plan:
    """Return the sizes of a measurement: those that were asked for, or its own."""
    asked = {key: value for key, value in vars(options).items() if value is not None}
    own = asdict(_PLANS.get(name, Plan()))
    return Plan(**{size: asked.get(size, value) for size, value in own.items()})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="WHAT", help=", ".join(_MEASUREMENTS))
    parser.add_argument("--seconds", type=_above_zero, help="length of a run")
    parser.add_argument("--rounds", type=_count, help="interleaved rounds")
    parser.add_argument("--clients", type=_count, help="for memory")
    parser.add_argument("--answers", type=_count, help="for memory")
    parser.add_argument("--lookups", type=_count, help="for leaks")
    parser.add_argument("--names", type=_count, help="hot names")
    add_page(parser, _PAGE)
    return parser


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above zero")
    return number


def _count(text: str) -> int:
    return int(_above_zero(text)) or 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
