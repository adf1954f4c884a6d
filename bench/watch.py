"""`python -m bench.watch`: what a lookup costs the watch, part by part, without any other process.

Batches as a worker sends them go through the watch's own parts, by a clock that is made up, into
a store in a temporary folder.  It measures CPU time, so other work on the machine does little harm.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Final

from bench.errors import BenchError
from bench.plan import Plan, say
from bench.rig import Rig
from bench.table import Table, spread
from dnswatch.codes import Type
from dnswatch.compiled import build
from dnswatch.control import Control
from dnswatch.model.changes import Changes
from dnswatch.model.exchanges import lessons_of
from dnswatch.model.observation import Observation, Origin
from dnswatch.seams.batch import Batch, encode
from dnswatch.settings import Source, combine
from dnswatch.store import Store, entries
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.intake import Intake
from dnswatch.watchdog.journal import Journal, create
from dnswatch.watchdog.pipeline import SitePipeline
from dnswatch.watchdog.reception import Lines
from dnswatch.wire.name import from_text

RATE: Final = 5000
"""Lookups in a second of the made-up clock."""

BATCH: Final = 100
"""Observations in a batch."""

_BEGIN: Final = 1.8e9
_TTL: Final = 3600
_CLIENTS: Final = 400
_ADDRESSES: Final = 3000
_MAIL: Final = 50
"""One lookup in so many asks for MX, where there is a campus."""

Micros = dict[str, float]
"""By part, what it costs a lookup."""

_PARTS: Final = ("read", "teach", "merge", "fold", "drain", "write", "rows")
"""Of the line and its decoding; of names that others learn; of what comes out in order; of the
model; of judging, marking and handing over; of the store; and of rows of the site cache's entries,
which are made later: each when its life has ended, or all of them when many wait."""


def misses(number: int) -> Observation:
    """One client asks for each name once, and each has an address of its own."""
    address = b"\x0a" + (number * 2654435761 >> 8 & 0xFFFFFF).to_bytes(3)
    name = from_text(f"m{number:09}.example.com")
    return _seen(number, b"\x7f\0\0\1", name, Type.A, ((address, _TTL),))


def campus(number: int) -> Observation:
    """Some hundred clients ask for what others have asked for lately, and some for mail."""
    client = b"\x0a\0" + (number * 7919 % _CLIENTS).to_bytes(2)
    which = (number * 2654435761 >> 9) % _ADDRESSES
    name = from_text(f"www{which}.example.net")
    if number % _MAIL == 0:
        domain = from_text(f"d{which}.example.org")
        exchange = from_text(f"mx{which}.example.org")
        return _seen(number, client, domain, Type.MX, exchanges=(exchange,))
    answer = b"\xc6\x33" + which.to_bytes(2)
    kind = Type.AAAA if number % 3 == 0 else Type.A
    packed = bytes(12) + answer if kind is Type.AAAA else answer
    return _seen(number, client, name, kind, ((packed, 60), (packed[:-1] + b"\xff", 60)))


TRAFFIC: Final = {"misses": misses, "campus": campus}


def _seen(
    number: int,
    client: bytes,
    qname: bytes,
    qtype: int,
    addresses: tuple[tuple[bytes, int], ...] = (),
    exchanges: tuple[bytes, ...] = (),
) -> Observation:
    at, ttl = _BEGIN + number / RATE, _TTL if exchanges else 0
    return Observation(at, client, qname, int(qtype), 0, Origin.UPSTREAM, addresses, exchanges, ttl)


@dataclass(slots=True)
class Costs:
    """CPU time of the parts, seconds."""

    by_part: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Count what happens meanwhile."""
        begun = process_time()
        yield
        self.by_part[part] += process_time() - begun


