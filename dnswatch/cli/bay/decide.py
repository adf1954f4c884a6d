"""`dnswatch bay release` and `dnswatch bay discard`: what a person decides on held mail."""

from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.cli.bay.context import (
    EVERY,
    Choice,
    Ids,
    Yes,
    choosing,
    chosen,
    confirm,
    held_mail,
    meant,
    when,
)
from dnswatch.cli.options import Config, Json, State, Why, nothing_found
from dnswatch.cli.orders.context import actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnswatch.bay.queue.index import IndexRow
    from dnswatch.bay.record import Disposition

To = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="ADDRESS", help="Only for this recipient; may be given often."),
]


@choosing
def release(
    ids: Ids = None,
    to: To = None,
    why: Why = "",
    choice: Choice = EVERY,
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
    from dnswatch.office.mail import decide, usable

    with held_mail(config, state) as held:
        wanted = chosen(held, choice)
        rows = usable(meant(held, ids, wanted), "release", are_named=bool(ids))
        if not rows:
            empty = '{"fate": "release", "messages": []}' if json else ""
            nothing_found("no message that could be released fits", choice.since, empty=empty)
        confirm("release", len(rows), ids, yes)
        decide(held.spool, rows, "release", tuple(to or ()), why, actor())
        _tell(rows, "release", f"sent on {when(held)}", json)


@choosing
def discard(
    ids: Ids = None,
    to: To = None,
    why: Why = "",
    choice: Choice = EVERY,
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
    from dnswatch.office.mail import decide, usable

    with held_mail(config, state) as held:
        wanted = chosen(held, choice)
        rows = usable(meant(held, ids, wanted), "discard", are_named=bool(ids))
        if not rows:
            empty = '{"fate": "discard", "messages": []}' if json else ""
            nothing_found("no message that could be discarded fits", choice.since, empty=empty)
        confirm("discard", len(rows), ids, yes)
        decide(held.spool, rows, "discard", tuple(to or ()), why, actor())
        is_out = any(its == "released" for row in rows for _, its in row.recipients)
        whom = "nobody else" if is_out else "nobody"
        _tell(rows, "discard", f"discarded: {whom} receives it", json)


def _tell(rows: "Sequence[IndexRow]", fate: "Disposition", what: str, json: bool) -> None:
    """Say what was decided, and on which messages."""
    if json:
        from dnswatch.cli.render import print_json

        print_json({"fate": fate, "messages": [row.ident for row in rows]})
        return
    count = f"{len(rows)} messages are" if len(rows) > 1 else f"{rows[0].ident} is"
    typer.echo(f"{count} {what}")
