"""The runs of one seed: one honest past, and a future for each worm and each defence.

The past is lived through once, with all judges watching and nobody acting: what they say then is
said wrongly.  Then the process forks for each worm and defence: each future begins from the very
same site on the very same day, and costs no second past.
"""

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.compare.judges import NOTHING, Defence, Panel, defence, judges
from dnswatch.lab.campus.compare.measure import Honest, RunMeasures, measure, surf, unjudged
from dnswatch.lab.campus.plan import CampusPlan
from dnswatch.lab.campus.run.web import BrowsedDay

DAY: Final = 86400.0
Line = RunMeasures | Honest


class WormCase(NamedTuple):
    """One worm under one defence."""

    worm: str
    defence: str


class ComparisonTask(NamedTuple):
    """What is to be done for one seed."""

    plan: CampusPlan
    policies: tuple[tuple[str, str], ...]
    "The texts of all policies."
    cases: tuple[WormCase, ...]
    honest_days: float
    "Days judged after the learning, before any worm breaks out."
    days: float
    "Days of an outbreak."


class Past:
    """The honest past of one seed, with all judges watching."""

    def __init__(self, task: ComparisonTask, seed: int) -> None:
        """Live through it."""
        plan = replace(task.plan, outbreak=replace(task.plan.outbreak, worm=""), policies=())
        self.task = task
        self.seed = seed
        self._web: tuple[BrowsedDay, Sequence[bytes]] | None = None
        self.panel = Panel({})
        self.campus = Campus(plan, seed, task.policies, self._judges)
        self.campus.web.sees = self._see
        self.campus.run(plan.begin + (plan.learning + task.honest_days) * DAY)
        self.campus.web.sees = None
        self.campus.web.foresee(self.campus.loop.now, ceil(task.days))

    def honest(self) -> Iterator[Honest]:
        """Say what the judges said of honest hosts."""
        clients = len(self.campus.site.clients)
        for judge, said in self.panel.said.items():
            yield Honest(
                self.seed, judge, clients, self.task.honest_days, sum(said.values()), len(said)
            )

    def future(self, case: WormCase) -> RunMeasures:
        """Let a worm break out under a defence; afterwards this past is spent."""
        chosen, campus = defence(case.defence), self.campus
        campus.truth.begin_anew()
        self.panel.choose(chosen.judge, alone=case.defence != NOTHING)
        campus.enable(chosen.policies)
        campus.post.edge = chosen.edge(campus.site) if chosen.edge else None
        since = campus.loop.now
        outbreak = replace(
            self.task.plan.outbreak, worm=case.worm, day=(since - campus.plan.begin) / DAY
        )
        campus.break_out(replace(campus.plan, outbreak=outbreak))
        campus.run(since + self.task.days * DAY)
        found = measure(campus.truth, self.seed, *case)
        silent = self.panel.silent if case.defence == NOTHING else ()
        return self._with_surfing(replace(found, silent=silent), chosen)

    def _with_surfing(self, found: RunMeasures, chosen: Defence) -> RunMeasures:
        if chosen.edge is None or self._web is None:
            return found
        surfed = surf(chosen.edge(self.campus.site).throttle, *self._web)
        return replace(found, pages_slow=surfed.slow, hosts_stopped=surfed.stopped)

    def _judges(self, campus: Campus) -> Panel:
        found = judges(campus.site, campus.settings, campus.loop.now)
        self.panel = Panel(found, campus.loop.now + self.task.plan.learning * DAY)
        return self.panel

    def _see(self, day: BrowsedDay, clients: Sequence[bytes]) -> None:
        self._web = self._web or (day, clients)


def run_seed(task: ComparisonTask, seed: int, results: Path) -> None:
    """Run what is missing for a seed, and add each result to a file as soon as it is there."""
    done = {(line.worm, line.defence) for line in read(results) if isinstance(line, RunMeasures)}
    missing = [case for case in task.cases if case not in done]
    if not missing:
        return
    past = Past(task, seed)
    if not done:
        _write(results, past.honest())
    for case in missing:
        if same := _known(read(results), case):
            _write(results, [same])
        else:
            _fork(past, case, results)


def _known(lines: Iterable[Line], case: WormCase) -> RunMeasures | None:
    """Return what comes of a case if that is known already: its judge never said anything."""
    chosen = defence(case.defence)
    for bare in lines:
        if not isinstance(bare, RunMeasures) or (bare.worm, bare.defence) != (case.worm, NOTHING):
            continue
        if chosen.judge in bare.silent and not chosen.edge:
            return unjudged(bare, case.defence)
    return None


def read(results: Path) -> list[Line]:
    """Read the results of a seed; a line that was broken off is left out."""
    if not results.exists():
        return []
    lines = results.read_bytes().split(b"\n")[:-1]
    return [_decode(line) for line in lines]


def _decode(line: bytes) -> Line:
    if b'"worm"' in line:
        return msgspec.json.decode(line, type=RunMeasures)
    return msgspec.json.decode(line, type=Honest)


def _fork(past: Past, case: WormCase, results: Path) -> None:
    """Live through a future in a process of its own."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _write(results, [past.future(case)])
            code = 0
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if status:
        raise DnswatchError(
            f"the run of '{case.worm}' under '{case.defence}' at seed {past.seed} failed with"
            f" code {os.waitstatus_to_exitcode(status)}: what it said stands above"
        )


def _write(results: Path, lines: Iterable[Line]) -> None:
    with results.open("ab") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
