"""`dnswatch clients list`: who stands out, and who should perhaps be declared."""

from typing import TYPE_CHECKING, Any

import typer

from dnswatch.cli.options import Config, Json, State, nothing_found, settings_of
from dnswatch.cli.orders.context import acting
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from dnswatch.model.detection.roles import Proposal
    from dnswatch.office.verdicts import Verdicts
    from dnswatch.store.standouts import Standout


def list_(json: Json = False, config: Config = None, state: State = None) -> None:
    """List the clients that stand out by verdict, word or role.

    Below them, hosts that behave like a mail server: they are watched like any other client until a
    person confirms what they are.

    Example: dnswatch clients list
    """
    from dnswatch.cli import render
    from dnswatch.office.detector import detector_of, proposals_of
    from dnswatch.office.verdicts import verdicts
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store
    from dnswatch.store.standouts import standouts

    directory, settings = state_directory(state), settings_of(config)
    whom = Whom(directory, settings)
    with Store.read(directory) as store, store.snapshot() as db:
        found = standouts(db, whom.role_of, present(directory))
        detector = detector_of(db, settings, whom)
        proposals = proposals_of(db, detector)
        done = acting(db, settings)
        judged = verdicts(db, detector, whom, present(directory))
    if json:
        render.print_json(
            {
                **judged.as_json(),
                "clients": [_as_json(each, judged, done) for each in found],
                "proposals": [_proposal_json(each) for each in proposals],
            }
        )
    elif found or proposals or judged.provisional:
        for line in judged.learning():
            render.console().print(render.plain(line), soft_wrap=True)
        _print(found, judged, done, proposals)
    else:
        for line in judged.learning():
            typer.echo(line, err=True)
        nothing_found("no client stands out: none is suspect, spoken of, declared or proposed")


def _print(
    found: "list[Standout]", judged: "Verdicts", done: dict[str, str], proposals: "list[Proposal]"
) -> None:
    from dnswatch.cli import render
    from dnswatch.model.detection.roles import CAUTION
    from dnswatch.office.detector import confirming

    console = render.console()
    if found:
        heads = ("client", "role", "verdict", "until", "policy", "said by a person")
        table = render.table(*heads, words=heads)
        for one in found:
            name = f"{one.name}\n" if one.name else ""
            table.add_row(
                render.plain(name, "bold").append(one.key),
                one.role.value,
                judged.of([one.key], one.role),
                _until(one),
                render.plain(_done(one, done) or "-"),
                render.plain(_said(one)),
            )
        console.print(table)
    if proposals:
        console.print("\nbehave like a mail server, watched like any client until confirmed:")
    for proposal in proposals:
        console.print(render.plain(f"  {proposal.client.decode()}", "bold"))
        for reason in proposal.reasons:
            console.print(render.plain(f"    for it: {reason}"), soft_wrap=True)
        for reason in (*proposal.against, CAUTION):
            console.print(render.plain(f"    against it: {reason}"), soft_wrap=True)
        console.print(f"    to confirm: {confirming(proposal)}", soft_wrap=True)


def _until(one: "Standout") -> str:
    from math import isinf

    from dnswatch.cli.render import local

    is_over = one.standing.rung == "clean" or isinf(one.standing.until)
    return "" if is_over else f"{local(one.standing.until):%b %d %H:%M}"


def _done(one: "Standout", done: dict[str, str]) -> str | None:
    """Say what a policy does; of a client with a pseudonym that is known to the server alone."""
    return "see its log" if one.key.startswith("~") else done.get(one.key)


def _said(one: "Standout") -> str:
    if one.said is None:
        return ""
    why = f": {one.said.why}" if one.said.why else ""
    return f"{one.said.word} by {one.said.actor}{why}"


def _as_json(one: "Standout", judged: "Verdicts", done: dict[str, str]) -> dict[str, Any]:
    from math import isinf

    from dnswatch.cli.render import iso

    said, until = one.said, one.standing.until
    return {
        "client": one.key,
        "name": one.name,
        "role": one.role.value,
        "verdict": judged.of([one.key], one.role),
        "until": None if isinf(until) else iso(until),
        "policy": done.get(one.key),
        "said": said
        and {"word": said.word.value, "at": iso(said.at), "why": said.why, "actor": said.actor},
    }


def _proposal_json(one: "Proposal") -> dict[str, Any]:
    from dnswatch.model.detection.roles import CAUTION
    from dnswatch.office.detector import confirming

    return {
        "client": one.client.decode(),
        "role": "mail-server",
        "odds_nats": round(one.odds, 2),
        "reasons": list(one.reasons),
        "against": [*one.against, CAUTION],
        "confirm": confirming(one),
    }
