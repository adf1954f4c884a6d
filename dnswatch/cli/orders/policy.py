"""`dnswatch policy`: which policies there are, switched on and off, and tried out."""

from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnswatch import clock
from dnswatch.cli import completion
from dnswatch.cli.options import (
    Config,
    Json,
    Since,
    State,
    choice,
    nothing_found,
    policies_of,
    settings_of,
)
from dnswatch.cli.orders.context import actor, is_serving
from dnswatch.cli.state import state_directory
from dnswatch.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from dnswatch.model.policies.orders import Orders
    from dnswatch.model.policies.policy import Policy
    from dnswatch.settings import Settings
    from dnswatch.store.trials import Trial

app = typer.Typer(
    name="policy",
    help="Show policies, switch them on and off, try them out.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The policy's name.", autocompletion=completion.policies),
]


@app.command("list")
def list_(json: Json = False, config: Config = None, state: State = None) -> None:
    """List the policies in order of precedence.

    Of those that fit a client the first acts.

    Example: dnswatch policy list
    """
    from dnswatch.cli import render
    from dnswatch.office import wording

    policies, wrong = policies_of(settings_of(config))
    said, done = _said(state_directory(state))
    if json:
        found = [_as_json(each, said, done) for each in policies.values()]
        render.print_json(found)
    else:
        table = render.table(
            "policy",
            "",
            "precedence",
            "did in 24 h",
            "summary",
            words=("policy", "", "did in 24 h", "summary"),
        )
        for policy in policies.values():
            mode = wording.mode(policy, said)
            table.add_row(
                render.plain(policy.name, "" if mode == "off" else "bold"),
                mode,
                str(policy.precedence),
                _did(done.get(policy.name, {})),
                render.plain(policy.summary),
            )
        render.console().print(table)
    for error in wrong:
        typer.echo(f"dnswatch: left out: {error}", err=True)


@app.command()
def show(name: Name, json: Json = False, config: Config = None, state: State = None) -> None:
    """Show a policy: for whom it is, what it does, what it may harm.

    Example: dnswatch policy show ladder
    """
    from dnswatch.cli.render import console, plain, print_json
    from dnswatch.model.policies.reading import unfit
    from dnswatch.office import wording

    settings = settings_of(config)
    policy = _policy(settings, name)
    said, done = _said(state_directory(state))
    if json:
        shown = {"sentences": wording.sentences(policy), "unfit": unfit(policy, settings) or None}
        print_json(_as_json(policy, said, done) | shown)
        return
    screen = console()
    screen.print(plain(f"{policy.name}: {policy.summary}", "bold"))
    screen.print(
        f"{wording.mode(policy, said)}, precedence {policy.precedence}, since {policy.since}\n"
    )
    for sentence in wording.sentences(policy):
        screen.print(plain(sentence))
    screen.print(plain(f"lookups: {wording.lookups(policy)}"))
    screen.print(plain(f"false alarms: {' '.join(policy.false_alarms.split())}"))
    for reference in policy.references:
        screen.print(plain(f"see: {reference}"))
    if reason := unfit(policy, settings):
        screen.print(plain(f"not at this site: {reason}", "red"))


