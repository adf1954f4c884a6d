"""What the commands on held mail share: the spool, and which messages are meant."""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dnswatch.cli.options import Since, settings_of
from dnswatch.cli.state import state_directory
from dnswatch.errors import SpoolError, StoreError

if TYPE_CHECKING:
    from dnswatch.bay.queue.index import Filter, IndexRow
    from dnswatch.office.mail import HeldMail
    from dnswatch.store.clients import Client as Known

SHORTEST: Final = 12
"""Characters of a message's name that are shown at least: they tell when it came."""

MOST_COMPLETED: Final = 200
"""Messages, the newest, whose names are completed."""

_STATES: Final = ("waiting", "deferred", "held", "releasing", "released", "failed", "discarded")
_VERDICTS: Final = ("clean", "unsure", "worm")


def _words(text: str | None, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Read a list with commas between; what is not known is wrong usage."""
    words = tuple(word for word in (text or "").split(",") if word)
    for word in words:
        if word not in known:
            wanted = ", ".join(known)
            raise typer.BadParameter(f"'{word}': expected some of {wanted}", param_hint=option)
    return words


def _completed(known: tuple[str, ...], begun: str) -> list[str]:
    """Complete the last word of a list."""
    before, comma, last = begun.rpartition(",")
    return [f"{before}{comma}{word}" for word in known if word.startswith(last)]


def _complete_states(incomplete: str) -> list[str]:
    return _completed(_STATES, incomplete)


def _complete_verdicts(incomplete: str) -> list[str]:
    return _completed(_VERDICTS, incomplete)


def _complete_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Name the newest messages that begin so, each with its client, state and subject."""
    from dnswatch.bay.queue.index import Filter
    from dnswatch.cli.render import harmless
    from dnswatch.errors import DnswatchError

    try:
        with held_mail(context.params.get("config"), context.params.get("state")) as held:
            rows = held.index.find(Filter(limit=MOST_COMPLETED))
    except DnswatchError:
        return []
    return [
        (row.ident, harmless(f"{row.key}, {row.state}: {row.subject}"))
        for row in rows
        if row.ident.startswith(incomplete.lower())
    ]


Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="Messages, by their names or unique beginnings of them.",
        autocompletion=_complete_ids,
    ),
]
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The message: its name, or a unique beginning of it.",
        autocompletion=_complete_ids,
    ),
]


@dataclass(frozen=True)
class Choice:
    """The options by which the bay's commands choose messages; see `choosing`."""

    client: Annotated[
        str | None,
        typer.Option("--client", metavar="WHO", help="Of this client: address, name or network."),
    ] = None
    sender: Annotated[
        str | None,
        typer.Option(
            "--sender",
            metavar="FROM",
            help="From this address; @example.org: a domain; '<>': none.",
        ),
    ] = None
    domain: Annotated[
        str | None,
        typer.Option("--domain", metavar="NAME", help="With a recipient in this domain."),
    ] = None
    verdict: Annotated[
        str | None,
        typer.Option(
            "--verdict",
            metavar="LIST",
            autocompletion=_complete_verdicts,
            help="Found clean, unsure or worm; several with commas between.",
        ),
    ] = None
    is_: Annotated[
        str | None,
        typer.Option(
            "--is",
            metavar="LIST",
            autocompletion=_complete_states,
            help="In this state: waiting, deferred, held, releasing, released, failed or"
            " discarded; several with commas between.",
        ),
    ] = None
    since: Since = None


