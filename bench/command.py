"""A benchmark as a command: where its tables go, and with what code it ends."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench.errors import BenchError
from bench.page import publish


def add_page(parser: argparse.ArgumentParser, page: Path) -> None:
    """Let the caller choose where tables are published, and whether."""
    parser.add_argument("--page", type=Path, default=page, help="file to publish the tables in")
    parser.add_argument("--print", action="store_true", help="print the tables, publish nothing")


def put(options: argparse.Namespace, name: str, block: str) -> None:
    """Print the block of the measurement `name`, and publish it unless that is not wanted."""
    print(block)
    if not options.print:
        publish(options.page, name, block)


def ended(measure: Callable[[], None]) -> int:
    """Measure; return the exit code: 2 where it cannot be measured, 130 after Ctrl-C."""
    try:
        measure()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
