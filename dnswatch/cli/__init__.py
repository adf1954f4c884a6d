"""The command line: prints what the rooms below have worked out, and computes nothing.

The file of a command imports only what its signature needs; what it works with is imported when it
runs, so that help and completion are quick.

Exit codes: 0; 1 where nothing was found, or the work failed; 2 where the command line or the
configuration is wrong; 130 after Ctrl-C.  An error is one sentence on stderr.
"""

import os
import sys
from contextlib import suppress
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup

import dnswatch
from dnswatch import compiled
from dnswatch.cli import bay, campus, replay, report, serve, site, status, steer
from dnswatch.cli.orders import clients, explain, log, policy
from dnswatch.cli.studies import study
from dnswatch.errors import DnswatchError, LibraryError, SettingsError

__all__ = ["app", "main"]


class _Sentences(TyperGroup):
    """Commands whose errors are sentences."""

    def _invoke(self, ctx: Any) -> Any:
        """Run a command; raises `LibraryError` where a library that it needs is not installed."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            extra = ctx.invoked_subcommand
            if library == "dnswatch" or extra not in _EXTRAS:
                raise
            raise LibraryError(library, extra) from None

    def invoke(self, ctx: Any) -> Any:
        """Run a command; say what stopped it."""
        from dnswatch.cli.render import harmless

        try:
            return self._invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_words(error)
            raise
        except DnswatchError as error:
            typer.echo(f"dnswatch: {harmless(str(error))}", err=True)
            raise typer.Exit(2 if isinstance(error, SettingsError) else 1) from None


_EXTRAS: Final = ("campus", "replay", "study")
"""Commands with an extra of their name, which brings the libraries that only they need."""

_EXPECTED: Final = {
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "greater_than_equal": "expected at least {ge}",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected at most {le}",
    "less_than": "expected less than {lt}",
}
"""What typer's library of types means when it refuses a value, by its name for that."""


def _in_words(error: typer.BadParameter) -> str:
    """Say what was expected where a library refused a value in its own speech."""
    from dnswatch.cli.render import harmless

    errors = getattr(error.__cause__, "errors", None)
    found = errors()[0] if errors is not None else {}
    expected = _EXPECTED.get(found.get("type", ""))
    if expected is None:
        return harmless(error.message)
    return f"'{found['input']}': {expected.format(**found.get('ctx', {}))}"


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
app.add_typer(steer.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dnswatch {dnswatch.version()} ({compiled.build()})")
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
    try:
        try:
            app(prog_name="dnswatch")
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        _stopped(error)


def _stopped(error: OSError) -> NoReturn:
    """Say that the output cannot be written, or what else the system refused."""
    what = f"'{error.filename}'" if error.filename else "the output cannot be written"
    with suppress(OSError):
        typer.echo(f"dnswatch: {what}: {error.strerror or error}", err=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer goes nowhere
    sys.exit(1)
