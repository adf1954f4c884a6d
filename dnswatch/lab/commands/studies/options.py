"""The options of `dnswatch study`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

What = Annotated[
    list[str],
    typer.Argument(
        metavar="[NAME=]DIR|FILE...",
        help="Data sets, each a trace of its own; or captures, which make one trace together."
        " Traces named sobig and mydoom are compared with the paper's outbreaks.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Write the report there.")]
Groups = Annotated[
    Path | None,
    typer.Option(
        "--groups", metavar="FILE", help="Who is infected, a mail server, ...: TOML or CSV."
    ),
]
Site = Annotated[
    list[str] | None,
    typer.Option(
        "--site",
        metavar="NETWORK",
        help="A network of the site; may be given several times.  [default: access.networks of the"
        " configuration]",
    ),
]
Outbreak = Annotated[
    list[str] | None,
    typer.Option(
        "--outbreak", metavar="[NAME=]DATE", help="First day of the outbreak.  [default: found]"
    ),
]
WormSize = Annotated[
    list[str] | None,
    typer.Option(
        "--worm-size",
        metavar="[NAME=]SIZE",
        help='Payload of the worm\'s mails, like "100kB": the heuristic looks at it.',
    ),
]
Begin = Annotated[
    str | None, typer.Option("--begin", metavar="DATE", help="Leave out what was before.")
]
End = Annotated[
    str | None, typer.Option("--end", metavar="DATE", help="Leave out what was from then on.")
]
Width = Annotated[
    str,
    typer.Option("--bin", metavar="TIME", help='What the figures count by: "1d", "1h", "15m".'),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="ZONE", help='Zone of days: "Europe/Berlin".  [default: local time]'
    ),
]
Window = Annotated[
    str,
    typer.Option(
        "--window", metavar="TIME", help="How long an address is freshly translated, at most."
    ),
]
Viewed = Annotated[
    Literal["edge", "client"],
    typer.Option(
        "--view", help="Count the answers that upstreams gave, or those that clients received."
    ),
]
Per = Annotated[
    Literal["active", "member"],
    typer.Option("--per", help="Average over a group's active hosts, or over all of them."),
]
Spark = Annotated[
    str | None,
    typer.Option(
        "--spark",
        metavar="URL",
        help='Compute there: "spark://host:7077", "sc://host", "local[4]".  [default: here, with'
        " DuckDB]",
    ),
]
Memory = Annotated[
    str, typer.Option("--memory", metavar="SIZE", help="Memory that DuckDB takes at most.")
]
