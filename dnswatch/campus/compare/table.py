"""Tables: what all runs say, in rows; each cell a mean over seeds with its interval."""

from collections.abc import Callable, Iterable, Sequence
from statistics import mean, median
from typing import Final, NamedTuple

from dnswatch.campus.compare.catalogue import DNSWATCH, Defence
from dnswatch.campus.compare.interval import Interval, interval
from dnswatch.campus.compare.measure import Honest, Measured
from dnswatch.campus.compare.runs import Line

MONTH: Final = 30.0
_NOTHING: Final = "nothing"
_TOUCHED: Final = ("held", "refused", "blocked")


class Table(NamedTuple):
    """One table."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str

    def markdown(self) -> str:
        """Write it for a page of the docs."""
        lines = [f"**{self.title}**", "", _row(self.head), _row(["---"] * len(self.head))]
        return "\n".join([*lines, *map(_row, self.rows), "", self.note, ""])


class Results:
    """The results of a comparison, to be asked for means."""

    def __init__(self, lines: Iterable[Line], defences: Sequence[Defence]) -> None:
        """Sort them."""
        known = list(lines)
        self.defences = defences
        self.runs = [line for line in known if isinstance(line, Measured)]
        self.honest = [line for line in known if isinstance(line, Honest)]
        self.worms = sorted({run.worm for run in self.runs})
        self.seeds = len({run.seed for run in self.runs})
        self._bare = {
            (run.seed, run.worm): run for run in self.runs if run.defence == _NOTHING
        }  # fmt: skip

    def mean(
        self, defence: str, worm: str | None, of: Callable[[Measured], float | None]
    ) -> Interval | None:
        """Return the mean of something over the seeds; over all worms where none is named."""
        found = [
            (run.seed, value) for run in self.runs
            if run.defence == defence and worm in (None, run.worm)
            if (value := of(run)) is not None
        ]  # fmt: skip
        seeds = sorted({seed for seed, _ in found})
        return interval(mean(value for of, value in found if of == seed) for seed in seeds)

    def escaped(self, run: Measured) -> float | None:
        """Say how much of a worm's mail left, in % of what left with nothing against it."""
        bare = self._bare.get((run.seed, run.worm))
        if bare is None or not bare.left:
            return None
        return 100 * run.left / bare.left

    def false(self, judge: str) -> Interval | None:
        """False verdicts of a thousand honest clients in a month."""
        return interval(
            1000 * line.verdicts / line.clients * MONTH / line.days
            for line in self.honest if line.judge == judge
        )  # fmt: skip


def tables(results: Results) -> list[Table]:
    """Make all tables."""
    return [_escaped(results), _price(results), _spread(results), _verdicts(results)]


def _escaped(results: Results) -> Table:
    rows = [
        (one.name, *(_text(results.mean(one.name, worm, results.escaped), "") for worm in worms))
        for one in results.defences for worms in [results.worms]
    ]  # fmt: skip
    return Table(
        "Worm mail that left the site, in % of what left with nothing against it",
        ("defence", *results.worms), rows,
        f"Means over {results.seeds} seeds with 95 % intervals.  0 is best, 100 is no help; above "
        "100 the outbreak happened to go otherwise.",
    )  # fmt: skip


def _price(results: Results) -> Table:
    head = (
        "defence", "what it is", "false verdicts of 1,000 clients a month", "honest mails held",
        "refused", "blocked", "made to wait", "their wait, median",
        "declared servers' mails touched",
        "web connections slowed over 1 s",
    )  # fmt: skip
    return Table(
        "What it costs people", head, [_cost(results, one) for one in results.defences],
        "Honest mails: those that clients send by themselves, in % of them.  *Held* waits in the "
        "bay until somebody releases it; *refused* is tried again by its sender's queue; *blocked* "
        "is lost when the queue gives up.  Web: one day of 60 clients.",
    )  # fmt: skip


def _cost(results: Results, one: Defence) -> tuple[str, ...]:
    def share(fate: str) -> Callable[[Measured], float]:
        return lambda run: 100 * run.honest_touched.get(fate, 0) / _honest(run)

    waits = [wait for run in results.runs if run.defence == one.name for wait in run.honest_waits]
    servers = sum(run.server_touched for run in results.runs if run.defence == one.name)
    gives_verdicts = one.policies or one.name == _NOTHING
    return (
        one.name, one.summary,
        _text(results.false(one.judge)) if gives_verdicts else "",
        *(_text(results.mean(one.name, None, share(fate))) for fate in _TOUCHED),
        _text(results.mean(one.name, None, lambda run: 100 * len(run.honest_waits) / _honest(run))),
        f"{median(waits):.1f} s" if waits else "", str(servers),
        _text(results.mean(one.name, None, lambda run: 100 * run.pages_slow)) if one.edge else "",
    )  # fmt: skip


def _spread(results: Results) -> Table:
    def after(place: int) -> Callable[[Measured], float]:
        return lambda run: run.infected[place]

    rows = [
        (
            one.name,
            *(
                " / ".join(
                    _text(results.mean(one.name, worm, after(n)), bare=True) for n in range(3)
                )
                for worm in results.worms
            ),
        )
        for one in results.defences
    ]
    return Table(
        "Hosts infected after 1 h, after 24 h, and at the end", ("defence", *results.worms), rows,
        "Counted from the first infection; means over seeds.",
    )  # fmt: skip


def _verdicts(results: Results) -> Table:
    judges = {one.judge: one.name for one in reversed(results.defences) if one.policies}
    if any(one.name == _NOTHING for one in results.defences):
        judges[DNSWATCH] = _NOTHING
    rows = []
    for judge, name in judges.items():
        cells = [_verdict(results, name, worm) for worm in results.worms]
        rows.append((judge, *cells))
    return Table(
        "Mail domains and time until the verdict, and share of infected hosts that get one",
        ("who judges", *results.worms), sorted(rows, key=lambda row: row[0] != DNSWATCH),
        "Domains tried and time since the infection, medians of a run, means over seeds.",
    )  # fmt: skip


def _verdict(results: Results, name: str, worm: str) -> str:
    domains = results.mean(name, worm, lambda run: median(run.domains) if run.found else None)
    seconds = results.mean(name, worm, lambda run: median(run.seconds) if run.found else None)
    found = results.mean(name, worm, lambda run: 100 * run.found / max(1, run.infected[2]))
    if domains is None or seconds is None or found is None:
        return "never"
    return f"{domains.mean:.0f}, {duration(seconds.mean)}, {found.mean:.0f} %"


def duration(seconds: float) -> str:
    """Write a duration in the unit that fits."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _honest(run: Measured) -> int:
    return max(1, run.honest_sent + sum(run.honest_touched.values()))


def _text(found: Interval | None, unit: str = "", *, bare: bool = False) -> str:
    if found is None:
        return ""
    return f"{found.mean:.1f}" if bare else found.text(unit)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