class Watching:
    """The parts of a watch process, called in its order and by a clock that is made up."""

    def __init__(self, state: Path) -> None:
        """Keep records in `state`."""
        source = Source("", "bench", None, None, None)
        settings = combine(source)
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control, self._control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        self._intake = Intake(Lines([theirs]), Journal(create()), Control(control))
        self._archive = Archive(state, settings)
        self._site = SitePipeline(source, self._archive.key, _BEGIN)
        self._site.configure(source, settings)
        self._state = state
        self._now = _BEGIN
        self._intake.take_up(None, self._now)

    def take(self, batch: Batch, costs: Costs) -> None:
        """Read a batch, and fold what comes out of it."""
        for message in encode(batch):
            self._ours.send(message)
        self._now = batch.until
        [line] = self._intake.lines
        with costs.of("read"):
            heard = self._intake.read(line, self._now)
        with costs.of("teach"):
            for each in heard:
                lessons_of(each.batch.observations)
        with costs.of("merge"):
            released = self._intake.release(self._now)
        with costs.of("fold"):
            for _, seen in released:
                self._site.watch.fold(seen)
            self._site.watch.expire(self._intake.passed)

    def tick(self, costs: Costs) -> None:
        """Hand over, as once a second, and store."""
        with costs.of("drain"):
            changes, _ = self._site.drain(self._now)
            changes.cursors = self._intake.cursors()
        with costs.of("write"):
            pending = Changes()  # as the recorder joins them
            pending.merge(changes)
            self._archive.write(pending, self._now)
        self._intake.let_go(changes.cursors)

    def settle(self, costs: Costs) -> None:
        """Make rows of all entries, as in the long run."""
        with Store.open(self._state) as store, costs.of("rows"), store.writing() as db:
            entries.settle(db, most=0)

    def close(self) -> None:
        """Close everything."""
        self._archive.close()
        for end in (self._ours, self._control):
            end.close()


def costs_of(traffic: str, seconds: int) -> Costs:
    """Play some seconds of lookups; the first one, in which all is new, is not measured."""
    costs = Costs()
    with tempfile.TemporaryDirectory() as folder:
        watching = Watching(Path(folder))
        for second in range(-1, seconds):
            if second == 0:
                costs.by_part.clear()
            for begin in range((second + 1) * RATE, (second + 2) * RATE, BATCH):
                seen = [TRAFFIC[traffic](n) for n in range(begin, begin + BATCH)]
                watching.take(Batch(seen[-1].at, seen, number=begin), costs)
            watching.tick(costs)
        watching.settle(costs)
        watching.close()
    return costs


def measure_watch(_rig: Rig, plan: Plan) -> list[Table]:
    """Play lookups through the watch's parts, compiled and pure in turn, each in its process."""
    return [_measure(traffic, plan) for traffic in TRAFFIC]


def _measure(traffic: str, plan: Plan) -> Table:
    builds = dict.fromkeys((build(), "pure"))
    found: dict[str, list[Micros]] = {kind: [] for kind in builds}
    for _ in range(plan.rounds):
        for kind, runs in found.items():
            runs.append(_played(traffic, max(1, int(plan.seconds)), kind))
            say(f"The watch, {traffic}, {kind}: {sum(runs[-1].values()):.2f} µs")
    return table(traffic, found)


def _played(traffic: str, seconds: int, kind: str) -> Micros:
    run = subprocess.run(
        [sys.executable, "-m", "bench.watch", traffic, "--seconds", str(seconds), "--raw"],
        env={**os.environ, "DNSWATCH_PURE": "1" if kind == "pure" else "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise BenchError(f"the watch's parts could not be played: {run.stderr[-2000:]}")
    micros: Micros = json.loads(run.stdout)
    return micros


def micros_of(traffic: str, seconds: int) -> Micros:
    """Return what each part costs a lookup."""
    spent = costs_of(traffic, seconds).by_part
    return {part: spent[part] * 1e6 / (seconds * RATE) for part in _PARTS}


def table(traffic: str, found: Mapping[str, Sequence[Micros]]) -> Table:
    """Set the parts below each other, and the builds side by side."""
    rows = [
        (part, *(spread([run[part] for run in runs], digits=2) for runs in found.values()))
        for part in _PARTS
    ]
    sums = ([sum(run.values()) for run in runs] for runs in found.values())
    rows.append(("**all**", *(spread(each, digits=2) for each in sums)))
    heads = [f"CPU µs a lookup, {kind}" for kind in found]
    return Table(f"The watch, {traffic}: {RATE:,} a second", ("part", *heads), tuple(rows))


def main(arguments: list[str]) -> int:
    """Measure this process's own build, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*TRAFFIC, []], help=", ".join(TRAFFIC))
    parser.add_argument("--seconds", type=int, default=5, help="of lookups")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--raw", action="store_true", help="one round, as JSON")
    options = parser.parse_args(arguments)
    if options.raw:
        print(json.dumps(micros_of(options.what[0], options.seconds)))
        return 0
    for traffic in options.what or TRAFFIC:
        found = [micros_of(traffic, options.seconds) for _ in range(options.rounds)]
        print(table(traffic, {build(): found}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
