"""The state of a message: what follows from the lines of its record, and from nothing else.

    waiting     nobody has decided what becomes of it
    deferred    a copy is kept, and its client was told to try again
    held        kept until a person decides
    releasing   on its way to some recipients, who neither have it nor were refused it
    released    every recipient it was released to has it
    failed      an exchange refused a recipient for good, or it was given up
    discarded   thrown away for all whom it was not released to

A message can be decided on recipient by recipient; the one that still asks for something to be done
gives its state to the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from dnswatch.bay.record import (
    DAEMON,
    Answered,
    Decision,
    DeliveryOutcome,
    Disposition,
    Envelope,
    ExpiryWarning,
    Gone,
    Judged,
    Line,
    Tried,
    Verdict,
)

State = Literal["waiting", "deferred", "held", "releasing", "released", "failed", "discarded"]
"""What a message, or a recipient of one, is up to."""

STATES: Final[tuple[State, ...]] = get_args(State)
"""All of them."""

_OF_FATE: Final[dict[Disposition | None, State]] = {
    None: "waiting",
    "defer": "deferred",
    "hold": "held",
    "release": "releasing",
    "discard": "discarded",
}
_OF_RESULT: Final[dict[str, State]] = {
    "delivered": "released",
    "later": "releasing",
    "refused": "failed",
}
_FIRST: Final[tuple[State, ...]] = (
    "releasing",
    "waiting",
    "held",
    "deferred",
    "failed",
    "released",
    "discarded",
)
"""Of its recipients' states the message has the first of these."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of a message, and how far the message has come."""

    address: str
    "As in RCPT TO."
    fate: Disposition | None = None
    "What was decided last; None before."
    is_ordered: bool = False
    "Whether a person decided it: the bay itself decides nothing against that."
    result: Literal["delivered", "later", "refused"] | None = None
    "What the exchange said last; None before it was asked."
    text: str = ""
    "Its words."
    tries: int = 0
    "Deliveries that were begun."
    tried_at: float | None = None
    "When the last one began, Unix seconds."

    @property
    def is_final(self) -> bool:
        """Whether its delivery has come to an end; only a person can begin another."""
        return self.result in ("delivered", "refused")

    @property
    def is_open(self) -> bool:
        """Whether a delivery began of which nobody knows the end: it may have come to pass."""
        return self.tries > 0 and self.result is None

    @property
    def state(self) -> State:
        """What it is up to."""
        if self.is_final and self.result is not None:
            return _OF_RESULT[self.result]
        return _OF_FATE[self.fate]


@dataclass(frozen=True, slots=True)
class Message:
    """All that its record says of a message."""

    envelope: Envelope
    recipients: tuple[Recipient, ...]
    "Each once, in the order of RCPT TO."
    judged: Judged | None = None
    "The last judgment."
    decided: Decision | None = None
    "The last decision."
    released_at: float | None = None
    "When it was released, or ordered to be again, Unix seconds: delivery is given up after that."
    answered: Answered | None = None
    "The last answer to DATA; None where the client left without one."
    warned: ExpiryWarning | None = None
    "The last warning that it will be thrown away."
    gone: Gone | None = None
    "Why there is no body any more."
    changed_at: float = 0.0
    "When anything but a warning was last written of it, Unix seconds."

    @property
    def ident(self) -> str:
        """Its name."""
        return self.envelope.ident

    @property
    def verdict(self) -> Verdict | None:
        """What inspection said of it; None before."""
        return self.judged.verdict if self.judged else None

    @property
    def is_ours(self) -> bool:
        """Whether the client was told 250: the duty of delivery is the bay's."""
        return self.answered is not None and 200 <= self.answered.code < 300

    @property
    def state(self) -> State:
        """What it is up to; without a body nothing that is left can be done."""
        states = {one.state for one in self.recipients}
        first = next(state for state in _FIRST if state in states)
        if self.gone is None or first in ("failed", "released", "discarded"):
            return first
        return next((one for one in ("failed", "released") if one in states), "discarded")

    @property
    def due(self) -> tuple[Recipient, ...]:
        """Whom it is to be delivered to."""
        if self.gone is not None:
            return ()
        return tuple(one for one in self.recipients if one.state == "releasing")


def fold(lines: Iterable[Line]) -> Message | None:
    """Read a record; None where it does not begin with an envelope."""
    lines = iter(lines)
    envelope = next(lines, None)
    if not isinstance(envelope, Envelope):
        return None
    unique = dict.fromkeys(envelope.recipients)
    message = Message(envelope, tuple(map(Recipient, unique)), changed_at=envelope.at)
    for line in lines:
        message = follow(message, line)
    return message


def follow(message: Message, line: Line) -> Message:
    """Return the message as it is after one more line."""
    match line:
        case Judged():
            return replace(message, judged=line, changed_at=line.at)
        case Decision():
            return _decide(message, line)
        case Answered():
            return replace(message, answered=line, changed_at=line.at)
        case Tried():
            return _try(message, line)
        case DeliveryOutcome():
            return _end(message, line)
        case Gone():
            return replace(message, gone=line, changed_at=line.at)
        case ExpiryWarning():
            return replace(message, warned=line)
        case Envelope():  # a second one says nothing new
            return replace(message, changed_at=line.at)


def _decide(message: Message, line: Decision) -> Message:
    is_order = line.actor != DAEMON

    def decided(one: Recipient) -> Recipient:
        is_meant = not line.recipients or one.address in line.recipients
        if one.result == "delivered" or not is_meant:
            return one
        if not is_order:  # it may have been inspected while a person decided on it
            return one if one.is_final or one.is_ordered else replace(one, fate=line.fate)
        if one.is_final or (line.fate == "release" and not one.is_open):
            # all over again; what is released, at once
            return Recipient(one.address, line.fate, is_ordered=True, text=one.text)
        return replace(one, fate=line.fate, is_ordered=True)

    at = message.released_at
    if line.fate == "release" and (at is None or is_order):
        at = line.at
    recipients = tuple(map(decided, message.recipients))
    return replace(message, decided=line, released_at=at, recipients=recipients, changed_at=line.at)


def _try(message: Message, line: Tried) -> Message:
    def tried(one: Recipient) -> Recipient:
        if one.address not in line.recipients:
            return one
        return replace(one, tries=one.tries + 1, tried_at=line.at, result=None)

    return replace(message, recipients=tuple(map(tried, message.recipients)), changed_at=line.at)


def _end(message: Message, line: DeliveryOutcome) -> Message:
    def ended(one: Recipient) -> Recipient:
        if one.address != line.recipient:
            return one
        return replace(one, result=line.result, text=line.text)

    return replace(message, recipients=tuple(map(ended, message.recipients)), changed_at=line.at)
