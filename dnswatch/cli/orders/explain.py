"""`dnswatch explain`: why a client has its verdict, so that a person can reckon it again."""

from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.cli import completion
from dnswatch.cli.options import Config, Json, State, choice, nothing_found, settings_of
from dnswatch.cli.orders.context import acting
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from dnswatch.model.detection.detector import Detector


def explain(
    client: Annotated[
        str,
        typer.Option(
            "--client",
            metavar="WHO",
            help="The client: its address or name.",
            autocompletion=completion.clients,
        ),
    ],
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Show at most this many last lookups.")
    ] = 20,
    steps: Annotated[
        bool, typer.Option("--steps", help="Every step with its numbers, to reckon it again.")
    ] = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Explain the verdict on a client.

    The verdict, the three heaviest facts, what would clear it, and the last lookups themselves;
    `--steps` adds every step with its numbers, so that a person with a calculator arrives at it.

    Works while the server runs and after it has stopped; the last seconds may be missing.

    Example: dnswatch explain --client 192.0.2.7
    """
    from dnswatch.cli import account, render
    from dnswatch.office.detector import detector_of
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store, clients, reports

    directory, settings = state_directory(state), settings_of(config)
    whom = Whom(directory, settings)
    choose = choice(whom, client)
    with Store.read(directory) as store, store.snapshot() as db:
        found = reports.portrait(db, 0.0, whom.role_of, choose, limit)
        detector = detector_of(db, settings, whom)
        machines = clients.machines(db)
        done = acting(db, settings)
    if found is None or not found.accounts:
        nothing_found(f"no client '{client}' is on record", empty="null" if json else "")
    keys = [key for one in found.accounts for key in one.machine.keys]
    now, is_short = present(directory), not (steps or json)
    told = {
        key: _told(detector, machines.key(key), done.get(key), now, is_short=is_short)
        for key in keys
    }
    if json:
        render.print_json({"clients": told, "lookups": account.last_json(found)})
        return
    _print(told)
    if found.last:
        account.print_last(found)


def _print(told: dict[str, list[str]]) -> None:
    """Print what is told of each client, once for all addresses of a machine."""
    from rich.padding import Padding

    from dnswatch.cli import render

    console = render.console()
    alike: dict[tuple[str, ...], list[str]] = {}
    for key, lines in told.items():
        alike.setdefault(tuple(lines), []).append(key)
    for text, keys in alike.items():
        console.print(render.plain(", ".join(keys), "bold"))
        for line in text:
            console.print(Padding(render.plain(line), (0, 0, 0, 2)))


def _told(
    detector: "Detector | None", key: str, done: str | None, now: float, *, is_short: bool
) -> list[str]:
    acts = [f"policies: {done}"] if done else []
    if detector is None:
        return ["no evidence is stored yet: it is written a second after the first lookups", *acts]
    first, *lines = detector.explain(key.encode(), now, is_short=is_short)
    return [first, *acts, *lines]
