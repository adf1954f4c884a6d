"""Full load by dnsperf: as many questions as are answered, a fixed number of them under way.

Each question is a plain A query without EDNS, recursion desired, as stub resolvers send them.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.process import pinned
from bench.programs import find
from bench.rig import Rig

_SOCKETS: Final = 4
"Source ports of one server's load; dnsperf slows down with many."
_OUTSTANDING: Final = 100
"Queries under way: enough to keep a core full, few enough for any socket's buffer."
_LOST_AFTER: Final = 1
"Seconds after which an answer counts as lost."


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of dnsperf found."""

    answers: int
    lost: int
    seconds: float
    busy: float
    "Part of a core that dnsperf used."

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


@dataclass(frozen=True, slots=True)
class Asking:
    """How long to ask, and from where."""

    seconds: float | None = None
    "None means each name once."
    repeat: bool = True
    "Start over at the end of the file, or stop there."
    sockets: int = _SOCKETS
    outstanding: int = _OUTSTANDING


def ask(rig: Rig, port: int, names: Path, how: Asking) -> Load:
    """Ask the server at `port` for the names and wait until it is over."""
    where = ("-s", "127.0.0.1", "-p", str(port), "-d", str(names))
    command = [find("dnsperf"), *where, *_options(how)]
    output = rig.folder / "dnsperf.out"
    began = time.monotonic()
    with output.open("wb") as file:
        run = subprocess.Popen(
            pinned(command, rig.load_cores), stdout=file, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return read_output(output.read_text(), busy=cpu / (time.monotonic() - began))


def _options(how: Asking) -> Iterator[str]:
    yield from ("-c", str(how.sockets), "-q", str(how.outstanding), "-t", str(_LOST_AFTER))
    if how.seconds is not None:
        yield from ("-l", str(how.seconds))
    if how.seconds is None or not how.repeat:
        yield from ("-n", "1")


def read_output(text: str, busy: float) -> Load:
    """Read what dnsperf printed; an answer other than NOERROR makes the measurement worthless."""
    codes = re.search(r"^ +Response codes: +(\S.*)$", text, re.MULTILINE)
    if codes is None:
        raise BenchError(f"dnsperf got no answer; it said: {text[-2000:].strip()}")
    if not re.fullmatch(r"NOERROR \d+ \(100\.00%\)", codes[1]):
        raise BenchError(f"the server did not answer everything with NOERROR but with {codes[1]}")
    answers, lost = _number(text, "Queries completed"), _number(text, "Queries lost")
    return Load(int(answers), int(lost), _number(text, "Run time (s)"), busy)


def _number(text: str, label: str) -> float:
    found = re.search(rf"^\s+{re.escape(label)}:\s+([\d.]+)", text, re.MULTILINE)
    if found is None:
        raise BenchError(f"dnsperf did not say {label!r}; it said: {text[-2000:].strip()}")
    return float(found[1])
