"""What 16 cores would do: a simulation, from what one core was measured to take.

Each worker has a core, and the watch has one.  Clients ask independently of each other; the kernel
gives all that comes from one port to one worker, by a hash (`SO_REUSEPORT`).  A worker serves in
order of arrival.  Each miss is a lookup, and a hundred of them go to the watch together, which
takes them in order of arrival too.

What the workers of one machine share besides is left out: memory, the processor's caches, the
network card, the kernel's locks.  So these are bounds from above.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Final

from bench import scene
from bench.dnsperf import Asking
from bench.plan import Plan, say
from bench.rig import Rig
from bench.scene import Scene
from bench.table import Table
from bench.throughput import run

CORES: Final = 16
_WORKERS: Final = (1, 2, 4, 8, CORES - 1)
_MISSES: Final = (0.02, 0.1, 0.3, 1.0)
"Shares of misses among all queries."
_USUAL: Final = 0.1
_CLIENTS: Final = (10_000, 64)
"Source ports: those of a site's clients, and those of a few fronts."
_QUERIES: Final = 100_000
_BATCH: Final = 100
_SEED: Final = 5353

_FULL_HEAD: Final = (
    "misses among queries",
    "answers/s of 15 workers at full load",
    "lookups/s of them",
    "cores that the watch would need",
    "answers/s that the watch follows",
)
_HALF_HEAD: Final = (
    "workers",
    "source ports",
    "answers/s",
    "busiest worker",
    "99 % answered within µs",
    "watch busy",
    "99 % of lookups folded within ms",
)


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU µs on one core."""

    cached: float
    "A worker's, for an answer from its cache."
    miss: float
    "A worker's, for an answer from the upstream."
    lookup: float
    "The others' (watch, store, supervisor), for a miss."
    rest: float
    "Part of a core that the others take whatever is asked."

    def answer(self, misses: float) -> float:
        """A worker's for an answer, where that share of all are misses."""
        return misses * self.miss + (1 - misses) * self.cached

    def watched(self, lookups: float) -> float:
        """Cores that the others take while there are so many lookups a second."""
        return self.rest + lookups * self.lookup / 1e6

    def bears(self, workers: int, misses: float) -> float:
        """Return how many answers a second so many workers give that the watch can follow."""
        answered, told = workers / self.answer(misses), misses * self.lookup
        return 1e6 * (min(answered, (1 - self.rest) / told) if told else answered)


@dataclass(frozen=True, slots=True)
class Found:
    """What a simulated load came to."""

    within: float
    "Microseconds within which 99 % were answered."
    busiest: float
    "Share of its time that the busiest worker worked."
    watch: float
    "Share of its time that the watch worked."
    lag: float
    "Milliseconds within which the watch had folded 99 % of the batches."


def measure_cores(rig: Rig, plan: Plan) -> list[Table]:
    """Measure one worker on one core, and play that for many."""
    costs = _costs(rig, plan)
    say(f"one core: {costs}")
    return [full(costs), half(costs)]


def _costs(rig: Rig, plan: Plan) -> Costs:
    (answer, _, rest), (miss, others, busy) = (
        map(median, zip(*(_measured(rig, plan, what) for _ in range(plan.rounds)), strict=True))
        for what in (scene.cached(rig, plan), scene.misses(rig, plan))
    )
    return Costs(answer, miss, max(others * (1 - rest / busy), 0.0), rest)


def _measured(rig: Rig, plan: Plan, what: Scene) -> tuple[float, float, float]:
    """Return µs an answer of the worker and of the others, and what part of a core these took."""
    found = run(rig, what, "dnswatch", Asking(seconds=plan.seconds, repeat=what.repeat))
    others = found.whole - found.workers
    return found.workers, others, others * found.load.rate / 1e6


def full(costs: Costs) -> Table:
    """Tell where workers or watch are full, by how many queries are misses."""
    workers = CORES - 1
    rows = []
    for misses in _MISSES:
        answers = 1e6 * workers / costs.answer(misses)
        cells = (answers, answers * misses, costs.watched(answers * misses))
        rows.append(
            (
                f"{misses:.0%}",
                *(f"{cell:,.0f}" for cell in cells[:2]),
                f"{cells[2]:.1f}",
                f"{costs.bears(workers, misses):,.0f}",
            )
        )
    note = (
        f"From one core: a cached answer takes a worker {costs.cached:.1f} µs and a miss"
        f" {costs.miss:.1f}; a miss takes watch, store and supervisor {costs.lookup:.1f}, and these"
        f" take {costs.rest:.0%} of a core besides."
    )
    return Table(f"{CORES} cores at full load, by calculation", _FULL_HEAD, tuple(rows), (note,))


def half(costs: Costs) -> Table:
    """Play half of what workers and watch bear, with many clients and with few."""
    rows = []
    for workers in _WORKERS:
        for clients in _CLIENTS:
            rate = costs.bears(workers, _USUAL) / 2
            found = play(costs, workers, rate, _USUAL, clients, Random(_SEED))
            rows.append(
                (
                    str(workers),
                    f"{clients:,}",
                    f"{rate:,.0f}",
                    f"{found.busiest:.0%}",
                    f"{found.within:,.0f}",
                    f"{found.watch:.0%}",
                    f"{found.lag:.1f}",
                )
            )
    return Table(f"Half load, {_USUAL:.0%} misses, by simulation", _HALF_HEAD, tuple(rows))


def play(
    costs: Costs, workers: int, rate: float, misses: float, clients: int, chance: Random
) -> Found:
    """Let clients ask `rate` times a second in all, each as often as any other."""
    ports = [0] * workers
    for _ in range(clients):
        ports[chance.randrange(workers)] += 1
    span = _QUERIES / rate
    waits, batches, busy = list[float](), list[tuple[float, float]](), [0.0]
    for share in ports:
        if share:
            asked = _arrivals(rate * share / clients, span, chance)
            busy.append(_work(costs, asked, misses, chance, waits, batches) / span)
    lags, free_at = [0.0], 0.0
    took = _BATCH * costs.lookup / (1 - costs.rest) / 1e6
    for sent_at, began_at in sorted(batches):
        free_at = max(free_at, sent_at) + took
        lags.append(free_at - began_at)
    watch = costs.watched(len(batches) * _BATCH / span)
    return Found(1e6 * _late(waits), max(busy), watch, 1e3 * _late(lags))


def _arrivals(rate: float, span: float, chance: Random) -> Iterator[float]:
    """Yield when somebody asks, in seconds, at exponential intervals."""
    now = chance.expovariate(rate)
    while now < span:
        yield now
        now += chance.expovariate(rate)


def _work(
    costs: Costs,
    asked: Iterator[float],
    misses: float,
    chance: Random,
    waits: list[float],
    batches: list[tuple[float, float]],
) -> float:
    """Let one worker answer; add how long each took, and its batches; return what it worked.

    A batch is when it was sent, and when its first lookup was.
    """
    free_at = worked = first_at = 0.0
    lookups = 0
    for now in asked:
        is_miss = chance.random() < misses
        cost = (costs.miss if is_miss else costs.cached) / 1e6
        free_at = max(free_at, now) + cost
        worked += cost
        waits.append(free_at - now)
        if is_miss:
            first_at = first_at if lookups else free_at
            lookups += 1
        if lookups == _BATCH:
            batches.append((free_at, first_at))
            lookups = 0
    return worked


def _late(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100 - 1]