EVERY: Final = Choice()
"""No choice was made."""


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Offer the options of `Choice` where a command has the parameter `choice`."""
    options = inspect.signature(Choice).parameters
    parameters: list[inspect.Parameter] = []
    for one in inspect.signature(command).parameters.values():
        parameters += options.values() if one.name == "choice" else [one]
    # A command's arguments come by name, and typer goes by what the signature says.
    keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]

    @functools.wraps(command)
    def chosen_by(**given: Any) -> None:
        command(choice=Choice(**{name: given.pop(name) for name in options}), **given)

    del vars(chosen_by)["__wrapped__"]  # typer would read its signature
    vars(chosen_by)["__signature__"] = inspect.Signature(keyword)
    chosen_by.__annotations__ = {one.name: one.annotation for one in keyword}
    return chosen_by


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before touching several messages.")]


@contextmanager
def held_mail(config: Path | None, state: Path | None) -> "Iterator[HeldMail]":
    """Open the spool, and bring its index up to date, whether or not a bay runs."""
    from dnswatch.office import mail

    with mail.held_mail(settings_of(config), state_directory(state), _complain) as held:
        yield held


def _complain(text: str) -> None:
    typer.echo(f"dnswatch: {text}", err=True)


def chosen(held: "HeldMail", choice: Choice) -> "Filter":
    """Turn the options into a filter."""
    from dnswatch.bay.queue.index import Filter

    return Filter(
        None if choice.client is None else keys_of(held, choice.client),
        choice.sender,
        choice.domain,
        _words(choice.verdict, _VERDICTS, "--verdict"),
        _words(choice.is_, _STATES, "--is"),
        choice.since,
    )


def keys_of(held: "HeldMail", client: str) -> tuple[str, ...]:
    """Return the keys of whoever is meant, on record or with mail here."""
    from dnswatch.office.mail import is_client
    from dnswatch.office.whom import Whom
    from dnswatch.store.clients import Client as Known
    from dnswatch.store.summary import machines

    whom = Whom(held.directory, held.settings)
    try:
        choose, single = whom.meant(client), whom.key(client)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--client") from None
    known = _on_record(held.directory)
    keys = {one.key for one in known}
    strangers = [key for key in held.index.keys() if key not in keys and is_client(key)]  # noqa: SIM118
    known += [Known(-n, key, 0.0, 0.0, None, None, None) for n, key in enumerate(strangers, 1)]
    found = {key for one in choose(machines(known, whom.role_of)) for key in one.keys}
    return tuple(sorted(found | ({single} if single else set())))


def _on_record(directory: Path) -> "list[Known]":
    from dnswatch.store import Store, clients

    try:
        with Store.read(directory) as store, store.snapshot() as db:
            return clients.clients(db)
    except StoreError:
        return []  # a bay on a machine of its own has no store beside it


def named(held: "HeldMail", beginning: str) -> str:
    """Find a message by its name or the beginning of it."""
    found = held.index.named(beginning.lower(), 3)
    if len(found) == 1 or (found and found[0] == beginning.lower()):
        return found[0]
    if not found:
        from dnswatch.cli.render import harmless
        from dnswatch.office.mail import absent

        raise SpoolError(absent(held.settings, harmless(beginning)))
    raise SpoolError(
        f"several messages begin with '{beginning}': {', '.join(found[:2])}"
        f"{' and more' if len(found) > 2 else ''}; write more of the name"
    )


def meant(held: "HeldMail", ids: Sequence[str] | None, wanted: "Filter") -> "list[IndexRow]":
    """Return the messages that are named, or those that fit; refuse where nobody said which."""
    from dnswatch.bay.queue.index import Filter

    if not ids and wanted == Filter():
        raise typer.BadParameter("name messages, or choose them by --client, --is, --since ...")
    rows = {row.ident: row for row in held.index.find(wanted)}
    if not ids:
        return [rows[ident] for ident in sorted(rows)]
    idents = dict.fromkeys(named(held, one) for one in ids)
    return [rows[ident] for ident in idents if ident in rows]


def confirm(what: str, count: int, ids: Sequence[str] | None, yes: bool) -> None:
    """Ask before something is done to several messages that nobody named."""
    if count > 1 and not ids and not yes:
        typer.confirm(f"{what} {count} messages?", abort=True, err=True)


def short_names(held: "HeldMail", rows: "Sequence[IndexRow]") -> dict[str, str]:
    """Shorten the names of messages as far as no other message's begins so."""
    lengths = ((row.ident, held.index.shortest(row.ident)) for row in rows)
    return {ident: ident[: max(SHORTEST, length)] for ident, length in lengths}


def when(held: "HeldMail") -> str:
    """Say when an order takes effect."""
    return "within a second" if held.spool.is_claimed() else "when the bay runs again"
