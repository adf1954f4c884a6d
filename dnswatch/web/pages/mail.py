"""Held mail: listed, read without harm, released and discarded."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, Final

import msgspec

from dnswatch.bay.queue.index import Filter, IndexRow
from dnswatch.bay.queue.view import MOST_BYTES, MOST_TAKEN, part_of, view_of
from dnswatch.bay.record import Disposition
from dnswatch.errors import ConsoleError, SpoolError
from dnswatch.office import mail
from dnswatch.web.console import Console
from dnswatch.web.html import html_of
from dnswatch.web.pages.request import ConsoleRequest, Done

MOST: Final = 500
"""Messages of a list."""

UNDECIDED: Final = ("waiting", "deferred", "held", "failed")

_FATES: Final[dict[str, Disposition]] = {"release": "release", "discard": "discard"}
"""What persons may do to a message."""

logger: Final = logging.getLogger("dnswatch.web")


class MessageRow(msgspec.Struct):
    """A message in a list."""

    ident: str
    at: float
    client: str
    sender: str
    recipients: list[str]
    subject: str
    verdict: str
    "Empty before it was judged."
    state: str
    size: int
    is_kept: bool
    "The message itself is still there."


class Mailbox(msgspec.Struct):
    """The messages that fit."""

    messages: list[MessageRow]
    states: dict[str, int]
    "How many are in each state, whatever was chosen."
    verdict: str
    state: str
    client: str
    trouble: str
    "Why there is no list."
    more: bool


class RecipientRow(msgspec.Struct):
    """A recipient."""

    address: str
    state: str
    said: str
    "What its exchange said last."


class HistoryRow(msgspec.Struct):
    """A line of what happened to it."""

    at: float
    texts: list[str]


class MessagePage(msgspec.Struct):
    """One message."""

    message: MessageRow
    helo: str
    sha256: str
    copies: list[RecipientRow]
    events: list[HistoryRow]
    view: dict[str, Any] | None
    "Its headers, its text and the names of its parts; null where it is no longer kept."
    has_html: bool


def read(request: ConsoleRequest) -> Mailbox:
    """Read the messages that fit what was asked."""
    verdict, state = request.text("verdict"), request.text("state", "open")
    client = request.text("client", longest=200)
    chosen = UNDECIDED if state == "open" else (state,) if state in mail.STATES else ()
    wanted = Filter(
        keys=(client,) if client else None,
        states=chosen,
        limit=MOST + 1,
        verdicts=(verdict,) if verdict in mail.VERDICTS else (),
    )
    try:
        with _held(request.console) as held:
            rows = held.index.find(wanted)
            states = held.index.totals(Filter()).states
    except SpoolError as error:
        return Mailbox([], {}, verdict, state, client, str(error), False)
    listed = [_message(row) for row in rows[:MOST]]
    return Mailbox(listed, states, verdict, state, client, "", len(rows) > MOST)


def of_clients(console: Console, keys: list[str], *, sees_letters: bool) -> list[MessageRow]:
    """Return the messages of some clients, the newest first; none where there is no bay.

    Who may not see letters sees that they are there, and nothing of them.
    """
    try:
        with _held(console) as held:
            rows = held.index.find(Filter(keys=tuple(keys), limit=MOST))
    except SpoolError:
        return []
    found = [_message(row) for row in rows]
    if not sees_letters:
        for one in found:
            one.sender, one.subject, one.recipients = "", "", []
    return found


def show(request: ConsoleRequest) -> MessagePage:
    """Read one message."""
    ident = request.path["ident"]
    with _held(request.console) as held:
        [row] = _rows(held, [ident])
        message, lines = held.spool.message(ident), held.spool.lines(ident)
        data = b""
        if message.gone is None:
            with held.spool.open(ident) as file:
                data = file.read(MOST_BYTES + 1)
    envelope = message.envelope
    return MessagePage(
        _message(row),
        envelope.helo,
        envelope.sha256,
        [RecipientRow(one.address, one.state, one.text) for one in message.recipients],
        [HistoryRow(line.at, texts) for line in lines[1:] if (texts := mail.told(line))],
        asdict(view_of(data)) if data else None,
        bool(html_of(data)),
    )


def html(request: ConsoleRequest) -> str:
    """Read the HTML of a message, without what could reach out of its frame."""
    ident = request.path["ident"]
    with _held(request.console) as held:
        _rows(held, [ident])
        with held.spool.open(ident) as file:
            return html_of(file.read(MOST_BYTES + 1))


def part(request: ConsoleRequest) -> tuple[str, bytes]:
    """Take a part out of a message: a file name that nobody else chose, and its bytes."""
    ident, number = request.path["ident"], int(request.path["number"])
    with _held(request.console) as held:
        _rows(held, [ident])
        with held.spool.open(ident) as file:
            found = part_of(file.read(MOST_TAKEN + 1), number)
    return f"held-{ident}-{number}.bin", found


def decide(request: ConsoleRequest) -> Done:
    """Release or discard the messages that are named."""
    idents = list(dict.fromkeys(request.many("ident")))
    fate = _FATES.get(request.path["fate"])
    if fate is None:
        raise ConsoleError(f"'{request.path['fate']}' is nothing that is done to a message", 404)
    if not idents:
        raise ConsoleError("no message was chosen: tick those that are meant")
    with _held(request.console) as held:
        usable = mail.usable(_rows(held, idents), fate, are_named=True)
        mail.decide(held, usable, fate, (), request.why, request.visitor.name)
        when = "within a second" if held.spool.is_claimed() else "when the bay runs again"
    many = "message is" if len(usable) == 1 else "messages are"
    what = "sent on" if fate == "release" else "discarded"
    then = f"/mail/{idents[0]}" if request.text("from") == "message" else "/mail"
    return Done(f"ordered: {len(usable)} {many} {what} {when}", then)


def held_count(console: Console) -> int:
    """Count what nobody has decided on; 0 where there is no bay."""
    try:
        with _held(console) as held:
            states = held.index.totals(Filter(states=UNDECIDED)).states
    except SpoolError:
        return 0
    return sum(states.values())


def _held(console: Console) -> AbstractContextManager[mail.HeldMail]:
    return mail.held_mail(console.settings, console.state, logger.warning)


def _rows(held: mail.HeldMail, idents: Sequence[str]) -> list[IndexRow]:
    """Return the messages of these names."""
    found = {row.ident: row for row in held.index.find(Filter())}
    for ident in idents:
        if ident not in found:
            raise ConsoleError(mail.absent(held.settings, ident[:40]), 404)
    return [found[ident] for ident in idents]


def _message(row: IndexRow) -> MessageRow:
    return MessageRow(
        row.ident,
        row.at,
        row.key,
        row.sender or "<>",
        [to for to, _ in row.recipients],
        row.subject,
        row.verdict or "",
        row.state,
        row.size,
        row.has_body,
    )
