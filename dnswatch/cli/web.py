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


@user.command("remove")
def remove_user(name: Named, state: State = None) -> None:
    """Take an account away; whoever is logged in with it is so no longer.

    Example: dnswatch web user remove alice
    """
    with _register(state) as register:
        register.remove_user(name)
    typer.echo(f"{name} may log in no more")


@user.command("list")
def list_users(json: Json = False, state: State = None) -> None:
    """List the accounts.

    Example: dnswatch web user list
    """
    with _register(state) as register:
        _list(register.users(), json)


@token.command("add")
def add_token(name: Named, role: RoleOption = "view", state: State = None) -> None:
    """Make a bearer token for a program.

    It takes the place of an earlier one of that name, and is shown once.

    Example: dnswatch web token add monitoring
    """
    with _register(state) as register:
        secret = register.add_token(name, _rank(role), clock.now())
    typer.echo(secret)


@token.command("remove")
def remove_token(name: Named, state: State = None) -> None:
    """Take a token away.

    Example: dnswatch web token remove monitoring
    """
    with _register(state) as register:
        register.remove_token(name)
    typer.echo(f"the token {name} is of no use any more")


@token.command("list")
def list_tokens(json: Json = False, state: State = None) -> None:
    """List the tokens.

    Example: dnswatch web token list
    """
    with _register(state) as register:
        _list(register.tokens(), json)


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
            [{"name": one.name, "role": one.rank, "since": render.iso(one.since)} for one in found]
        )
        return
    if not found:
        nothing_found("there is none yet")
    table = render.table("name", "role", "since", words=("name", "role", "since"))
    for one in found:
        table.add_row(render.plain(one.name), one.rank, render.moment(one.since))
    render.console().print(table)
