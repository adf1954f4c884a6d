"""`dnswatch steer`: mail of quarantined clients to the bay, lookups of marked ones to dnswatch."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.cli.options import Config, Json, State, nothing_found, settings_of
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.serve.steering import Means, Steering

app = typer.Typer(
    name="steer",
    help="Lead mail of quarantined clients, and lookups of marked ones.",
    no_args_is_help=True,
)


Once = Annotated[bool, typer.Option("--once", help="Tell once, and end; else go on until told so.")]
Lease = Annotated[
    int,
    typer.Option(
        "--lease",
        min=3,
        max=3600,
        help="Seconds after which nftables lets a client go where nobody says more; they are"
        " renewed at a third of it.",
    ),
]
Nft = Annotated[
    bool, typer.Option("--nft", help="By nftables, and the rules of docs/examples/steer-dns.nft.")
]
Cdb = Annotated[
    Path | None, typer.Option("--cdb", metavar="FILE", help="By dnsdist, which looks into FILE.")
]
Acl = Annotated[
    str,
    typer.Option(
        "--acl",
        metavar="FORM:FILE",
        help="By a resolver that includes FILE; FORM is bind, knot, coredns or plain.",
    ),
]
Run = Annotated[
    str,
    typer.Option(
        "--run", metavar="COMMAND", help="What has that resolver read FILE anew: 'rndc reconfig'."
    ),
]


@app.command("nft")
def nft_(once: Once = False, lease: Lease = 60, config: Config = None, state: State = None) -> None:
    """Keep nftables' sets of quarantined clients, whose port 25 goes to the bay.

    Needs root, and the rules of docs/examples/steer.nft.  Whom a policy quarantines only in a dry
    run, declared servers and the bay are never among them; while no server runs nobody is.

    \b
    Examples:
      dnswatch steer nft
      dnswatch steer nft --once --lease 300
    """
    from dnswatch.serve.steering import MailSteering

    steering = MailSteering(state_directory(state), settings_of(config), lease)
    _steer(steering, "the bay", lease, once=once)


@app.command("dns")
def dns_(
    nft: Nft = False,
    cdb: Cdb = None,
    acl: Acl = "",
    run: Run = "",
    once: Once = False,
    lease: Lease = 60,
    config: Config = None,
    state: State = None,
) -> None:
    """Have other resolvers, or the router, lead the lookups of marked clients to dnswatch.

    Everybody else never leaves the resolver that the site has.  Whom policies mark only in a dry
    run and declared servers are not led; while no server runs nobody is.  See docs/beside.md.

    \b
    Examples:
      dnswatch steer dns --nft
      dnswatch steer dns --cdb /run/dnswatch/marked.cdb
      dnswatch steer dns --acl bind:/etc/bind/dnswatch.acl --run 'rndc reconfig'
    """
    from dnswatch.cli.options import policies_of
    from dnswatch.errors import SteerError
    from dnswatch.serve.steering import LookupSteering, by_nft

    means = [*([by_nft(lease)] if nft else []), *_by_files(cdb, acl, run)]
    if not means:
        raise SteerError("say how: --nft, --cdb FILE or --acl FORM:FILE")
    settings = settings_of(config)
    policies, _ = policies_of(settings)
    steering = LookupSteering(state_directory(state), settings, policies.values(), means)
    _steer(steering, "dnswatch", lease, once=once)


@app.command("test")
def trial(config: Config = None, state: State = None, json: Json = False) -> None:
    """Say who would be led, and what is there to lead them by; nobody is told.

    Example: dnswatch steer test
    """
    from ipaddress import ip_address

    from dnswatch.cli.options import policies_of
    from dnswatch.cli.render import print_json
    from dnswatch.errors import SteerError
    from dnswatch.model.policies.steering import DNS_TABLE, TABLE
    from dnswatch.serve.steering import LookupSteering, MailSteering, led
    from dnswatch.store.directory import is_held

    directory, settings = state_directory(state), settings_of(config)
    policies, _ = policies_of(settings)
    told: dict[str, object] = {"running": is_held(directory)}
    lookups, _ = LookupSteering(directory, settings, policies.values(), []).clients()
    told["lookups"] = [str(ip_address(client)) for client in lookups]
    try:
        mails, _ = MailSteering(directory, settings, 60).clients()
        told["mail"] = [str(ip_address(client)) for client in mails]
    except SteerError as error:
        told["mail"] = str(error)
    for name, table in (("rules_mail", TABLE), ("rules_lookups", DNS_TABLE)):
        try:
            told[name] = led(table) is not None
        except SteerError as error:
            told[name] = str(error)
    if json:
        print_json(told)
        return
    for name, found in told.items():
        text = ", ".join(found) or "nobody" if isinstance(found, list) else str(found)
        typer.echo(f"{_HEADS[name]}: {text}")


_HEADS = {
    "running": "a server runs on these records",
    "lookups": "lookups led to dnswatch",
    "mail": "port 25 led to the bay",
    "rules_mail": "nftables' rules for port 25 are loaded",
    "rules_lookups": "nftables' rules for port 53 are loaded",
}


@app.command("list")
def list_(json: Json = False) -> None:
    """List the clients that nftables leads away now: port 25 to the bay, port 53 to dnswatch.

    Example: dnswatch steer list
    """
    from dnswatch.cli.render import console, print_json, table
    from dnswatch.errors import RulesMissingError
    from dnswatch.model.policies.steering import DNS_TABLE, TABLE
    from dnswatch.serve.steering import led

    by_table = {"mail": led(TABLE), "lookups": led(DNS_TABLE)}
    if all(found is None for found in by_table.values()):
        raise RulesMissingError(
            "nftables knows no rules of steering; load the rules first, docs/examples/steer.nft or"
            " steer-dns.nft"
        )
    found = [
        (client, what, left)
        for what, clients in by_table.items()
        for client, left in (clients or {}).items()
    ]
    if json:
        print_json([{"client": one, "what": what, "left": left} for one, what, left in found])
    elif not found:
        nothing_found("no client's port 25 is led to the holding bay, and no lookups to dnswatch")
    else:
        heads = ("client", "what", "for at most")
        shown = table(*heads, words=heads)
        for client, what, left in found:
            shown.add_row(client, what, f"{left} s")
        console().print(shown)


@app.command("clear")
def clear_(cdb: Cdb = None, acl: Acl = "", run: Run = "") -> None:
    """Let all clients go, now; a running `steer` puts them back.

    \b
    Examples:
      dnswatch steer clear
      dnswatch steer clear --cdb /run/dnswatch/marked.cdb
    """
    from dnswatch.serve.steering import clear

    means = _by_files(cdb, acl, run)
    for one in means:
        one([])
    if not means:
        clear()
    typer.echo("no client's port 25 is led to the holding bay any more, and no lookups here")


def _by_files(cdb: Path | None, acl: str, run: str) -> "list[Means]":
    """Return how resolvers are told by files; raises `SteerError`."""
    from dnswatch.errors import SteerError
    from dnswatch.seams.steer import FORMS
    from dnswatch.serve.steering import by_acl, by_cdb

    means = [] if cdb is None else [by_cdb(cdb)]
    if acl:
        form, _, file = acl.partition(":")
        if form not in FORMS or not file:
            raise SteerError(f"--acl {acl}: expected FORM:FILE, FORM one of {', '.join(FORMS)}")
        means.append(by_acl(Path(file), form, shlex.split(run)))
    return means


LOOK = 1.0
"""Seconds between two looks at whom to lead."""


def _steer(steering: "Steering", where: str, lease: int, *, once: bool) -> None:
    """Tell once, or until told to stop."""
    if once:
        clients, hidden = steering.clients()
        steering.tell(clients)
        _warn(hidden)
    else:
        _go_on(steering, where, lease / 3)


def _warn(hidden: int) -> None:
    if hidden:
        typer.echo(
            f"dnswatch: {hidden} quarantined clients stand under pseudonyms, which have no"
            " address: their port 25 is not led anywhere",
            err=True,
        )


def _go_on(steering: "Steering", where: str, pause: float) -> None:
    """Tell at each change and each `pause` seconds until told to stop, and then let all go."""
    import signal
    import threading

    from dnswatch import clock
    from dnswatch.errors import SteerError, StoreError

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    said = ""
    led: list[bytes] | None = None
    again_at = 0.0
    while True:
        try:
            clients, hidden = steering.clients()
            if clients != led or clock.elapsed() >= again_at:
                steering.tell(clients)
                led, again_at = clients, clock.elapsed() + pause
            now = f"{len(clients)} led to {where}"
        except (SteerError, StoreError) as error:
            if not said:
                raise  # it has never worked: somebody must mend it
            led, hidden, now = None, 0, f"not told: {error}"
        if now != said:
            _warn(hidden)
            typer.echo(f"dnswatch: {now}", err=True)
            said = now
        if stop.wait(min(LOOK, pause)):
            break
    steering.clear()
