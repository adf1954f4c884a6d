"""`dnswatch log`: every change of verdict, mark, policy, overrule and role."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnswatch.cli import completion
from dnswatch.cli.options import Config, Json, Since, State, nothing_found, settings_of
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.store.orders import LogEntry


def log(
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            metavar="WHO",
            help="Only what is about this client.",
            autocompletion=completion.clients,
        ),
    ] = None,
    since: Since = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Print at most this many changes.")
    ] = 50,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Show what changed, when, why and by whom.

    Verdicts, marks, policies, overrules, roles, warnings, mail, decisions on it and faults.

    \b
    Examples:
      dnswatch log --since 24h
      dnswatch log --client 192.0.2.7
    """
    from dnswatch.cli.render import print_json
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store, clients, orders
    from dnswatch.store.summary import machines

    directory = state_directory(state)
    keys = None
    with Store.read(directory) as store, store.snapshot() as db:
        if client is not None:
            whom = Whom(directory, settings_of(config))
            try:
                choose, single = whom.meant(client), whom.key(client)
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint="--client") from None
            chosen = choose(machines(clients.clients(db), whom.role_of))
            keys = [key for machine in chosen for key in machine.keys] + [single or ""]
        found = orders.log(db, since or 0.0, keys, limit)
    if not found:
        nothing_found("nothing changed", since, empty="[]" if json else "")
    if json:
        print_json([_as_json(entry) for entry in found])
    else:
        _print(found)


def _as_json(entry: "LogEntry") -> dict[str, Any]:
    from dnswatch.cli.render import iso

    return {
        "at": iso(entry.at),
        "about": entry.about,
        "client": entry.client,
        "now": entry.text,
        "cause": entry.cause,
        "actor": entry.actor,
    }


def _print(found: "list[LogEntry]") -> None:
    from dnswatch.cli import render

    heads = ("time", "about", "client", "now", "cause", "by")
    table = render.table(*heads, words=heads)
    for entry in found:
        table.add_row(
            f"{render.local(entry.at):%b %d %H:%M:%S}",
            entry.about,
            entry.client or "",
            *(render.plain(text) for text in (entry.text, entry.cause, entry.actor)),
        )
    render.console().print(table)
