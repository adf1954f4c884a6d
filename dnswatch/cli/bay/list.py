"""`dnswatch bay list` and `dnswatch bay stats`: which mail is held, and how much."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnswatch import clock
from dnswatch.cli.bay.context import (
    EVERY,
    Choice,
    choosing,
    chosen,
    held_mail,
    short_names,
)
from dnswatch.cli.options import Config, Json, State, nothing_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnswatch.bay.queue.index import IndexRow, MailTotals

WIDE = 120
"""Columns of a screen on which subjects are shown: on a narrow one addresses need the room."""


@choosing
def list_(
    choice: Choice = EVERY,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Show at most this many, the newest.")
    ] = 50,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """List the messages of the bay, the newest first.

    \b
    Examples:
      dnswatch bay list --is held,deferred
      dnswatch bay list --client 192.0.2.7 --since 2h
    """
    from dataclasses import replace

    from dnswatch.cli.render import print_json

    with held_mail(config, state) as held:
        wanted = chosen(held, choice)
        rows = held.index.find(replace(wanted, limit=limit + 1))
        names = short_names(held, rows[:limit])
    if not rows:
        nothing_found("no message fits", choice.since, empty="[]" if json else "")
    if json:
        print_json([as_json(row) for row in rows[:limit]])
    else:
        _print(rows[:limit], names, len(rows) > limit)


@choosing
def stats(
    choice: Choice = EVERY,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Count the messages of the bay by state, verdict and client.

    Example: dnswatch bay stats --since 24h
    """
    from dataclasses import asdict

    from dnswatch.cli.render import print_json

    with held_mail(config, state) as held:
        totals = held.index.totals(chosen(held, choice))
    if json:
        print_json(asdict(totals))
    else:
        _print_totals(totals)


def as_json(row: "IndexRow") -> dict[str, Any]:
    """Write a message for programs."""
    from dnswatch.cli.render import iso

    return {
        "id": row.ident,
        "at": iso(row.at),
        "client": row.key,
        "sender": row.sender,
        "recipients": [{"address": address, "state": its} for address, its in row.recipients],
        "subject": row.subject,
        "verdict": row.verdict,
        "state": row.state,
        "size": row.size,
        "kept": row.has_body,
        "changed": iso(row.changed_at),
        "warned": iso(row.warned_at) if row.warned_at else None,
    }


def _print(rows: "Sequence[IndexRow]", names: dict[str, str], is_more: bool) -> None:
    from dnswatch.cli import render

    now, screen = clock.now(), render.console()
    subject = ("subject",) if screen.width >= WIDE else ()
    heads = ("id", "time", "client", "from", "to", *subject, "verdict", "state", "size")
    table = render.table(*heads, words=heads[:-1])
    for column in table.columns:
        column.no_wrap = column.header not in ("from", "to", "subject")
    # names must stay whole, to be copied, however narrow the screen is
    table.columns[0].min_width = max(map(len, names.values()))
    for row in rows:
        more = f" +{len(row.recipients) - 1}" if len(row.recipients) > 1 else ""
        table.add_row(
            names[row.ident],
            render.recent(row.at, now),
            render.plain(row.key),
            render.plain(_cut(row.sender or "<>")),
            render.plain(f"{_cut(row.recipients[0][0])}{more}"),
            *(render.plain(_cut(row.subject)) for _ in subject),
            row.verdict or "-",
            row.state,
            render.size(row.size),
        )
    screen.print(table)
    if is_more:
        screen.print("and more: see --limit, or choose by client, state or time")


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _print_totals(totals: "MailTotals") -> None:
    from dnswatch.cli import render

    screen = render.console()
    count = sum(totals.states.values())
    received, kept = render.size(totals.received), render.size(totals.kept)
    screen.print(f"{count} messages, {received} received, {kept} kept")
    parts = (("state", totals.states), ("verdict", totals.verdicts), ("client", totals.clients))
    for title, counts in parts:
        table = render.table(title, "messages", words=(title,))
        for name, number in list(counts.items())[:20]:
            table.add_row(render.plain(name), str(number))
        if counts:
            screen.print()
            screen.print(table)
