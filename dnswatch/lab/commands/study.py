"""`dnswatch study`: its options, and the paper's analysis of a trace."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from dnswatch.cli.options import Config, Json, settings_of

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from dnswatch.lab.study.engine import Engine
    from dnswatch.lab.study.findings import PaperFinding
    from dnswatch.lab.study.measured import MeasuredTrace


What = Annotated[
    list[str],
    typer.Argument(
        metavar="[NAME=]DIR|FILE...",
        help="Data sets, each a trace of its own; or captures, which make one trace together."
        " Traces named sobig and mydoom are compared with the paper's outbreaks.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Write the report there.")]
Groups = Annotated[
    Path | None,
    typer.Option(
        "--groups", metavar="FILE", help="Who is infected, a mail server, ...: TOML or CSV."
    ),
]
Site = Annotated[
    list[str] | None,
    typer.Option(
        "--site",
        metavar="NETWORK",
        help="A network of the site; may be given several times.  [default: access.networks of the"
        " configuration]",
    ),
]
Outbreak = Annotated[
    list[str] | None,
    typer.Option(
        "--outbreak", metavar="[NAME=]DATE", help="First day of the outbreak.  [default: found]"
    ),
]
WormSize = Annotated[
    list[str] | None,
    typer.Option(
        "--worm-size",
        metavar="[NAME=]SIZE",
        help='Payload of the worm\'s mails, like "100kB": the heuristic looks at it.',
    ),
]
Begin = Annotated[
    str | None, typer.Option("--begin", metavar="DATE", help="Leave out what was before.")
]
End = Annotated[
    str | None, typer.Option("--end", metavar="DATE", help="Leave out what was from then on.")
]
Width = Annotated[
    str,
    typer.Option("--bin", metavar="TIME", help='What the figures count by: "1d", "1h", "15m".'),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="ZONE", help='Zone of days: "Europe/Berlin".  [default: local time]'
    ),
]
Window = Annotated[
    str,
    typer.Option(
        "--window", metavar="TIME", help="How long an address is freshly translated, at most."
    ),
]
Viewed = Annotated[
    Literal["edge", "client"],
    typer.Option(
        "--view", help="Count the answers that upstreams gave, or those that clients received."
    ),
]
Per = Annotated[
    Literal["active", "member"],
    typer.Option("--per", help="Average over a group's active hosts, or over all of them."),
]
Spark = Annotated[
    str | None,
    typer.Option(
        "--spark",
        metavar="URL",
        help='Compute there: "spark://host:7077", "sc://host", "local[4]".  [default: here, with'
        " DuckDB]",
    ),
]
Memory = Annotated[
    str, typer.Option("--memory", metavar="SIZE", help="Memory that DuckDB takes at most.")
]


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
    """
    from dnswatch.lab.commands.asked import Asked, places
    from dnswatch.lab.study import report
    from dnswatch.lab.study.analysis import analyse
    from dnswatch.lab.study.findings import findings

    asked = Asked(
        settings_of(config), groups, site or (), begin, end, width, zone, window, view, per
    )
    with ExitStack() as stack:
        found = stack.enter_context(places(what, is_remote=spark is not None))
        questions = asked.questions(found, outbreak or (), worm_size or ())
        engine = stack.enter_context(_engine(spark, memory))
        traces = [analyse(engine, question) for question in questions]
    judged = findings(traces)
    report.write(out, traces, judged)
    if json:
        from dnswatch.cli.render import print_json
        from dnswatch.lab.study.report import as_json

        print_json(as_json(traces, judged))
    else:
        _show(traces, judged)
        typer.echo(f"written: {out / report.PAGE}", err=True)


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


def _show(traces: "Sequence[MeasuredTrace]", judged: "Sequence[PaperFinding]") -> None:
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


def _table(judged: "Sequence[PaperFinding]") -> "Table":
    from dnswatch.cli import render

    words = ("", "statement", "verdict")
    table = render.table("", "statement", "paper", "here", "verdict", words=words)
    table.columns[-1].no_wrap = True
    for one in judged:
        verdict = render.plain(one.holds.value, _STYLES[one.holds.name])
        table.add_row(one.assertion, one.statement, one.paper, one.ours or "-", verdict)
    return table


def _about(trace: "MeasuredTrace") -> "Iterator[Text]":
    """Tell what a trace is, and who is in which group."""
    from dnswatch.cli import render
    from dnswatch.lab.study.hosts import HostGroup

    bins = trace.daily.bins
    begin, end = f"{bins.local(0):%Y-%m-%d}", f"{bins.local(len(bins) - 1):%Y-%m-%d}"
    onset = trace.onset
    outbreak = "no outbreak"
    if onset:
        first = bins.local(onset.day)
        outbreak = f"outbreak from {first:%a %d %b %Y} on ({onset.source})"
    yield render.plain(f"{len(bins)} days, {begin} to {end} ({bins.zone.key}); {outbreak}")
    groups = ", ".join(f"{len(trace.census.of(group)):,} {group.value}" for group in HostGroup)
    yield render.plain(f"hosts: {groups}; from {trace.census.source}")
    for remark in trace.remarks:
        yield render.plain(remark, "yellow")
