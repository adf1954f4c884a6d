"""`dnswatch study`: the paper's analysis of a trace."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from dnswatch.cli.options import Config, Json, settings_of
from dnswatch.lab.commands.studies.options import (
    Begin,
    End,
    Groups,
    Memory,
    Out,
    Outbreak,
    Per,
    Site,
    Spark,
    Viewed,
    What,
    Width,
    Window,
    WormSize,
    Zone,
)

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from dnswatch.lab.study.engine import Engine
    from dnswatch.lab.study.measured import Trace
    from dnswatch.lab.study.paper.findings import Finding

_STYLES: Final = {"YES": "green", "NO": "red", "UNTOLD": "dim"}


def study(
    what: What,
    out: Out = Path("report"),
    groups: Groups = None,
    site: Site = None,
    outbreak: Outbreak = None,
    worm_size: WormSize = None,
    begin: Begin = None,
    end: End = None,
    width: Width = "1d",
    zone: Zone = None,
    window: Window = "60s",
    view: Viewed = "edge",
    per: Per = "active",
    spark: Spark = None,
    memory: Memory = "4GB",
    json: Json = False,
    config: Config = None,
) -> None:
    """Analyse traces as the paper did, and hold them against it.

    Writes index.html, which holds all of it, and each figure as PNG, SVG and CSV.

    \b
    Examples:
      dnswatch study trace --out report
      dnswatch study sobig=august mydoom=january --groups groups.toml --zone America/New_York
      dnswatch study monday.pcap.gz tuesday.pcap.gz --site 192.0.2.0/24 --bin 1h
    """  # fmt: skip
    from dnswatch.lab.commands.studies.asked import Asked
    from dnswatch.lab.commands.studies.places import places
    from dnswatch.lab.study.analysis import analyse
    from dnswatch.lab.study.paper.findings import findings
    from dnswatch.lab.study.report import pages

    asked = Asked(
        settings_of(config), groups, site or (), begin, end, width, zone, window, view, per
    )
    with ExitStack() as stack:
        found = stack.enter_context(places(what, is_remote=spark is not None))
        questions = asked.questions(found, outbreak or (), worm_size or ())
        engine = stack.enter_context(_engine(spark, memory))
        traces = [analyse(engine, question) for question in questions]
    judged = findings(traces)
    pages.write(out, traces, judged)
    if json:
        from dnswatch.cli.render import print_json
        from dnswatch.lab.study.report.tables import as_json

        print_json(as_json(traces, judged))
    else:
        _show(traces, judged)
        typer.echo(f"written: {out / pages.PAGE}", err=True)


@contextmanager
def _engine(spark: str | None, memory: str) -> "Iterator[Engine]":
    from dnswatch.lab.study import engine
    from dnswatch.settings import Size

    try:
        limit = Size.parse(memory)
    except ValueError as error:
        raise typer.BadParameter(f"'{memory}': {error}", param_hint="--memory") from None
    with engine.spark(spark) if spark else engine.duckdb(f"{limit // 10**6}MB") as found:
        yield found


def _show(traces: "Sequence[Trace]", judged: "Sequence[Finding]") -> None:
    from dnswatch.cli import render

    screen = render.console()
    for trace in traces:
        screen.print(render.plain(trace.name, "bold"), *_about(trace), sep="\n  ")
        screen.print()
        screen.print(_table([one for one in judged if one.trace == trace.name]))
    if len(traces) > 1:
        screen.print(_table([one for one in judged if one.assertion == "A17"]))
    for why in sorted({f"{one.trace}: {one.why}" for one in judged if one.why}):
        screen.print(render.plain(f"cannot be told of {why}", "dim"))


def _table(judged: "Sequence[Finding]") -> "Table":
    from dnswatch.cli import render

    words = ("", "statement", "verdict")
    table = render.table("", "statement", "paper", "here", "verdict", words=words)
    table.columns[-1].no_wrap = True
    for one in judged:
        verdict = render.plain(one.holds.value, _STYLES[one.holds.name])
        table.add_row(one.assertion, one.statement, one.paper, one.ours or "-", verdict)
    return table


def _about(trace: "Trace") -> "Iterator[Text]":
    """Tell what a trace is, and who is in which group."""
    from dnswatch.cli import render
    from dnswatch.lab.study.hosts import Group

    bins = trace.daily.bins
    begin, end = f"{bins.local(0):%Y-%m-%d}", f"{bins.local(len(bins) - 1):%Y-%m-%d}"
    onset = trace.onset
    outbreak = f"outbreak from day {onset.day} on ({onset.source})" if onset else "no outbreak"
    yield render.plain(f"{len(bins)} days, {begin} to {end} ({bins.zone.key}); {outbreak}")
    groups = ", ".join(f"{len(trace.census.of(group)):,} {group.value}" for group in Group)
    yield render.plain(f"hosts: {groups}; from {trace.census.source}")
    for remark in trace.remarks:
        yield render.plain(remark, "yellow")
