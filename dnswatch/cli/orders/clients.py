"""`dnswatch clients`: a person's word on clients: their role, and what stands above a verdict."""

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from dnswatch import clock
from dnswatch.cli import completion
from dnswatch.cli.options import Config, For, Json, State, Why, policies_of, settings_of
from dnswatch.cli.orders import listing
from dnswatch.cli.orders.context import actor, is_serving
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.model.policies.orders import Word
    from dnswatch.settings import Settings

app = typer.Typer(
    name="clients",
    help="Say what clients are, above what is seen of them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("list")(listing.list_)

Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO",
        help="A client's address or name, a network, or a group.",
        autocompletion=completion.clients,
    ),
]


@app.command()
def clear(
    who: Who, why: Why = "", json: Json = False, config: Config = None, state: State = None
) -> None:
    """Say that a client is clean now: its past counts no more.

    Example: dnswatch clients clear 192.0.2.7 --why "reinstalled"
    """
    from dnswatch.model.policies.orders import Word

    _overrule(Word.CLEAR, who, None, why, _Place(config, state, json))


@app.command()
def trust(
    who: Who,
    for_: For = None,
    why: Why = "",
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Say that a client is clean, whatever is seen.

    Example: dnswatch clients trust 192.0.2.7 --for 2h --why "bulk list import"
    """
    from dnswatch.model.policies.orders import Word

    _overrule(Word.TRUST, who, for_, why, _Place(config, state, json))


@app.command()
def distrust(
    who: Who,
    for_: For = None,
    why: Why = "",
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Say that a client is infected, whatever is seen.

    Policies act on it at once.

    Example: dnswatch clients distrust 192.0.2.7 --for 1d --why "seen spreading"
    """
    from dnswatch.model.policies.orders import Word

    _overrule(Word.DISTRUST, who, for_, why, _Place(config, state, json))


@app.command()
def role(
    who: Who,
    role: Annotated[
        str,
        typer.Argument(
            metavar="ROLE",
            help="client, mail-server, resolver or server.",
            autocompletion=completion.roles,
        ),
    ],
    why: Why = "",
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Confirm what a client is for.

    A declared server is only ever observed.

    What the configuration says under [roles] comes first.

    Example: dnswatch clients role 192.0.2.25 mail-server --why "the new gateway"
    """
    from dnswatch.cli.render import print_json
    from dnswatch.model.role import Role
    from dnswatch.office import orders

    if role not in tuple(Role):
        known = ", ".join(Role)
        raise typer.BadParameter(f"'{role}': expected one of {known}", param_hint="ROLE")
    directory, settings = state_directory(state), settings_of(config)
    keys = _keys(directory, settings, who)
    orders.declare(directory, settings, keys, Role(role), why, actor())
    if json:
        print_json({"clients": keys, "role": role, "in_force": is_serving(directory)})
        return
    typer.echo(f"{', '.join(keys)}: {role} from now on{_when(directory)}")


class _Place(NamedTuple):
    """Where an order is given, and how it is told."""

    config: Path | None
    state: Path | None
    json: bool


def _overrule(word: "Word", who: str, span: float | None, why: str, place: _Place) -> None:
    from dnswatch.cli.render import iso, moment, print_json
    from dnswatch.model.policies.orders import Overrule
    from dnswatch.office import orders

    directory, settings = state_directory(place.state), settings_of(place.config)
    now = clock.now()
    keys = _keys(directory, settings, who)
    until = inf if span is None else now + span
    orders.overrule(directory, settings, keys, Overrule(word, now, until, why, actor()))
    if place.json:
        print_json(
            {
                "clients": keys,
                "said": word.value,
                "until": None if until == inf or word == word.CLEAR else iso(until),
                "in_force": is_serving(directory),
            }
        )
        return
    end = "" if until == inf or word == word.CLEAR else f" until {moment(until)}"
    typer.echo(f"{', '.join(keys)}: {_MEANS[word.value]}{end}{_when(directory)}")
    _tell(who, keys, directory, settings)


_MEANS = {
    "clear": "clean now; what was seen before counts no more",
    "trust": "clean, whatever is seen",
    "distrust": "infected, whatever is seen",
}


def _tell(who: str, keys: list[str], directory: Path, settings: "Settings") -> None:
    """Say what policies do to these clients now."""
    from dnswatch.names.hostname import pack
    from dnswatch.office import wording
    from dnswatch.store import Store
    from dnswatch.store.trials import marks_now, shown

    now = clock.now()
    policies, _ = policies_of(settings)
    address = pack(who)
    known = {key: address for key in keys if key.startswith("~") and address}
    with Store.read(directory) as store, store.snapshot() as db:
        marks = marks_now(db, policies.values(), settings, now, clock.offset(now), known)
    names = {client: key for key, client in known.items()}
    found = [(names.get(mark.client) or shown(mark.client), mark) for mark in marks]
    theirs = [(key, mark) for key, mark in found if key in keys]
    for key, mark in theirs:
        by = f" (policy {mark.policy})" if mark.policy != mark.action else ""
        typer.echo(f"  {key}: {wording.marked(mark)}{by}")
    if any(key.startswith("~") for key in keys):
        typer.echo(f"  {_WHEN_SEEN}")
    elif not theirs:
        typer.echo("  no policy acts on that")


_WHEN_SEEN = "policies act on a client with a pseudonym within a second of its next lookup"


def _keys(directory: Path, settings: "Settings", who: str) -> list[str]:
    from dnswatch.office.orders import keys_meant

    try:
        return keys_meant(directory, settings, who)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="WHO") from None


def _when(directory: Path) -> str:
    return "" if is_serving(directory) else ", from the next start on: no server is running"
