"""`dnswatch bay export`: messages as files that other programs read."""

from pathlib import Path
from typing import Annotated

import typer

from dnswatch.cli.bay.context import (
    EVERY,
    Choice,
    Ids,
    choosing,
    chosen,
    held_mail,
    meant,
)
from dnswatch.cli.options import Config, Json, State, nothing_found


@choosing
def export(
    ids: Ids = None,
    eml: Annotated[
        Path | None,
        typer.Option(
            "--eml", metavar="DIR", help="Write each message to DIR/ID.eml.  [default: .]"
        ),
    ] = None,
    mbox: Annotated[
        Path | None, typer.Option("--mbox", metavar="FILE", help="Write all to one mbox instead.")
    ] = None,
    choice: Choice = EVERY,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Write messages to files: as .eml, or all of them to an mbox.

    Byte for byte as they came.

    Nothing is overwritten.  The files may hold a worm: they are for your eyes only (mode 0600).

    \b
    Examples:
      dnswatch bay export 01a20846fe --eml /tmp
      dnswatch bay export --client 192.0.2.7 --mbox evidence.mbox
    """
    from dnswatch.bay.queue.view import to_eml, to_mbox
    from dnswatch.cli.render import harmless, print_json

    if eml is not None and mbox is not None:
        raise typer.BadParameter("give --eml or --mbox, not both")
    with held_mail(config, state) as held:
        rows = meant(held, ids, chosen(held, choice))
        idents = [row.ident for row in rows if row.has_body]
        if not idents:
            empty = '{"messages": [], "files": []}' if json else ""
            nothing_found("no message fits whose body is still kept", choice.since, empty=empty)
        if mbox is not None:
            to_mbox(held.spool, idents, mbox)
            files = [mbox]
        else:
            files = [to_eml(held.spool, ident, eml or Path()) for ident in idents]
    if json:
        print_json({"messages": idents, "files": [str(one) for one in files]})
    elif mbox is not None:
        typer.echo(f"{len(idents)} messages are in {harmless(str(mbox))}")
    else:
        for file in files:
            typer.echo(harmless(str(file)))
