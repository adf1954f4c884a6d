"""`dnswatch bay release` and `dnswatch bay discard`: what a person decides on held mail."""

from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch import clock
from dnswatch.cli.bay.context import (
    Client,
    Domain,
    Held,
    Ids,
    Is,
    Sender,
    Verdicts,
    Yes,
    chosen,
    confirm,
    held_mail,
    meant,
    when,
)
from dnswatch.cli.options import Config, Json, Since, State, Why, nothing_found
from dnswatch.cli.orders.context import actor
from dnswatch.errors import SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dnswatch.bay.desk.rows import Row
    from dnswatch.bay.record import Fate, Line

To = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="ADDRESS", help="Only for this recipient; may be given often."),
]


def release(
    ids: Ids = None,
    to: To = None,
    why: Why = "",
    client: Client = None,
    sender: Sender = None,
    domain: Domain = None,
    verdict: Verdicts = None,
    is_: Is = None,
    since: Since = None,
    yes: Yes = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Send messages on to their real exchanges, unchanged.

    What failed is tried once more.

    \b
    Examples:
      dnswatch bay release 01a20846fe --to bob@example.org
      dnswatch bay release --client 192.0.2.7 --is held --verdict clean --why "was a newsletter"
    """
    with held_mail(config, state) as held:
        wanted = chosen(held, client, sender, domain, verdict, is_, since)
        rows = _usable(meant(held, ids, wanted), _is_left, ids)
        if not rows:
            empty = '{"fate": "release", "messages": []}' if json else ""
            nothing_found("no message that could be released fits", since, empty=empty)
        confirm("release", len(rows), ids, yes)
        _decide(held, rows, "release", tuple(to or ()), why)
        _tell(rows, "release", f"sent on {when(held)}", json)


def discard(
    ids: Ids = None,
    to: To = None,
    why: Why = "",
    client: Client = None,
    sender: Sender = None,
    domain: Domain = None,
    verdict: Verdicts = None,
    is_: Is = None,
    since: Since = None,
    yes: Yes = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Let messages reach nobody.

    For bay.keep.done they can still be released after all.

    \b
    Examples:
      dnswatch bay discard 01a20846fe --why "worm"
      dnswatch bay discard --client 192.0.2.7 --verdict worm --yes
    """
    with held_mail(config, state) as held:
        wanted = chosen(held, client, sender, domain, verdict, is_, since)
        rows = _usable(meant(held, ids, wanted), _is_open, ids)
        if not rows:
            empty = '{"fate": "discard", "messages": []}' if json else ""
            nothing_found("no message that could be discarded fits", since, empty=empty)
        confirm("discard", len(rows), ids, yes)
        _decide(held, rows, "discard", tuple(to or ()), why)
        is_out = any(its == "released" for row in rows for _, its in row.recipients)
        whom = "nobody else" if is_out else "nobody"
        _tell(rows, "discard", f"discarded: {whom} receives it", json)


def _tell(rows: "Sequence[Row]", fate: "Fate", what: str, json: bool) -> None:
    """Say what was decided, and on which messages."""
    if json:
        from dnswatch.cli.render import print_json

        print_json({"fate": fate, "messages": [row.ident for row in rows]})
        return
    count = f"{len(rows)} messages are" if len(rows) > 1 else f"{rows[0].ident} is"
    typer.echo(f"{count} {what}")


def _is_left(row: "Row") -> bool:
    return any(its != "released" for _, its in row.recipients)


def _is_open(row: "Row") -> bool:
    return row.state not in ("released", "discarded")


def _usable(
    rows: "Sequence[Row]", fits: "Callable[[Row], bool]", ids: "Sequence[str] | None"
) -> "list[Row]":
    """Return the messages that can be decided on; of named ones it is an error if they cannot."""
    usable = [row for row in rows if row.has_body and fits(row)]
    if ids:
        for row in rows:
            if row not in usable:
                reason = "is no longer kept" if not row.has_body else f"is {row.state} already"
                raise SpoolError(f"message {row.ident} {reason}: nothing was done")
    return usable


def _decide(held: Held, rows: "Sequence[Row]", fate: "Fate", to: tuple[str, ...], why: str) -> None:
    from dnswatch.bay.desk import orders
    from dnswatch.bay.record import Decided

    now, who = clock.now(), actor()
    lines: list[tuple[str, Line]] = []
    for row in rows:
        addresses = [address for address, _ in row.recipients]
        unknown = [one for one in to if one not in addresses]
        if unknown:
            raise SpoolError(
                f"message {row.ident} is not for '{unknown[0]}' but for"
                f" {', '.join(addresses[:5])}{' and others' if len(addresses) > 5 else ''}:"
                " nothing was done"
            )
        line = Decided(at=now, fate=fate, actor=who, why=why, recipients=to)
        lines.append((row.ident, line))
    orders.give(held.spool, lines)
