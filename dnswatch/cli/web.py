"""`dnswatch web`: who may use the web console: links, accounts, and tokens of programs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch import clock
from dnswatch.cli.options import Config, Json, State, nothing_found, settings_of
from dnswatch.cli.orders.context import actor
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.web.register import Grant, Rank, Register

app = typer.Typer(
    name="web",
    help="Say who may use the web console.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
user = typer.Typer(name="user", help="Accounts of persons.", no_args_is_help=True)
token = typer.Typer(name="token", help="Bearer tokens of programs.", no_args_is_help=True)
app.add_typer(user)
app.add_typer(token)

RoleOption = Annotated[
    str,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="view (all but held mail), mail (that too), or admin (every order).",
    ),
]
Named = Annotated[str, typer.Argument(metavar="NAME", help="Its name, as the log tells it.")]


@app.command()
def link(role: RoleOption = "admin", config: Config = None, state: State = None) -> None:
    """Make a link that logs its bearer in once, without a password.

    It is good for a quarter of an hour.

    Example: dnswatch web link
    """
    from dnswatch.web.places import base_url

    with _register(state) as register:
        secret = register.make_link(actor(), _rank(role), clock.now())
    typer.echo(f"{base_url(settings_of(config))}/link/{secret}")


@user.command("add")
def add_user(
    name: Named,
    role: RoleOption = "view",
    state: State = None,
) -> None:
    """Make an account, or give one another role and password.

    The password is asked for, or read from stdin where that is no terminal.

    Example: dnswatch web user add alice --role admin
    """
    rank = _rank(role)
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline(2000).rstrip("\n")
    with _register(state) as register:
        register.add_user(name, rank, password, clock.now())
    typer.echo(f"{name} may log in now, with the role {rank}")


@user.command("codes")
def user_codes(
    name: Named,
    off: Annotated[bool, typer.Option("--off", help="Ask for none any more.")] = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Ask an account for one-time codes (TOTP) as well.

    As RFC 6238 has them: SHA-1, 30 s, six digits.  Prints what an authenticator app needs, and asks
    for the first code that it shows: without that nothing changes.

    \b
    Examples:
      dnswatch web user codes alice
      dnswatch web user codes alice --off
    """
    import secrets

    from dnswatch.errors import ConsoleError
    from dnswatch.web import totp

    with _register(state) as register:
        if off:
            register.set_secret(name, None)
            typer.echo(f"{name} logs in by password alone")
            return
        secret = secrets.token_bytes(totp.SECRET)
        site = str(settings_of(config).quarantine.host)
        typer.echo(f"{totp.text_of(secret)}\n{totp.address_of(secret, name, site)}")
        shown = typer.prompt("Code", err=True) if sys.stdin.isatty() else sys.stdin.readline(100)
        if totp.step_of(secret, shown.replace(" ", "").strip(), clock.now(), 0) is None:
            raise ConsoleError("that is not the code of now: nothing was changed")
        register.set_secret(name, secret)
    typer.echo(f"{name} logs in by password and code")


@token.command("add")
def add_token(name: Named, role: RoleOption = "view", state: State = None) -> None:
    """Make a bearer token for a program.

    It takes the place of an earlier one of that name, and is shown once.

    Example: dnswatch web token add monitoring
    """
    with _register(state) as register:
        secret = register.add_token(name, _rank(role), clock.now())
    typer.echo(secret)


def _twins(group: typer.Typer, noun: str, example: str) -> None:
    """Add the commands that accounts and tokens have alike."""

    @group.command("remove", help=f"Take {noun} away, at once.\n\nExample: {example} remove NAME")
    def remove(name: Named, state: State = None) -> None:
        with _register(state) as register:
            (register.remove_user if group is user else register.remove_token)(name)
        gone = "may log in no more" if group is user else "is of no use any more"
        typer.echo(f"{name} {gone}")

    @group.command("list", help=f"List them.\n\nExample: {example} list")
    def list_all(json: Json = False, state: State = None) -> None:
        with _register(state) as register:
            _list(register.users() if group is user else register.tokens(), json)


_twins(user, "an account", "dnswatch web user")
_twins(token, "a token", "dnswatch web token")


def _register(state: Path | None) -> "Register":
    from dnswatch.web.register import Register

    return Register(state_directory(state))


def _rank(text: str) -> "Rank":
    from dnswatch.web.register import Rank

    if text not in tuple(Rank):
        known = ", ".join(Rank)
        raise typer.BadParameter(f"'{text}': expected one of {known}", param_hint="--role")
    return Rank(text)


def _list(found: "list[Grant]", json: bool) -> None:
    from dnswatch.cli import render

    if json:
        render.print_json(
            [
                {
                    "name": one.name,
                    "role": one.rank,
                    "since": render.iso(one.since),
                    "codes": one.has_codes,
                }
                for one in found
            ]
        )
        return
    if not found:
        nothing_found("there is none yet")
    heads = ("name", "role", "since", "codes")
    table = render.table(*heads, words=heads)
    for one in found:
        since, codes = render.moment(one.since), "asked for" if one.has_codes else "-"
        table.add_row(render.plain(one.name), one.rank, since, codes)
    render.console().print(table)
