"""Note: a change that somebody may ask about later: what, when, why, and by whom."""

from enum import StrEnum
from typing import Final

import msgspec


class About(StrEnum):
    """What changed."""

    VERDICT = "verdict"
    MARK = "mark"
    POLICY = "policy"
    OVERRULE = "overrule"
    ROLE = "role"
    WARNING = "warning"
    MESSAGE = "message"
    "Mail of a client in the holding bay."
    DECISION = "decision"
    "What a person decided on such mail."
    FAULT = "fault"
    "What went wrong in dnswatch itself, and was survived."


WATCH: Final = "dnswatch"
"""The actor of what no person did."""


class Note(msgspec.Struct, frozen=True):
    """One change."""

    at: float
    "Unix seconds."
    about: About
    text: str
    "What is now: `delay until …`."
    cause: str
    "Why, in words."
    actor: str = WATCH
    "The person's account, or `dnswatch`."
    client: bytes | None = None
    "Packed address, where it is about a client."
