"""`dnswatch replay`: what was recorded elsewhere goes through the watch."""

import sys
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dnswatch.cli import completion
from dnswatch.cli.options import Config, Json, settings_of

if TYPE_CHECKING:
    from rich.table import Table

    from dnswatch.replay.replaying import Replay
    from dnswatch.replay.summary import Summary
    from dnswatch.settings import Source


_KINDS: Final = 8
"""Kinds of frames that cannot be read that are named."""

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Captures (pcap, pcapng), dnstap files, Zeek's dns, conn and smtp logs, or what"
        " `nfdump -o csv` writes; also as .gz or .zst; - is the standard input.",
    ),
]
Kept = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Keep the records there, in a directory for replays alone; report, explain and the"
        " like read it with the same option.",
    ),
]
DataSetOption = Annotated[
    Path | None,
    typer.Option("--to-parquet", metavar="DIR", help="Write observations and flows as a data set."),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="Tell in `dnswatch log` what this policy would have done; may be given several times.",
        autocompletion=completion.policies,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, metavar="N", help="Read with N processes.  [default: all cores]"
    ),
]


def replay(
    files: Files,
    state: Kept = None,
    to_parquet: DataSetOption = None,
    policy: Policies = None,
    workers: Workers = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Put recordings through the watch, by the clock of the recording.

    Nothing is asked of the network, and policies only tell what they would have done.  The exit
    code is 1 where something in a file was damaged or cut off (the rest of it was read), and where
    nothing in the files could be read; it is 2 where a file is not there.

    \b
    Examples:
      dnswatch replay monday.pcap.gz tuesday.pcap.gz --state week
      dnswatch report --state week
      dnswatch replay edge.pcapng --to-parquet trace
    """
    from dnswatch.sources.crew import Crew, collect_seldom

    collect_seldom()
    from dnswatch.replay.replaying import Replay
    from dnswatch.sources.opening import STDIN
    from dnswatch.sources.stream import Stream

    for name in files:
        if name != STDIN and not Path(name).exists():
            raise typer.BadParameter(f"there is no file '{name}'", param_hint="FILE")
    # Who keeps no records needs none of the settings, which take longer than a small capture.
    source = _source(config, policy or []) if state or policy or config else None
    with ExitStack() as stack:
        stream = Stream(files, stack.enter_context(Crew(workers)))
        folding, data = None, None
        if state and source:
            from dnswatch.replay.folding import Folding

            folding = Folding(state, source, frozenset(policy or []))
            stack.callback(folding.close)
        if to_parquet:
            from dnswatch.sources.dataset import DataSet

            data = stack.enter_context(DataSet(to_parquet))
        run = Replay(stream, folding, data)
        _watch(run, stream.size)
    summary = run.summary
    if json:
        from dnswatch.cli.render import print_json

        print_json(_as_json(summary))
    else:
        _show(summary, kept=bool(state or to_parquet))
    if summary.is_damaged or summary.is_unreadable:
        raise typer.Exit(1)


def _source(config: Path | None, policies: list[str]) -> "Source":
    """Read the site's configuration, and see that the policies that are named exist."""
    from dnswatch.cli.options import policies_of
    from dnswatch.errors import SettingsError
    from dnswatch.serve.loading import read_file
    from dnswatch.serve.policies import texts
    from dnswatch.settings import Source

    settings = settings_of(config)
    known, _ = policies_of(settings)
    for name in policies:
        if name not in known:
            raise SettingsError(f"there is no policy '{name}': `dnswatch policy list` shows them")
    text, where = read_file(config)
    return Source(text, where, None, None, None, policies=texts(settings.policies.directory))


def _watch(run: "Replay", size: int) -> None:
    """Run, with a progress bar on a terminal."""
    if not sys.stderr.isatty():
        for _ in run.run():
            pass
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[frames]:,} frames"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=size or None, frames=0)
        for position in run.run():
            progress.update(task, completed=position, frames=run.summary.census["frames"])


def _as_json(summary: "Summary") -> dict[str, Any]:
    from dnswatch.cli.render import iso
    from dnswatch.model.translations import PURPOSES
    from dnswatch.sources.census import MEASURES

    until = summary.learning_until
    return {
        "begun": None if summary.begun is None else iso(summary.begun),
        "ended": None if summary.ended is None else iso(summary.ended),
        "clients": len(summary.clients),
        **{measure: summary.census[measure] for measure in MEASURES},
        "translations": {
            purpose: {kind: summary.translations[purpose, kind] for kind in ("new", "refresh")}
            for purpose in PURPOSES
        }
        if summary.translations
        else None,
        "unread_kinds": summary.unread,
        "learning_until": None if until is None else iso(until),
        "is_damaged": summary.is_damaged,
        "is_unreadable": summary.is_unreadable,
    }


def _show(summary: "Summary", *, kept: bool) -> None:
    from dnswatch.cli import render
    from dnswatch.sources.census import DAMAGE, MEASURES

    screen = render.console()
    if summary.begun is not None and summary.ended is not None:
        screen.print(
            f"from {render.moment(summary.begun)} to {render.moment(summary.ended)}:"
            f" {render.many(len(summary.clients), 'client')}\n",
            style="bold",
        )
    table = render.table("what was read", "count", words=("what was read",))
    always = ("frames", "queries", "responses", "unanswered", *DAMAGE)
    for measure, words in MEASURES.items():
        count = summary.census[measure]
        if count or measure in always:
            table.add_row(words, f"{count:,}", style="red" if count and measure in DAMAGE else "")
        if measure == "unread":
            for name, many in islice(summary.unread.items(), _KINDS):
                table.add_row(f"  {name}", f"{many:,}")
    screen.print(table)
    if summary.translations:
        screen.print(_translations(summary))
    if summary.learning_until is not None:
        until = render.moment(summary.learning_until)
        screen.print(f"\nnothing is judged yet: learning until {until}")
    if summary.is_unreadable:
        typer.echo(f"nothing of it could be read: {_why(summary)}", err=True)
    elif not kept:
        typer.echo("nothing was kept: add --state DIR or --to-parquet DIR", err=True)
    sys.stdout.flush()


def _why(summary: "Summary") -> str:
    """Say why nothing could be read."""
    from dnswatch.sources.census import MEASURES

    kinds = ", ".join(islice(summary.unread, _KINDS))
    if kinds:
        return f"there is no reader for {kinds} (docs/replay.md says what can be read)"
    measure = max(
        ("untimed", "cut", "lines_odd", "dns_broken", "fragments_lost"),
        key=lambda one: summary.census[one],
    )
    return f"{summary.census[measure]:,} {MEASURES[measure]}"


def _translations(summary: "Summary") -> "Table":
    from dnswatch.cli import render

    names = {
        "all": "all",
        "tcp": "TCP-related",
        "http": "HTTP-related",
        "smtp": "SMTP-related",
        "submission": "submissions",
    }
    table = render.table("translations", "new", "refresh", words=("translations",))
    for purpose, words in names.items():
        counts = (summary.translations[purpose, kind] for kind in ("new", "refresh"))
        table.add_row(words, *(f"{count:,}" for count in counts))
    return table
