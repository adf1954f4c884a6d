"""`dnswatch campus run`: one campus, from its first day to its last."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnswatch.cli.completion import policies
from dnswatch.lab.commands import completion

if TYPE_CHECKING:
    from dnswatch.lab.campus.campus import Campus
    from dnswatch.lab.campus.plan import CampusPlan

Scenario = Annotated[
    str,
    typer.Argument(
        metavar="[SCENARIO]",
        help="A plan that comes with dnswatch (paper, sobig-2003, mydoom-2004, today, compare), or"
        " the path of one.",
        autocompletion=completion.scenarios,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="One seed gives one campus.")]
Days = Annotated[
    int | None, typer.Option("--days", metavar="N", min=1, help="How long.  [default: the plan's]")
]
WormName = Annotated[
    str | None,
    typer.Option(
        "--worm",
        metavar="WORM",
        help="The worm that breaks out: a name (sobig, mydoom, mytob, spambot, slow, delegating,"
        " evading, own-resolver) or the path of its file; '' is none.  [default: the plan's]",
        autocompletion=completion.worms,
    ),
]
PolicyNames = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="Switch a policy on; may be given several times.",
        autocompletion=policies,
    ),
]
Parquet = Annotated[
    Path | None,
    typer.Option("--parquet", metavar="DIR", help="Write a data set with the truth beside it."),
]
Pcap = Annotated[
    Path | None,
    typer.Option("--pcap", metavar="FILE", help="Write a capture of lookups and mail connections."),
]


def run(
    scenario: Scenario = "paper",
    seed: Seed = 1,
    days: Days = None,
    worm: WormName = None,
    policy: PolicyNames = None,
    parquet: Parquet = None,
    pcap: Pcap = None,
) -> None:
    """Simulate a campus; say what happened, and what dnswatch did.

    Example: dnswatch campus run mydoom-2004 --policy quarantine
    """
    from dnswatch.lab.campus.campus import Campus
    from dnswatch.serve.policies import texts

    plan = plan_of(scenario, days, worm, policy)
    if parquet and pcap:
        raise typer.BadParameter("one at a time: a data set or a capture", param_hint="--pcap")
    campus = Campus(plan, seed, texts(""), is_detailed=bool(parquet or pcap))
    with _writing(campus, parquet, pcap):
        live(campus, plan)
    typer.echo(summary_of(campus))


def _writing(
    campus: "Campus", parquet: Path | None, pcap: Path | None
) -> AbstractContextManager[object]:
    """Begin what is to be written."""
    if parquet is not None:
        from dnswatch.lab.campus.output.dataset import Writing

        return Writing(campus, parquet)
    if pcap is not None:
        from dnswatch.lab.campus.output.packets import Capture

        return Capture(campus, pcap)
    return nullcontext()


def plan_of(
    scenario: str, days: int | None, worm: str | None, policies: list[str] | None
) -> "CampusPlan":
    """Read a plan, with what the command line says in place of what it says."""
    from msgspec.structs import replace

    from dnswatch.lab.campus.scenarios import load

    plan = load(scenario)
    if days is not None:
        plan = replace(plan, days=days)
    if worm is not None:
        plan = replace(plan, outbreak=replace(plan.outbreak, worm=worm))
    if policies:
        plan = replace(plan, policies=tuple(policies))
    return plan


def live(campus: "Campus", plan: "CampusPlan") -> None:
    """Let the days pass; Ctrl-C ends them early."""
    import logging

    from dnswatch.lab.commands.campus.progress import progress

    logger = logging.getLogger("dnswatch")
    before = logger.level
    logger.setLevel(logging.ERROR)  # verdicts are the summary's to tell
    with progress("days", plan.days) as tell:
        try:
            for day in range(plan.days):
                campus.run(plan.begin + (day + 1) * 86400)
                tell(day + 1)
        except KeyboardInterrupt:
            typer.echo("dnswatch: stopped; what follows is what happened until then", err=True)
        finally:
            logger.setLevel(before)


def summary_of(campus: "Campus") -> str:
    """Sum a campus up."""
    from dnswatch.lab.campus.campus import summary

    return "\n".join(summary(campus.truth))
