"""`dnswatch bay`: the holding bay, and the mail in it."""

import typer

from dnswatch.cli.bay.decide import discard, release
from dnswatch.cli.bay.export import export
from dnswatch.cli.bay.list import list_, stats
from dnswatch.cli.bay.reindex import reindex
from dnswatch.cli.bay.serve import serve
from dnswatch.cli.bay.show import show

app = typer.Typer(
    name="bay",
    help="The holding bay: run it, look at its mail, release or discard it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(serve)
app.command("list")(list_)
app.command()(show)
app.command()(release)
app.command()(discard)
app.command()(export)
app.command()(stats)
app.command()(reindex)
