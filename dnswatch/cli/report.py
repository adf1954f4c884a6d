"""`dnswatch report`: what the clients looked up."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.cli import completion
from dnswatch.cli.options import Config, Json, Since, State, choice, nothing_found, settings_of
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from dnswatch.office.whom import Whom
    from dnswatch.settings import Settings
    from dnswatch.store import Store
    from dnswatch.store.reports import Portrait


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the report shall be about, and look like."""

    since: float | None
    limit: int
    style: str
    "`text`, `json` or `csv`."
    plot: Path | None
    now: float
    "What time it is for these records, Unix seconds."

    @property
    def empty(self) -> str:
        """What a program gets where there is nothing to report."""
        return "null" if self.style == "json" else ""


def report(
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            metavar="WHO",
            help="One client: its address or name; or a network (192.0.2.0/24), or a group.",
            autocompletion=completion.clients,
        ),
    ] = None,
    since: Since = None,
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, help="Print at most this many clients, or last lookups."),
    ] = 20,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw it over time: FILE.svg or FILE.png."),
    ] = None,
    config: Config = None,
    state: State = None,
) -> None:
    """Rank the clients by their lookups, or report on one of them.

    Works while the server runs and after it has stopped.  JSON and CSV hold all clients.

    \b
    Examples:
      dnswatch report --since 24h
      dnswatch report --client 192.0.2.7 --since "2026-11-23 14:00"
      dnswatch report --client reception --plot reception.svg
    """
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store

    if json and csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    directory = state_directory(state)
    wish = _Wish(
        since, limit, "json" if json else "csv" if csv else "text", plot, present(directory)
    )
    settings = settings_of(config)
    with Store.read(directory) as store:
        whom = Whom(directory, settings)
        if client is None:
            _rank(store, whom, settings, wish)
        else:
            _portray(store, whom, settings, client, wish)


def _rank(store: "Store", whom: "Whom", settings: "Settings", wish: _Wish) -> None:
    from dnswatch.cli import ranking
    from dnswatch.office.detector import detector_of
    from dnswatch.office.verdicts import verdicts
    from dnswatch.store import reports

    begin = wish.since or 0.0
    with store.snapshot() as db:
        found = reports.ranking(db, begin, whom.role_of)
        whole = reports.portrait(db, begin, whom.role_of, list, 0) if wish.plot else None
        judged = verdicts(db, detector_of(db, settings, whom), whom, wish.now)
    if found is None:
        nothing_found("nothing was recorded", wish.since, empty=wish.empty)
    if whole:
        _draw("All clients", whole, wish)
    ranking.show(found, judged, wish.style, wish.limit, wish.now)


def _portray(store: "Store", whom: "Whom", settings: "Settings", client: str, wish: _Wish) -> None:
    from dnswatch.cli import account
    from dnswatch.office.detector import detector_of, proposals_of
    from dnswatch.office.verdicts import verdicts
    from dnswatch.office.whom import nearest
    from dnswatch.store import clients, reports

    choose = choice(whom, client)
    with store.snapshot() as db:
        found = reports.portrait(db, wish.since or 0.0, whom.role_of, choose, wish.limit)
        known = [] if found else clients.names(db)
        detector = detector_of(db, settings, whom) if found else None
        proposals = proposals_of(db, detector)
        judged = verdicts(db, detector, whom, wish.now)
    if found is None:
        near = nearest(client, known)
        hint = f"; did you mean '{near}'?" if near else ": `dnswatch report` lists those that are"
        nothing_found(f"no client '{client}' is on record{hint}", empty=wish.empty)
    if not found.accounts:
        nothing_found(f"nothing was recorded of '{client}'", wish.since, empty=wish.empty)
    title = whom.shown(client)
    _draw(title, found, wish)
    keys = {key for one in found.accounts for key in one.machine.keys}
    theirs = [one for one in proposals if one.client.decode() in keys]
    account.show(title, found, judged, theirs, wish.style, wish.now)


def _draw(title: str, found: "Portrait", wish: _Wish) -> None:
    from dnswatch.cli.plot import draw

    if wish.plot is not None:
        draw(wish.plot, title, found)
        typer.echo(f"drawn: {wish.plot}", err=True)
