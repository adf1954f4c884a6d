"""`dnswatch bay reindex`: make the index anew."""

import typer

from dnswatch.cli.bay.context import held_mail
from dnswatch.cli.options import Config, Json, State


def reindex(json: Json = False, config: Config = None, state: State = None) -> None:
    """Make the index of the bay anew from the records.

    A running bay goes on meanwhile.

    Exits with 1 where a record is damaged, and names it.

    Example: dnswatch bay reindex
    """
    from dnswatch.cli.render import print_json

    with held_mail(config, state) as held:
        damaged = held.index.rebuild()
        count = len(held.index.named("", 10**9))
    if json:
        print_json({"messages": count, "damaged": damaged})
    else:
        typer.echo(f"{count} messages are in the index")
    if damaged:  # named by `held_mail`
        raise typer.Exit(1)
