"""`dnswatch campus compare`: every defence on the same days."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.lab.commands import completion

if TYPE_CHECKING:
    from dnswatch.lab.campus.compare.judges import Defence
    from dnswatch.lab.campus.compare.results import Results
    from dnswatch.lab.campus.compare.runs import ComparisonTask
    from dnswatch.lab.campus.compare.seeds import SeedRunner

Seeds = Annotated[
    int, typer.Option("--seeds", metavar="N", min=1, help="Campuses, each with a seed of its own.")
]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Where results and report are kept; goes on there."),
]
Days = Annotated[
    float, typer.Option("--days", metavar="N", min=0.1, help="How long each outbreak lasts.")
]
Past = Annotated[
    float,
    typer.Option("--past", metavar="N", min=1, help="Honest days judged before the outbreak."),
]
Worms = Annotated[
    str, typer.Option("--worms", metavar="A,B", help="Worms to compare with.  [default: all]")
]
DefencesOption = Annotated[
    str, typer.Option("--defences", metavar="A,B", help="Defences to compare.  [default: all]")
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Seeds at a time.")]
Scenario = Annotated[
    str,
    typer.Option(
        "--scenario",
        metavar="NAME",
        help="The plan of the campus.",
        autocompletion=completion.scenarios,
    ),
]
Page = Annotated[
    Path | None,
    typer.Option("--page", metavar="FILE", help="Publish the tables in this page, too."),
]


def compare(
    seeds: Seeds = 20,
    out: Out = Path("report"),
    days: Days = 7.0,
    past: Past = 14.0,
    worms: Worms = "",
    defences: DefencesOption = "",
    jobs: Jobs = 2,
    scenario: Scenario = "compare",
    page: Page = None,
) -> None:
    """Run all defences against all worms on the same days; report.

    What is finished is kept: Ctrl-C makes the report of that, and the same command goes on.

    Example: dnswatch campus compare --seeds 20 --out report/
    """
    from dnswatch.lab.campus.compare import report
    from dnswatch.lab.campus.compare.seeds import SeedRunner
    from dnswatch.lab.campus.compare.table import tables

    chosen, task = _task(worms, defences, scenario, past, days)
    runner = SeedRunner(task, range(1, seeds + 1), out)
    _run(runner, jobs)
    results = _results(runner, chosen)
    command = f"dnswatch {shlex.join(sys.argv[1:])}"
    file = out / "index.html"
    file.write_text(report.page(results, command), encoding="utf-8")
    if page is not None:
        report.publish(page, results, command)
    typer.echo(tables(results)[0].markdown())
    typer.echo(f"{len(results.runs)} of {runner.total} runs; the report: {file}")


def _task(
    worms: str, defences: str, scenario: str, past: float, days: float
) -> "tuple[list[Defence], ComparisonTask]":
    from dnswatch.lab.campus.compare.judges import DEFENCES, defence
    from dnswatch.lab.campus.compare.runs import ComparisonTask, WormCase
    from dnswatch.lab.campus.scenarios import load
    from dnswatch.lab.campus.worms import shipped
    from dnswatch.serve.policies import texts

    chosen = [defence(name) for name in _listed(defences)] or list(DEFENCES)
    names = [name for name in _listed(worms) if shipped.load(name)] or shipped.names()
    cases = tuple(WormCase(name, one.name) for name in names for one in chosen)
    return chosen, ComparisonTask(load(scenario), texts(""), cases, past, days)


def _run(runner: "SeedRunner", jobs: int) -> None:
    from dnswatch.lab.commands.campus.progress import progress

    with progress("runs", runner.total) as tell:
        try:
            runner.run(jobs, tell)
        except KeyboardInterrupt:
            typer.echo(
                f"dnswatch: stopped after {runner.finished()} of {runner.total} runs; the same"
                " command goes on from there",
                err=True,
            )


def _results(runner: "SeedRunner", chosen: "list[Defence]") -> "Results":
    """Read what is finished; ends the command where nothing is."""
    from dnswatch.lab.campus.compare.results import Results

    results = Results(runner.lines(), chosen)
    if not results.runs:
        typer.echo("dnswatch: no run is finished, so there is nothing to report", err=True)
        raise typer.Exit(1)
    return results


def _listed(text: str) -> list[str]:
    """Read names separated by commas, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
