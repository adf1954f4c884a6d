"""Fates: what becomes of a message by its verdict, and what its client is told.

250 is said only where the bay takes a duty: to deliver, to let a person decide, or to answer for
that nobody sees it.  The bay never sends a bounce to anybody outside (it could only reach whom a
worm has named), so an answer in the dialogue is all that a client ever gets.
"""

from dataclasses import dataclass
from typing import Final

from dnswatch.bay.record import Fate, Verdict
from dnswatch.bay.state import Message
from dnswatch.settings.bay import Fates

_CODES: Final[dict[Fate, int]] = {"release": 250, "hold": 250, "discard": 250, "defer": 451}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client is told after DATA."""

    code: int
    "The SMTP reply code."
    text: str
    "What follows it."

    def __str__(self) -> str:
        """Write the line."""
        return f"{self.code} {self.text}"


def fate_of(verdict: Verdict, fates: Fates) -> Fate:
    """Look up what becomes of a message."""
    fate: Fate = getattr(fates, verdict)
    return fate


def reply_to(fate: Fate, ident: str) -> Reply:
    """Say what the client is told of a message that was just decided on."""
    if fate == "defer":
        return Reply(451, f"4.7.1 Not accepted yet, try again later ({ident})")
    return Reply(_CODES[fate], f"2.0.0 Accepted as {ident}")


def reply_to_retry(message: Message) -> Reply | None:
    """Say what the client is told of a message that it tries again; None: inspect it once more.

    It was never told 250 for that message: what a person decided since takes effect now.
    """
    match message.state:
        case "waiting" | "deferred":
            is_ordered = any(one.is_ordered for one in message.recipients)
            return reply_to("defer", message.ident) if is_ordered else None
        case "held" | "releasing" | "released":
            return reply_to("hold", message.ident)
        case "failed":
            said = next((one.text for one in message.recipients if one.result == "refused"), "")
            line = " ".join(said.encode("ascii", "replace").decode().split())
            return Reply(554, f"5.0.0 Refused by its exchange: {line[:300]}")
        case "discarded":
            return Reply(554, f"5.7.1 Not accepted here ({message.ident})")
