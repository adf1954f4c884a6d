"""`dnswatch steer`: the port 25 of quarantined clients is led to the holding bay by the router."""

from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.cli.options import Config, Json, State, nothing_found, settings_of
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.serve.steering import Steering

app = typer.Typer(
    name="steer",
    help="Lead port 25 of quarantined clients to the bay.",
    no_args_is_help=True,
)


@app.command("nft")
def nft_(
    once: Annotated[
        bool, typer.Option("--once", help="Tell nftables once, and end; else go on until told so.")
    ] = False,
    lease: Annotated[
        int,
        typer.Option(
            "--lease", min=3, max=3600,
            help="Seconds after which a client is let go where nobody says more; they are renewed"
            " at a third of it.",
        ),
    ] = 60,
    config: Config = None,
    state: State = None,
) -> None:  # fmt: skip
    """Keep nftables' sets of quarantined clients as they are known here.

    Needs root, and the rules of docs/examples/steer.nft.  Whom a policy quarantines only in a dry
    run, declared servers and the bay are never among them; while no server runs nobody is.

    \b
    Examples:
      dnswatch steer nft
      dnswatch steer nft --once --lease 300
    """
    from dnswatch.serve.steering import Steering

    steering = Steering(state_directory(state), settings_of(config), lease)
    if once:
        _tell(steering)
    else:
        _go_on(steering, lease / 3)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the clients whose port 25 nftables leads to the holding bay now.

    Example: dnswatch steer list
    """
    from dnswatch.cli.render import console, print_json, table
    from dnswatch.serve.steering import led

    found = led()
    if json:
        print_json([{"client": client, "left": left} for client, left in found.items()])
    elif not found:
        nothing_found("no client's port 25 is led to the holding bay")
    else:
        heads = ("client", "for at most")
        shown = table(*heads, words=heads)
        for client, left in found.items():
            shown.add_row(client, f"{left} s")
        console().print(shown)


@app.command("clear")
def clear_() -> None:
    """Let all clients go, now; a running `steer nft` puts them back.

    Example: dnswatch steer clear
    """
    from dnswatch.serve.steering import clear

    clear()
    typer.echo("no client's port 25 is led to the holding bay any more")


def _tell(steering: "Steering") -> int:
    clients, hidden = steering.clients()
    steering.tell(clients)
    if hidden:
        typer.echo(
            f"dnswatch: {hidden} quarantined clients stand under pseudonyms, which have no"
            " address: their port 25 is not led anywhere",
            err=True,
        )
    return len(clients)


def _go_on(steering: "Steering", pause: float) -> None:
    """Tell until told to stop, and then let all go."""
    import signal
    import threading

    from dnswatch.errors import SteerError, StoreError
    from dnswatch.serve.steering import clear

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    told = ""
    while True:
        try:
            now = f"{_tell(steering)} led to the bay"
        except (SteerError, StoreError) as error:
            if not told:
                raise  # it has never worked: somebody must mend it
            now = f"not told: {error}"
        if now != told:
            typer.echo(f"dnswatch: {now}", err=True)
            told = now
        if stop.wait(pause):
            break
    clear()
