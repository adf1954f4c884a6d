"""The command line: prints what the rooms below have worked out, and computes nothing.

A command's file is imported when the command is called, and imports only what its signature needs;
what it works with is imported when it runs, so that help and completion are quick.  The laboratory
(`dnswatch.lab`) is known here by the names of its commands alone.

Exit codes: 0; 1 where nothing was found, or the work failed; 2 where the command line or the
configuration is wrong; 130 after Ctrl-C.  An error is one sentence on stderr.
"""

import os
import sys
from collections import UserDict
from contextlib import suppress
from importlib import import_module
from itertools import chain
from typing import Annotated, Any, Final, NoReturn

import typer
import typer.main
from typer.core import TyperGroup

import dnswatch
from dnswatch import compiled
from dnswatch.cli import shells, values
from dnswatch.cli.shells import Shell
from dnswatch.errors import DnswatchError, LibraryError, SettingsError

__all__ = ["COMMANDS", "app", "main"]

COMMANDS: Final = {
    "Commands": {
        "serve": (
            "cli.serve:serve",
            "Answer the site's clients, and keep account of their lookups.",
        ),
        "check": ("cli.serve:check", "Judge a configuration without starting."),
        "status": (
            "cli.status:status",
            "Show whether dnswatch runs, its upstreams, counters and records.",
        ),
        "top": ("cli.top:top", "Follow the site live in the terminal."),
        "tail": ("cli.tail:tail", "Show lookups as they come, until Ctrl-C."),
        "report": (
            "cli.report:report",
            "Rank the clients by their lookups, or report on one of them.",
        ),
        "explain": ("cli.orders.explain:explain", "Explain the verdict on a client."),
        "trace": ("cli.trace:trace", "Say what a client would get for a name now, and why."),
        "log": ("cli.orders.log:log", "Show what changed, when, why and by whom."),
        "clients": ("cli.orders.clients:app", "Say what clients are, above what is seen of them."),
        "policy": ("cli.orders.policy:app", "Show policies, switch them on and off, try them out."),
        "bay": ("cli.bay:app", "The holding bay: run it, look at its mail, release or discard it."),
        "web": ("cli.web:app", "Say who may use the web console."),
        "events": ("cli.events:app", "Show what sinks are told, and try them out."),
        "steer": ("cli.steer:app", "Lead mail of quarantined clients, and lookups of marked ones."),
        "cache": (
            "cli.site:cache",
            "Show the site cache: the addresses it knows, and what they cost.",
        ),
        "export": (
            "cli.exchange:export",
            "Write orders, roles, policies and what was learned to one file.",
        ),
        "import": ("cli.exchange:import_", "Take in what another dnswatch exported."),
        "replay": (
            "cli.replay:replay",
            "Put recordings through the watch, by the clock of the recording.",
        ),
    },
    "Laboratory": {
        "demo": (
            "lab.commands.demo:demo",
            "Set a simulated worm against a real dnswatch, three times.",
        ),
        "campus": (
            "lab.commands.campus:app",
            "Simulate a campus with planted worms, and compare defences on it.",
        ),
        "study": (
            "lab.commands.study:study",
            "Analyse traces as the paper did, and hold them against it.",
        ),
    },
}
"""Headings of the help, and below each its commands: where each is, and what it says of itself."""


class _Imported(UserDict[str, Any]):
    """The commands by name, each imported when it is first asked for."""

    def __init__(self) -> None:
        listed = (commands.items() for commands in COMMANDS.values())
        super().__init__({name: place for name, (place, _) in chain(*listed)})

    def __getitem__(self, name: str) -> Any:
        if isinstance(place := self.data[name], str):
            module, _, attribute = place.partition(":")
            what = getattr(import_module(f"dnswatch.{module}"), attribute)
            self.data[name] = _command(name, what)
        return self.data[name]


def _command(name: str, what: Any) -> Any:
    """Make a command of a function, or a group of a typer application."""
    if isinstance(what, typer.Typer):
        return typer.main.get_group(what)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(what)
    return typer.main.get_command(alone)


class _Commands(TyperGroup):
    """Commands that are imported when they are called, and whose errors are sentences."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Imported()
        shells.teach()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; a shell to complete for need not be named."""
        try:
            return super().parse_args(ctx, shells.named(args))
        except typer.BadParameter as error:
            error.message = _in_words(error)
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands below their headings; none is imported for that."""
        for heading, listed in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, summary) for name, (_, summary) in listed.items()])

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
        try:
            return self._invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_words(error)
            raise
        except DnswatchError as error:
            from dnswatch.office.text import harmless

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
    from dnswatch.office.text import harmless

    errors = getattr(error.__cause__, "errors", None)
    found = errors()[0] if errors is not None else {}
    expected = _EXPECTED.get(found.get("type", ""))
    if expected is None:
        return harmless(error.message.removeprefix("Value error, "))
    return f"'{found['input']}': {expected.format(**found.get('ctx', {}))}"


values.spare_judging()
app = typer.Typer(
    name="dnswatch",
    cls=_Commands,
    help="A site's DNS resolver with a watchdog in it.",
    add_completion=False,  # typer's own options take no shell's name
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    install_completion: Annotated[
        Shell | None,
        typer.Option(
            metavar="[SHELL]",
            callback=shells.install,
            is_eager=True,
            help=f"Install completion for a shell ({', '.join(Shell)}; by default the one here).",
        ),
    ] = None,
    show_completion: Annotated[
        Shell | None,
        typer.Option(
            metavar="[SHELL]",
            callback=shells.show,
            is_eager=True,
            help="Print it instead, to be put where the shell reads it.",
        ),
    ] = None,
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
