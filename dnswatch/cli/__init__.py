"""The command line: prints what the rooms below have worked out, and computes nothing.

The file of a command imports only what its signature needs; what it works with is imported when it
runs, so that help and completion are quick.

Exit codes: 0; 1 where nothing was found, or the work failed; 2 where the command line or the
configuration is wrong.  An error is one sentence on stderr.
"""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import dnswatch
from dnswatch.cli import bay, campus, replay, report, serve, site, status
from dnswatch.cli.orders import clients, explain, log, policy
from dnswatch.cli.studies import study
from dnswatch.errors import DnswatchError, SettingsError

__all__ = ["app", "main"]


class _Sentences(TyperGroup):
    """Commands whose errors are sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; say what stopped it."""
        try:
            return super().invoke(ctx)
        except DnswatchError as error:
            typer.echo(f"dnswatch: {error}", err=True)
            raise typer.Exit(2 if isinstance(error, SettingsError) else 1) from None


app = typer.Typer(
    name="dnswatch",
    cls=_Sentences,
    help="A site's DNS resolver with a watchdog in it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(serve.check)
app.command()(report.report)
app.command()(site.cache)
app.command()(status.status)
app.command()(replay.replay)
app.command()(study.study)
app.command()(explain.explain)
app.command()(log.log)
app.add_typer(campus.app)
app.add_typer(policy.app)
app.add_typer(clients.app)
app.add_typer(bay.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dnswatch {dnswatch.version()}")
        raise typer.Exit


@app.callback()
def _dnswatch(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A site's DNS resolver with a watchdog in it."""


def main() -> None:
    """Run the command that the command line names."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 sees `?` for bars
    app(prog_name="dnswatch")
