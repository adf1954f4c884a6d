"""`dnswatch campus`: the simulated campus, and the comparison of defences on it."""

from typing import Final

import typer

from dnswatch.lab.commands.campus import compare, play, run

app: Final = typer.Typer(
    name="campus",
    help="Simulate a campus with planted worms, and compare defences on it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("play")(play.play)
app.command("compare")(compare.compare)
