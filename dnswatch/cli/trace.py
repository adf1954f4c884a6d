"""`dnswatch trace`: what a client would get for a name now, and why."""

from typing import Annotated

import typer

from dnswatch import clock
from dnswatch.cli import completion
from dnswatch.cli.options import Config, Json, State, policies_of, settings_of
from dnswatch.cli.state import present, state_directory


def trace(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name that would be asked for.")],
    client: Annotated[
        str,
        typer.Option(
            "--client",
            metavar="ADDRESS",
            help="The address that would ask.",
            autocompletion=completion.clients,
        ),
    ],
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="The type.")] = "MX",
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Say what a client would get for a name now, and why.

    Nobody is asked, and nothing is changed: the server's own rules are gone through with the marks
    of now, and with what an upstream said the last time.

    \b
    Examples:
      dnswatch trace victim.example --client 192.0.2.7
      dnswatch trace mail.corp.example --client 192.0.2.7 --type A
    """
    from dnswatch.cli import render
    from dnswatch.office.detector import detector_of
    from dnswatch.office.trace import Tracer
    from dnswatch.office.verdicts import verdicts
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store

    directory, settings = state_directory(state), settings_of(config)
    whom = Whom(directory, settings)
    with Store.read(directory) as store, store.snapshot() as db:
        key = whom.key(client)
        judged = verdicts(db, detector_of(db, settings, whom), whom, present(directory))
        verdict = judged.of([key], whom.role_of(key)) if key else "nobody on record"
        tracer = Tracer(db, settings, policies_of(settings)[0], whom, clock.now())
        try:
            found = tracer.trace(client, name, kind.upper(), verdict)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    if json:
        render.print_json(
            {
                "outcome": found.outcome,
                "records": found.records,
                "steps": [{"what": one.what, "said": one.said} for one in found.steps],
            }
        )
        return
    console = render.console()
    console.print(render.plain(f"{client} gets: {found.outcome}", "bold"))
    for line in found.records:
        console.print(render.plain(f"  {line}"))
    for step in found.steps:
        console.print(render.plain(f"{step.what}: {step.said}"))
