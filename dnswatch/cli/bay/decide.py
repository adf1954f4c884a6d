"""`dnswatch bay release` and `dnswatch bay discard`: what a person decides on held mail."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
    from collections.abc import Callable, Sequence

    from dnswatch.bay.queue.index import IndexRow
    from dnswatch.bay.record import Disposition
    from dnswatch.office.mail import HeldMail

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
    asked = _Asked(ids, to, why, choice, yes, json, config, state)
    _decide("release", "released", asked, lambda held, _: f"sent on {when(held)}")


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
    asked = _Asked(ids, to, why, choice, yes, json, config, state)
    _decide("discard", "discarded", asked, lambda _, rows: f"discarded: {_whom(rows)} receives it")


class _Asked(NamedTuple):
    """What was typed."""

    ids: list[str] | None
    to: list[str] | None
    why: str
    choice: Choice
    yes: bool
    json: bool
    config: Path | None
    state: Path | None


def _decide(
    fate: "Disposition",
    done: str,
    asked: _Asked,
    said: "Callable[[HeldMail, Sequence[IndexRow]], str]",
) -> None:
    """Write a decision on the messages that are meant, and say what `said` says of it."""
    from dnswatch.office.mail import decide, usable

    with held_mail(asked.config, asked.state) as held:
        wanted = chosen(held, asked.choice)
        rows = usable(meant(held, asked.ids, wanted), fate, are_named=bool(asked.ids))
        if not rows:
            empty = f'{{"fate": "{fate}", "messages": []}}' if asked.json else ""
            what = f"no message that could be {done} fits"
            nothing_found(what, asked.choice.since, empty=empty)
        confirm(fate, len(rows), asked.ids, asked.yes)
        decide(held, rows, fate, tuple(asked.to or ()), asked.why, actor())
        _tell(rows, fate, said(held, rows), asked.json)


def _whom(rows: "Sequence[IndexRow]") -> str:
    is_out = any(its == "released" for row in rows for _, its in row.recipients)
    return "nobody else" if is_out else "nobody"


def _tell(rows: "Sequence[IndexRow]", fate: "Disposition", what: str, json: bool) -> None:
    """Say what was decided, and on which messages."""
    if json:
        from dnswatch.cli.render import print_json

        print_json({"fate": fate, "messages": [row.ident for row in rows]})
        return
    count = f"{len(rows)} messages are" if len(rows) > 1 else f"{rows[0].ident} is"
    typer.echo(f"{count} {what}")
