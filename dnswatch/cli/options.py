"""Options that several commands share, and how they are read."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from dnswatch.errors import SettingsError
    from dnswatch.model.policies.policy import Policy
    from dnswatch.office.whom import Whom
    from dnswatch.settings import Settings
    from dnswatch.store.summary import Machine

_DATES = (
    'expected how long ago ("90m", "2h", "7d") or a local date and time'
    ' ("2026-11-23", "2026-11-23 14:00")'
)


def read_moment(text: str, now: float) -> float:
    """Read a moment in the past, Unix seconds: a duration before `now`, or a date.

    A date without a zone is in local time.  Raises `ValueError` on anything else.
    """
    from dnswatch.settings import Duration

    try:
        return max(0.0, now - Duration.parse(text))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(_DATES) from None
    if at > now:
        raise ValueError("this moment is yet to come")
    return max(0.0, at)


def _span(text: str) -> float:
    from dnswatch.settings import Duration

    try:
        return Duration.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': {error}") from None


def _since(context: typer.Context, text: str | None) -> float | None:
    from dnswatch.cli.state import present, state_directory

    if text is None:
        return None
    try:
        return read_moment(text, present(state_directory(context.params.get("state"))))
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': {error}") from None


def settings_of(config: Path | None) -> "Settings":
    """Read the site's configuration."""
    from dnswatch.serve.loading import read_file
    from dnswatch.settings import read

    return read(*read_file(config))


def policies_of(settings: "Settings") -> "tuple[dict[str, Policy], list[SettingsError]]":
    """Read the policies, by name in order of precedence; and tell what is wrong with others."""
    from dnswatch.model.policies.reading import precedence, read_all
    from dnswatch.serve.policies import texts

    found, wrong = read_all(texts(settings.policies.directory))
    return {policy.name: policy for policy in precedence(found.values())}, wrong


def nothing_found(text: str, since: float | None = None, *, empty: str = "") -> NoReturn:
    """Say that there is nothing to show, perhaps because of `--since`, and end with code 1.

    `empty` is what a program gets all the same, where JSON was asked for.
    """
    from dnswatch.office.text import harmless, moment

    if empty:
        typer.echo(empty)
    after = f" since {moment(since)}: try an earlier --since" if since else ""
    typer.echo(f"dnswatch: {harmless(text)}{after}", err=True)
    raise typer.Exit(1)


def _records(context: typer.Context, given: Path | None) -> Path | None:
    from dnswatch.cli.state import records

    return given if context.resilient_parsing else records(given)


State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        is_eager=True,  # --since depends on it
        callback=_records,
        help="Where the records are kept.  [default: $DNSWATCH_STATE, $STATE_DIRECTORY,"
        " /var/lib/dnswatch for root, else ~/.local/state/dnswatch; or where the one server that"
        " runs keeps its own]",
    ),
]
Since = Annotated[
    float | None,
    typer.Option(
        "--since",
        parser=str,
        callback=_since,
        metavar="WHEN",
        help='Leave out what was before: "2h", "7d", "2026-11-23", "2026-11-23 14:00"'
        " (local time).  [default: all that is kept]",
    ),
]
For = Annotated[
    float | None,
    typer.Option(
        "--for",
        parser=_span,
        metavar="TIME",
        help='How long it holds: "30m", "2h", "7d".  [default: until another word]',
    ),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the log.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="DNSWATCH_CONFIG",
        show_envvar=True,
        help="The site's configuration.  [default: /etc/dnswatch/dnswatch.toml, if it is there]",
    ),
]


def choice(whom: "Whom", client: str) -> "Callable[[list[Machine]], list[Machine]]":
    """Turn what `--client` says into a choice of machines; what cannot be one is wrong usage."""
    try:
        return whom.meant(client)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--client") from None
