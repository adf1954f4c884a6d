"""`python -m bench.timed FILE ...`: dnswatch, whose worker writes down how long its turns took.

What is measured is each callback of the loop: the CPU time it used, which others on the machine
cannot lengthen, and what Python's collector took of it.  An instrument: nothing of it is in the
product, and it makes a callback some 0.6 µs slower.
"""

import asyncio
import gc
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import dnswatch.proxy.worker as product
from dnswatch.__main__ import main

COLLECTOR: Final = "collector, generation "
"""What it takes is a part of the turn that it comes in."""

_run_callback: Final[Callable[[asyncio.Handle], None]] = getattr(asyncio.Handle, "_run")  # noqa: B009


class _Turns:
    """What was measured: of each turn of a callback, by its name, when it began and its CPU time.

    The moment is in seconds of the machine's monotonic clock, the CPU time in microseconds.
    """

    def __init__(self) -> None:
        self.by_name: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self._began = 0

    def run(self, handle: asyncio.Handle) -> None:
        """Run a callback, and note what it took."""
        name, moment = _name(handle), time.monotonic()
        before = time.thread_time_ns()
        _run_callback(handle)
        took = (time.thread_time_ns() - before) / 1000
        self.by_name[name].append((moment, took))

    def collected(self, phase: str, info: dict[str, Any]) -> None:
        """Note what a collection took."""
        if phase == "start":
            self._began = time.thread_time_ns()
        else:
            took = (time.thread_time_ns() - self._began) / 1000
            self.by_name[f"{COLLECTOR}{info['generation']}"].append((time.monotonic(), took))


def _name(handle: Any) -> str:
    """Return what a callback is called; of what comes again and again, what it does."""
    callback, arguments = handle._callback, handle._args
    if getattr(callback, "__name__", "") == "every":
        callback = arguments[1]
    name: str = getattr(callback, "__qualname__", type(callback).__name__)
    return name


def _timed(into: Path) -> Callable[..., None]:
    """Make a worker that writes what its turns took into a file when it ends."""
    run_worker = product.main

    def worker(*arguments: Any) -> None:
        turns = _Turns()

        def run(handle: asyncio.Handle) -> None:
            turns.run(handle)

        setattr(asyncio.Handle, "_run", run)  # noqa: B010 there is no other place to stand
        gc.callbacks.append(turns.collected)
        run_worker(*arguments)
        into.write_text(json.dumps(turns.by_name))

    return worker


if __name__ == "__main__":
    setattr(product, "main", _timed(Path(sys.argv.pop(1))))  # noqa: B010
    main()
