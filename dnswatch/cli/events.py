"""`dnswatch events`: what the teller tells of, as others read it; and whether it arrives."""

import secrets
import time
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from dnswatch import clock
from dnswatch.cli.options import Config, State, nothing_found, settings_of
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.store.events import Noted
    from dnswatch.teller.event import Event

app = typer.Typer(
    name="events",
    help="Show what sinks are told, and try them out.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

LOOK: Final = 0.5
"""Seconds between two looks for changes."""


@app.command()
def tail(
    form: Annotated[
        Literal["json", "eve", "ecs", "ocsf", "cef", "syslog"],
        typer.Option(
            "--form", help="json (as webhooks have it), eve (as files), ecs, ocsf, cef, or syslog."
        ),
    ] = "json",
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, max=500, help="Begin with so many of the last events.")
    ] = 20,
    state: State = None,
) -> None:
    """Print events as sinks are told of them, one a line.

    \b
    Examples:
      dnswatch events tail
      dnswatch events tail --form eve --follow
    """
    from dnswatch.store import Store, events
    from dnswatch.teller.event import of

    with Store.read(state_directory(state)) as store:
        with store.snapshot() as db:
            name, number = events.store_name(db), max(0, events.last(db) - limit)
        is_first = True
        while is_first or follow:
            with store.snapshot() as db:
                found: list[Noted] = events.after(db, number)
            for noted in found:
                typer.echo(_written(of(noted, name), form))
                number = noted.number
            if is_first and not found and not follow:
                nothing_found("nothing changed yet")
            is_first = False
            if follow:
                time.sleep(LOOK)


@app.command("test")
def try_out(config: Config = None) -> None:
    """Send each sink a test event, and say what came of it.

    It is sent by this command, not by the server.  The exit code is 1 where one was not taken.

    Example: dnswatch events test
    """
    from dnswatch.cli.orders.context import actor
    from dnswatch.cli.render import harmless
    from dnswatch.errors import DnswatchError
    from dnswatch.teller.event import trial
    from dnswatch.teller.outlets import open_outlet

    settings = settings_of(config)
    sinks = settings.events
    if not sinks:
        nothing_found("no sink is configured: name one in [[events]]")
    event = trial(secrets.token_hex(8), clock.now(), actor())
    failed = 0
    for sink in sinks:
        try:
            outlet = open_outlet(sink, settings)
            try:
                outlet.send(event)
            finally:
                outlet.close()
        except DnswatchError as error:
            failed += 1
            typer.echo(harmless(f"{sink.to.shown}: not taken: {error}"))
        else:
            typer.echo(harmless(f"{sink.to.shown}: {_TAKEN[sink.to.scheme]}"))
    if failed:
        raise typer.Exit(1)


_TAKEN: Final = {
    "file": "written",
    "syslog:udp": "sent; whether it arrived, UDP does not tell",
    "syslog:tcp": "sent, and its machine has it",
    "syslog:tls": "sent, and its machine has it",
    "command": "run, and it ended well",
    "mailto": "the relay has it",
    "apprise": "taken",
    "https": "taken",
    "http": "taken",
}


def _written(event: "Event", form: str) -> str:
    import socket

    from dnswatch.teller import forms

    if form == "syslog":
        return forms.syslog(event, socket.gethostname()).decode()
    return forms.written(event, form).decode()
