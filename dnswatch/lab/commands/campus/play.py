"""`dnswatch campus play`: a campus's lookups as real queries to a running dnswatch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dnswatch.errors import DnswatchError
from dnswatch.lab.commands.campus.run import Days, Scenario, Seed, WormName

if TYPE_CHECKING:
    from dnswatch.settings import Endpoint

_PATIENCE: Final = 5.0
"""Seconds for the first answer of the dnswatch that is asked."""

Against = Annotated[
    str, typer.Option("--against", metavar="ADDR:PORT", help="The dnswatch that is asked.")
]
WorldAt = Annotated[
    str,
    typer.Option(
        "--world",
        metavar="ADDR:PORT",
        help="Answer there as the world of the campus does: the upstream for that dnswatch.",
    ),
]
Speed = Annotated[
    float, typer.Option("--speed", metavar="N", min=0.01, help="Times as fast as real time.")
]

TruthAt = Annotated[
    Path | None,
    typer.Option(
        "--truth", metavar="DIR", help="Write there who was infected, and which mail was a worm's."
    ),
]


def play(
    against: Against,
    scenario: Scenario = "paper",
    world: WorldAt = "127.0.0.1:5300",
    speed: Speed = 60.0,
    seed: Seed = 1,
    days: Days = None,
    worm: WormName = None,
    truth: TruthAt = None,
) -> None:
    """Ask a running dnswatch all that a campus asks.

    Each client asks from an address of its own.

    Point that dnswatch at the world: dnswatch serve --upstream udp://127.0.0.1:5300

    Example: dnswatch campus play mydoom-2004 --against 127.0.0.1:5353 --speed 600
    """
    from time import sleep

    from dnswatch import clock
    from dnswatch.lab.campus.campus import Campus
    from dnswatch.lab.campus.output.dataset import write_truth
    from dnswatch.lab.campus.output.play import Player, WorldServer
    from dnswatch.lab.commands.campus.run import live, plan_of, summary_of
    from dnswatch.serve.policies import texts

    plan = plan_of(scenario, days, worm, None)
    asked, source = _endpoint(against, "--against"), _endpoint(world, "--world")
    campus = Campus(plan, seed, texts(""), is_detailed=True)
    player = Player((str(asked.address), asked.port), plan.begin, speed, clock.now, sleep)
    campus.resolver.hear = player.play
    campus.truth.keeps_mails = truth is not None
    with WorldServer(campus.outside, (str(source.address), source.port)):
        _demand_an_answer(asked, source)
        live(campus, plan)
        player.close()
    if truth is not None:
        write_truth(campus, truth, player.source)
    typer.echo(f"played    {player.sent:,} queries, {player.heard:,} responses")
    typer.echo(summary_of(campus))


def _demand_an_answer(asked: "Endpoint", world: "Endpoint") -> None:
    """See that somebody is there; raises `DnswatchError` where nobody answers."""
    from dns.exception import DNSException
    from dns.message import make_query
    from dns.query import udp

    try:
        udp(make_query(".", "NS"), str(asked.address), port=asked.port, timeout=_PATIENCE)
    except (OSError, DNSException):
        raise DnswatchError(
            f"nobody answers at {asked.address} port {asked.port}: start one there, with the world"
            f" of the campus as its upstream: dnswatch serve --listen {asked} --upstream"
            f" udp://{world}"
        ) from None


def _endpoint(text: str, option: str) -> "Endpoint":
    from dnswatch.settings import Endpoint

    try:
        return Endpoint(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': {error}", param_hint=option) from None