@app.command()
def enable(
    name: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only note what it would do.")] = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Switch a policy on; say what will now happen to whom.

    It stays on over restarts.  As a dry run it changes no answer; without --dry-run it then does.

    \b
    Examples:
      dnswatch policy enable delay --dry-run
      dnswatch policy enable delay
    """
    from dnswatch.office import orders

    settings = settings_of(config)
    policy = _policy(settings, name)
    directory = state_directory(state)
    orders.enable(directory, settings, policy, actor(), dry_run=dry_run)
    _tell(directory, settings, policy, json)


@app.command()
def disable(name: Name, json: Json = False, config: Config = None, state: State = None) -> None:
    """Switch a policy off; what it holds back is given at once.

    Example: dnswatch policy disable delay
    """
    from dnswatch.office import orders

    directory, settings = state_directory(state), settings_of(config)
    was_on = orders.disable(directory, settings, name, actor())
    empty = _order_json(directory, name, is_on=False) if json else ""
    if not was_on:
        _policy(settings, name)
        nothing_found(f"policy '{name}' is off already", empty=empty)
    if json:
        typer.echo(empty)
        return
    typer.echo(f"{name} is off, {_when(directory)}; answers go out as they would without it")


@app.command("test")
def try_(
    name: Name,
    client: Annotated[
        str,
        typer.Option(
            "--client",
            metavar="WHO",
            help="A client, a network or a group.",
            autocompletion=completion.clients,
        ),
    ],
    since: Since = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Print at most this many lookups.")
    ] = 20,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Show what a policy would have done to a client's lookups.

    It looks at the stored ones; nothing is changed.

    Its strongest step is tried, as if the client were infected.

    Example: dnswatch policy test delay --client 192.0.2.7 --since 24h
    """
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store, clients
    from dnswatch.store.summary import machines
    from dnswatch.store.trials import try_out

    settings = settings_of(config)
    policy = _policy(settings, name)
    directory = state_directory(state)
    whom = Whom(directory, settings)
    choose = choice(whom, client)
    with Store.read(directory) as store, store.snapshot() as db:
        chosen = choose(machines(clients.clients(db), whom.role_of))
        ids = [number for machine in chosen for number in machine.ids]
        trial = try_out(db, policy, settings, ids, since or 0.0)
    if not trial.outcomes and not json:
        nothing_found(f"no mail-related lookup of '{client}' was recorded", since)
    _show_trial(policy, trial, limit, json)


def _show_trial(policy: "Policy", trial: "Trial", limit: int, json: bool) -> None:
    from dnswatch.cli import render
    from dnswatch.codes import type_name

    if json:
        render.print_json({"policy": policy.name, "sums": dict(trial.sums)})
        return
    sums = ", ".join(f"{count} {sort}" for sort, count in trial.sums.most_common())
    total = len(trial.outcomes)
    render.console().print(f"of {total} mail-related lookups: {sums}\n")
    heads = ("time", "client", "question", policy.name)
    table = render.table(*heads, words=heads)
    for lookup, outcome in trial.outcomes[:limit]:
        table.add_row(
            f"{render.local(lookup.at):%b %d %H:%M:%S}",
            lookup.key,
            render.plain(f"{lookup.qname} {type_name(lookup.qtype)}"),
            outcome,
        )
    render.console().print(table)
    if total > limit:
        render.console().print(f"and {total - limit} more")


def _order_json(directory: Path, name: str, *, is_on: bool, clients: Sequence[str] = ()) -> str:
    """Write an order for programs: what is on now, whether a server hears it, whom it is for."""
    told = {"policy": name, "enabled": is_on, "in_force": is_serving(directory)}
    return dumps(told | ({"clients": list(clients)} if is_on else {}), indent=2)


def _tell(directory: Path, settings: "Settings", policy: "Policy", json: bool) -> None:
    """Say what will happen to whom."""
    from dnswatch.cli.render import harmless
    from dnswatch.model.policies.marking import tried_out
    from dnswatch.office import wording
    from dnswatch.store import Store, orders
    from dnswatch.store.trials import marks_now, shown

    now = clock.now()
    policies, _ = policies_of(settings)
    with Store.read(directory) as store, store.snapshot() as db:
        marks = marks_now(db, policies.values(), settings, now, clock.offset(now))
        said = orders.read(db, now)
    theirs = [shown(mark.client) for mark in marks if mark.policy == policy.name]
    if json:
        typer.echo(_order_json(directory, policy.name, is_on=True, clients=theirs))
        return
    mode = wording.mode(policy, said)
    typer.echo(f"{policy.name} is on{' as a dry run' * (mode != 'on')}, {_when(directory)}")
    for sentence in wording.sentences(tried_out(policy, said)):
        typer.echo(f"  {sentence}")
    others = [f"{shown(mark.client)} ({mark.policy})" for mark in marks]
    others = [] if theirs else others
    if not settings.policies.act:
        typer.echo("now: nobody, since policies.act is false in the configuration")
    elif theirs:
        typer.echo(f"now: {_few(theirs)}")
    elif others:
        typer.echo(f"now: nobody; other policies come first for {harmless(_few(others))}")
    else:
        typer.echo("now: nobody, as far as is known")
    if settings.privacy.pseudonyms:
        typer.echo("clients with a pseudonym: within a second of their next lookup")


def _few(words: list[str]) -> str:
    more = f" and {len(words) - 10} more" if len(words) > 10 else ""
    return ", ".join(words[:10]) + more


def _when(directory: Path) -> str:
    if is_serving(directory):
        return "in force within a second"
    return "from the next start on: no server is running"


def _policy(settings: "Settings", name: str) -> "Policy":
    """Find a policy by its name; say what is wrong with it, or which one was meant."""
    from difflib import get_close_matches

    policies, wrong = policies_of(settings)
    if name in policies:
        return policies[name]
    for error in wrong:
        if f"{name}.toml" in str(error):
            raise error
    near = get_close_matches(name, policies, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ": `dnswatch policy list` shows them"
    raise SettingsError(f"there is no policy '{name}'{hint}")


def _said(directory: Path) -> "tuple[Orders, dict[str, dict[str, int]]]":
    """Read which policies are on, and what they did in a day; nothing where nothing is kept yet."""
    from dnswatch.model.policies.orders import Orders
    from dnswatch.store import Store, orders

    now = clock.now()
    try:
        with Store.read(directory) as store, store.snapshot() as db:
            return orders.read(db, now), orders.done(db, now - 86400)
    except StoreError:
        return Orders(), {}


def _did(done: dict[str, int]) -> str:
    return ", ".join(f"{count} {decided}" for decided, count in sorted(done.items())) or "-"


def _as_json(policy: "Policy", said: "Orders", done: dict[str, dict[str, int]]) -> dict[str, Any]:
    return {
        "name": policy.name,
        "enabled": policy.name in said.enabled,
        "dry_run": policy.dry_run or policy.name in said.dry_runs,
        "precedence": policy.precedence,
        "summary": policy.summary,
        "done": done.get(policy.name, {}),
    }
