"""The clients in order of what they looked up, as text, JSON or CSV."""

from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dnswatch.cli import render
from dnswatch.model.role import Role
from dnswatch.office.verdicts import Verdicts
from dnswatch.store.reports import Activity, Ranking
from dnswatch.store.summary import Account, Grid

_NUMBERS: Final = (
    ("lookups", "lookup"),
    ("mail", "mail"),
    ("domains", "mail-domains"),
    ("new", "new"),
    ("refr.", "refresh"),
    ("hit", "hit"),
    ("failed", "failures"),
)
"""Heads of the columns, and the measures below them."""


_LIMITED: Final = 5
"""Clients named that asked too fast: those with the most queries beyond their rate."""


def show(found: Ranking, judged: Verdicts, style: str, limit: int, now: float) -> None:
    """Print a ranking in a style: `text` holds the first `limit` clients, `json` and `csv` all."""
    if style == "json":
        render.print_json(as_json(found, judged))
    elif style == "csv":
        _print_csv(found, judged)
    else:
        _print_text(found, judged, limit, now)


def as_json(found: Ranking, judged: Verdicts) -> dict[str, Any]:
    """Write down a ranking for programs."""
    return {
        "interval": axis(found.grid),
        **judged.as_json(),
        "clients": [
            {
                **who(account, judged),
                **_counts(account),
                "over_time": {
                    "lookups": activity.lookups,
                    "mail_related": activity.mail,
                },
            }
            for account, activity in zip(found.accounts, found.activity, strict=True)
        ],
    }


def axis(grid: Grid) -> dict[str, Any]:
    """Write down the intervals of a time axis."""
    return {"begin": render.iso(grid.begin), "seconds": grid.width, "count": grid.count}


def period(grid: Grid, now: float) -> str:
    """Write down from when to when a time axis goes."""
    return f"{render.moment(grid.begin)} to {render.moment(min(now, grid.end))}"


def who(account: Account, judged: Verdicts) -> dict[str, Any]:
    """Write down whose account it is, and what is thought of it."""
    machine = account.machine
    return {
        "name": machine.name,
        "addresses": list(machine.keys),
        "machines": sorted({client.machine for client in machine.clients if client.machine}),
        "role": machine.role.value,
        "verdict": judged.of(machine.keys, machine.role),
        "first_seen": render.iso(machine.first_seen),
        "last_seen": render.iso(machine.last_seen),
    }


def rows(accounts: list[Account], activity: list[Activity], step: int, now: float) -> Table:
    """Lay out accounts as a table that fits into 80 columns; `step` intervals make a bar."""
    heads = [head for head, _ in _NUMBERS]
    table = render.table("client", *heads, "seen", "activity", words=("client", "activity"), gap=1)
    for account, done in zip(accounts, activity, strict=True):
        numbers = (render.short(account.measures[measure]) for _, measure in _NUMBERS)
        seen = render.recent(account.machine.last_seen, now)
        table.add_row(_label(account), *numbers, seen, render.sparkline(done.lookups, step))
    return table


def step_for(console: Console, grid: Grid) -> int:
    """Choose how many intervals make a bar: on a narrow terminal there are eight bars at most."""
    return 1 if console.width >= 100 else -(-grid.count // 8)


def _counts(account: Account) -> dict[str, int]:
    names = {
        "lookups": "lookup",
        "mail_related": "mail",
        "mail_domains": "mail-domains",
        "exchanges": "exchanges",
        "new": "new",
        "refresh": "refresh",
        "hit": "hit",
        "failures": "failures",
        "redirected": "redirected",
        "challenged": "challenged",
        "limited": "limited",
    }
    return {name: account.measures[measure] for name, measure in names.items()}


def _print_csv(found: Ranking, judged: Verdicts) -> None:
    lines = [{**who(account, judged), **_counts(account)} for account in found.accounts]
    for line in lines:
        line.update({name: " ".join(line[name]) for name in ("addresses", "machines")})
    render.print_csv(list(lines[0]), (list(line.values()) for line in lines))


def _print_text(found: Ranking, judged: Verdicts, limit: int, now: float) -> None:
    console, grid = render.console(), found.grid
    step = step_for(console, grid)
    for line in judged.lines():
        console.print(render.plain(line, "bold"), soft_wrap=True)
    clients = render.many(len(found.accounts), "client")
    console.print(f"{clients}, most mail-related lookups first", style="bold")
    console.print(f"{period(grid, now)}; a bar is {render.span(grid.width * step)}\n")
    console.print(rows(found.accounts[:limit], found.activity[:limit], step, now))
    if (more := len(found.accounts) - limit) > 0:
        console.print(f"... and {more} more: --limit {len(found.accounts)} shows them all")
    if limited := {
        _name(a): a.measures["limited"] for a in found.accounts if a.measures["limited"]
    }:
        most = sorted(limited, key=lambda name: -limited[name])[:_LIMITED]
        named = ", ".join(f"{render.harmless(n)} ({render.short(limited[n])})" for n in most)
        text = f"asked faster than their rate, and were not answered: {named}"
        console.print(render.plain(text, "red"), soft_wrap=True)


def _name(account: Account) -> str:
    return account.machine.name or account.machine.keys[0]


def _label(account: Account) -> Text:
    """Name a machine by name, role (unless it is a plain client) and addresses, a line each."""
    machine = account.machine
    label = Text()
    if machine.name:
        label.append_text(render.plain(machine.name, "bold")).append("\n")
    if machine.role != Role.CLIENT:
        label.append(f"({machine.role})\n", "cyan")
    return label.append("\n".join(map(render.harmless, machine.keys[:4])))
