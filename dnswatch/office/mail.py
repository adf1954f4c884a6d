"""Held mail: the spool with its index, what happened to a message, and what persons decide."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.bay import record
from dnswatch.bay.paths import spool_of
from dnswatch.bay.queue import orders
from dnswatch.bay.queue.index import Index, IndexRow
from dnswatch.bay.spool import Spool
from dnswatch.errors import DnswatchError, SpoolError
from dnswatch.model.policies.note import About
from dnswatch.office.orders import tell_decision
from dnswatch.settings import Settings
from dnswatch.store.orders import LogEntry

STATES: Final = ("waiting", "deferred", "held", "releasing", "released", "failed", "discarded")
VERDICTS: Final = ("clean", "unsure", "worm")


@dataclass(frozen=True, slots=True)
class HeldMail:
    """The mail of a bay."""

    directory: Path
    "The state directory."
    settings: Settings
    spool: Spool
    index: Index
    complain: Callable[[str], object]
    "Takes a sentence for whoever has this open."


@contextmanager
def held_mail(
    settings: Settings, directory: Path, complain: Callable[[str], object]
) -> Iterator[HeldMail]:
    """Open the spool, and bring its index up to date, whether or not a bay runs.

    What is missing in the index is told to `complain`.  Raises `SpoolError` where there is no mail.
    """
    spool = spool_of(settings, directory)
    if not (spool.path / "records").is_dir():
        raise SpoolError(
            f"there is no held mail in '{spool.path}': no holding bay has run there, or it is not"
            " yours to read"
        )
    with Index(spool) as index:
        try:
            for ident in index.catch_up():
                complain(f"the record of message {ident} is damaged: left out")
        except SpoolError as error:  # on a full disk one must see at least what could go
            complain(f"what came last may be missing here: {error}")
        yield HeldMail(directory, settings, spool, index, complain)


def absent(settings: Settings, ident: str) -> str:
    """Say that there is no message of a name."""
    if settings.fleet.engine:
        return (
            f"there is no message '{ident}' in the bay of this node, '{settings.fleet.node}':"
            " `dnswatch bay list` shows all of its; another node's lies where that node runs"
        )
    return f"there is no message '{ident}': `dnswatch bay list` shows all"


def usable(
    rows: Sequence[IndexRow], fate: record.Disposition, *, are_named: bool
) -> list[IndexRow]:
    """Return the messages that can be released or discarded.

    Raises `SpoolError` where one of those that a person named cannot be.
    """
    fits = _is_left if fate == "release" else _is_open
    found = [row for row in rows if row.has_body and fits(row)]
    if are_named:
        for row in rows:
            if row not in found:
                reason = "is no longer kept" if not row.has_body else f"is {row.state} already"
                raise SpoolError(f"message {row.ident} {reason}: nothing was done")
    return found


def decide(
    held: HeldMail,
    rows: Sequence[IndexRow],
    fate: record.Disposition,
    to: tuple[str, ...],
    why: str,
    actor: str,
) -> None:
    """Write a person's decision on messages, for the recipients `to`, or all where it is empty.

    The log tells it, too; that it cannot be written keeps no mail back.
    """
    now = clock.now()
    lines: list[tuple[str, record.Line]] = []
    for row in rows:
        addresses = [address for address, _ in row.recipients]
        unknown = [one for one in to if one not in addresses]
        if unknown:
            raise SpoolError(
                f"message {row.ident} is not for '{unknown[0]}' but for"
                f" {', '.join(addresses[:5])}{' and others' if len(addresses) > 5 else ''}:"
                " nothing was done"
            )
        line = record.Decision(at=now, fate=fate, actor=actor, why=why, recipients=to)
        lines.append((row.ident, line))
    orders.give(held.spool, lines)
    try:
        tell_decision(held.directory, held.settings, _entries(rows, fate, now, to, why, actor))
    except DnswatchError as error:
        held.complain(f"it is done, but does not stand in `dnswatch log`: {error}")


def _entries(
    rows: Sequence[IndexRow],
    fate: record.Disposition,
    at: float,
    to: tuple[str, ...],
    why: str,
    actor: str,
) -> Iterator[LogEntry]:
    """Tell a decision in an entry for each client: one may be on thousands of messages."""
    idents: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        idents[row.key].append(row.ident)
    for key, found in idents.items():
        client = key if is_client(key) else None
        several = f"{len(found)} messages" if len(found) > 1 else "a message"
        whom = f" for {', '.join(to[:5])}{' and others' * (len(to) > 5)}" if to else ""
        which = f"{', '.join(found[:3])}{' and others' * (len(found) > 3)}"
        cause = f"{which}{f': {why}' if why else ''}"
        yield LogEntry(at, About.DECISION, client, f"{fate} {several}{whom}", cause, actor)


def told(line: record.Line) -> list[str]:
    """Say what a line of a record says."""
    match line:
        case record.Judged(verdict=verdict, opinions=opinions):
            reasons = [f"  {one.inspector}: {one.says}, {one.reason}" for one in opinions]
            return [f"found {verdict}", *reasons]
        case record.Decision(fate=fate, actor=actor, why=why, recipients=recipients):
            whom = f" for {', '.join(recipients)}" if recipients else ""
            return [f"{fate}{whom}, by {actor}{f': {why}' if why else ''}"]
        case record.Answered(code=code):
            return [f"its client was answered {code}"]
        case record.Tried(recipients=recipients, exchange=exchange):
            return [f"tried {exchange or 'no exchange'} for {', '.join(recipients)}"]
        case record.DeliveryOutcome(recipient=recipient, result=result, text=text):
            return [f"{recipient}: {result}, {text}"]
        case record.ExpiryWarning():
            return ["it was said that it will be thrown away"]
        case record.Gone(why=why, actor=actor):
            return [f"its body went, by {actor}: {why}"]
    return []


def is_client(key: str) -> bool:
    """Say whether a message's key is one of a client: the bay writes mail of its own."""
    return key.startswith("~") or any(mark in key for mark in ".:")


def _is_left(row: IndexRow) -> bool:
    return any(its != "released" for _, its in row.recipients)


def _is_open(row: IndexRow) -> bool:
    return row.state not in ("released", "discarded")
