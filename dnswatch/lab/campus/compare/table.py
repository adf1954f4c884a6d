"""Tables: what all runs say, in rows; each cell a mean over seeds with its interval."""

from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from dnswatch.lab.campus.compare.judges import DNSWATCH, NOTHING, Defence
from dnswatch.lab.campus.compare.measure import CLIENTS, RunMeasures
from dnswatch.lab.campus.compare.results import Interval, Of, Results

_TOUCHED = ("held", "refused", "blocked")


class ResultTable(NamedTuple):
    """One table."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str

    def markdown(self) -> str:
        """Write it for a page of the docs."""
        lines = [f"**{self.title}**", "", _row(self.head), _row(["---"] * len(self.head))]
        return "\n".join([*lines, *map(_row, self.rows), "", self.note, ""])


def tables(results: Results) -> list[ResultTable]:
    """Make all tables."""
    makers = (_escaped, _spread, _verdicts, _price, _waits, _load)
    return [make(results) for make in makers]


def _escaped(results: Results) -> ResultTable:
    return _by_worm(
        results,
        "Worm mail that left the site, in % of what left with nothing against it",
        results.escaped,
        f"Means over {results.seeds} seeds, and where they differ their 95 % intervals (bootstrap "
        "over seeds).  0 is best, 100 is no help; above 100 the outbreak happened to go otherwise.",
    )


def _load(results: Results) -> ResultTable:
    return _by_worm(
        results,
        "Extra DNS load: questions of infected hosts, in % of everybody else's",
        lambda run: 100 * run.worm_lookups / max(1, run.honest_lookups),
        "Questions to the site's resolver over the whole outbreak, those from its cache among them."
        "  What is held or refused is asked once: retries of a stub are not played.",
    )


def _by_worm(results: Results, title: str, of: Of, note: str) -> ResultTable:
    rows = [
        (one.name, *(_text(results.mean(one.name, worm, of)) for worm in results.worms))
        for one in results.defences
    ]
    return ResultTable(title, ("defence", *results.worms), rows, note)


def _spread(results: Results) -> ResultTable:
    def cell(name: str, worm: str) -> str:
        hour, day, end = (
            results.mean(name, worm, lambda run, n=n: run.infected[n])  # type: ignore[misc]
            for n in range(3)
        )
        if hour is None or day is None:
            return ""
        return f"{hour.mean:.1f} / {day.mean:.1f} / {_text(end)}"

    rows = [
        (one.name, *(cell(one.name, worm) for worm in results.worms)) for one in results.defences
    ]
    return ResultTable(
        "Hosts infected after 1 h, after 24 h, and at the end",
        ("defence", *results.worms),
        rows,
        "Counted from the first infection; means over seeds, the last with its interval.",
    )


def _verdicts(results: Results) -> ResultTable:
    judges = {one.judge: one.name for one in reversed(results.defences) if one.policies}
    if any(one.name == NOTHING for one in results.defences):
        judges[DNSWATCH] = NOTHING
    rows = [
        (judge, *(_verdict(results, name, worm) for worm in results.worms))
        for judge, name in judges.items()
    ]
    return ResultTable(
        "Mail domains and time until the verdict, and share of infected hosts that get one",
        ("who judges", *results.worms),
        sorted(rows, key=lambda row: row[0] != DNSWATCH),
        "Domains tried and time since the infection, medians of a run, means over seeds with their "
        "intervals.",
    )


def _verdict(results: Results, name: str, worm: str) -> str:
    domains = results.mean(name, worm, lambda run: median(run.domains) if run.found else None)
    seconds = results.mean(name, worm, lambda run: median(run.seconds) if run.found else None)
    found = results.mean(name, worm, lambda run: 100 * run.found / max(1, run.infected[2]))
    if domains is None or seconds is None or found is None:
        return "never"
    mean, low, high = map(duration, seconds)
    time = mean if low == high else f"{mean} ({low} to {high})"
    return f"{domains.text(0)}; {time}; {found.mean:.0f} %"


def _price(results: Results) -> ResultTable:
    head = (
        "defence",
        "what it is",
        "false verdicts of 1,000 clients a month",
        "clients with one in the honest days",
        "honest mails held",
        "refused",
        "blocked",
        "declared servers' mails touched",
    )
    return ResultTable(
        "What it costs people",
        head,
        [_cost(results, one) for one in results.defences],
        "Clients and mails in %; honest mails are those that clients send by themselves.  *Held* "
        "waits in the bay until somebody releases it; *refused* is tried again by its sender's "
        "queue; *blocked* is lost when the queue gives up.  Where no false verdict was seen, the "
        "interval ends at 3 / (clients x months), as far as none can be told from few.",
    )


def _cost(results: Results, one: Defence) -> tuple[str, ...]:
    def share(fate: str) -> Of:
        return lambda run: 100 * run.honest_touched.get(fate, 0) / _honest(run)

    gives_verdicts = one.policies or one.name == NOTHING
    servers = sum(run.server_touched for run in results.of(one.name))
    mails = sum(run.server_mails for run in results.of(one.name))
    return (
        one.name,
        one.summary,
        _text(results.false(one.judge)) if gives_verdicts else "",
        _text(results.hit(one.judge)) if gives_verdicts else "",
        *(_text(results.mean(one.name, None, share(fate))) for fate in _TOUCHED),
        f"{servers:,} of {mails:,}",
    )


def _waits(results: Results) -> ResultTable:
    head = (
        "defence",
        "honest mails made to wait",
        "half of them at most",
        "95 % at most",
        "longest",
        "web connections slowed over 1 s",
        f"people cut off from the web, of {CLIENTS}",
    )
    return ResultTable(
        "What people wait for",
        head,
        [_waited(results, one) for one in results.defences],
        "Mails and connections in %; mails that were held, refused or blocked stand above.  Web: "
        f"one day of {CLIENTS} clients; policies of dnswatch touch no lookup of the web.",
    )


def _waited(results: Results, one: Defence) -> tuple[str, ...]:
    waits = sorted(wait for run in results.of(one.name) for wait in run.honest_waits)
    shown = [duration(waits[int(part * (len(waits) - 1))]) for part in (0.5, 0.95, 1) if waits]
    web = (lambda run: 100 * run.pages_slow, lambda run: run.hosts_stopped)
    return (
        one.name,
        _text(results.mean(one.name, None, lambda run: 100 * len(run.honest_waits) / _honest(run))),
        *(shown or ("", "", "")),
        *(_text(results.mean(one.name, None, of)) if one.edge else "" for of in web),
    )


def duration(seconds: float) -> str:
    """Write a duration in the unit that fits."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _honest(run: RunMeasures) -> int:
    return max(1, run.honest_sent + sum(run.honest_touched.values()))


def _text(found: Interval | None) -> str:
    return "" if found is None else found.text()


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
