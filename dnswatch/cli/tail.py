"""`dnswatch tail`: lookups as they come, out of the watch's memory."""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dnswatch.cli import completion
from dnswatch.cli.options import Config, Json, State, nothing_found, settings_of
from dnswatch.cli.state import state_directory

if TYPE_CHECKING:
    from dnswatch.watchdog.tail import TailedLookup, TailPage, TailReader

LOOK: Final = 0.3
"""Seconds between two looks for more."""


_END: Final = 2**62
"""A number after which nothing has come."""


def tail(
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            metavar="WHO",
            help="Only this client: an address, network, group or name.",
            autocompletion=completion.clients,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, max=10_000, help="Begin with so many of the last.")
    ] = 20,
    once: Annotated[bool, typer.Option("--once", help="Show those, and end.")] = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Show lookups as they come, until Ctrl-C.

    With `records.tail = true` the last 10,000 are kept, in memory alone.  What a worker answered
    from its cache without a thought is told by its count: of such answers no name is kept.

    \b
    Examples:
      dnswatch tail
      dnswatch tail --client 192.0.2.7 --json
    """
    from dnswatch.cli.render import many
    from dnswatch.office.orders import keys_meant
    from dnswatch.watchdog.tail import TailReader

    directory, settings = state_directory(state), settings_of(config)
    wanted = None
    if client is not None:
        try:
            wanted = frozenset(keys_meant(directory, settings, client))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--client") from None
    shown = 0
    try:
        with TailReader(directory) as reader:
            for page in _pages(reader, limit, once=once):
                if page.missed:
                    typer.echo(f"dnswatch: {many(page.missed, 'lookup')} came too fast", err=True)
                fits = [one for one in page.lookups if wanted is None or one.client in wanted]
                _print(fits, json=json)
                shown += len(fits)
    except KeyboardInterrupt:
        return  # how one ends it
    if not shown:
        nothing_found("no lookup came yet")


def _pages(reader: "TailReader", limit: int, *, once: bool) -> "Iterator[TailPage]":
    """Read the last lookups, and then what comes, or what came until now."""
    page = reader.page(-limit if limit else _END)
    while True:
        yield page
        if not page.lookups:
            if once:
                return
            time.sleep(LOOK)
        page = reader.page(page.last)


def _print(found: "Iterable[TailedLookup]", *, json: bool) -> None:
    if json:
        import msgspec

        for one in found:
            typer.echo(msgspec.json.encode(_written(one)))
        return
    from dnswatch.cli.render import harmless, local, many

    for one in found:
        told = _written(one)
        name = one.name or many(one.count, "answer")
        what = ", ".join([*one.exchanges, *one.addresses])
        did = f"{one.policy}: {'would be ' * one.dry_run}{one.decided}" if one.policy else ""
        words = (told["client"], told["type"], name, told["rcode"], told["origin"], what, did)
        typer.echo(harmless(f"{local(one.at):%H:%M:%S} {' '.join(word for word in words if word)}"))


def _written(one: "TailedLookup") -> dict[str, Any]:
    """Write a lookup down for programs, with the names of its numbers."""
    import dns.rcode
    import dns.rdatatype

    from dnswatch.cli.render import iso

    return {
        "at": iso(one.at),
        "client": one.client,
        "type": dns.rdatatype.to_text(dns.rdatatype.RdataType.make(one.type)),
        "name": one.name,
        "rcode": dns.rcode.to_text(dns.rcode.Rcode.make(one.rcode)),
        "origin": one.origin,
        "addresses": one.addresses,
        "exchanges": one.exchanges,
        "policy": one.policy,
        "decided": one.decided,
        "dry_run": one.dry_run,
        "count": one.count,
    }
