"""Mark: what an enforcement point must do for a client's mail-related answers, and until when."""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from dnswatch.model.exchanges import LookupKind


class Action(StrEnum):
    """What is done to an answer."""

    OBSERVE = "observe"
    "Nothing; as the policy that comes first it keeps those behind it from acting."
    DELAY = "delay"
    "Answers about mail domains new to the client wait; beyond its bucket they wait longest."
    LIMIT_REFRESHES = "limit-refreshes"
    "Answers that bring nothing but what the site knows already are given at a slow rate."
    QUARANTINE = "quarantine"
    "Answers name the holding bay in place of the exchange."
    REFUSE = "refuse"
    "SERVFAIL: mail is queued, not bounced."


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """The numbers of an action; those that an action does not know stand at 0."""

    hold: float = 0.0
    "Seconds that an answer about a novel mail domain waits, from the first asking."
    bucket: float = 0.0
    "Novel mail domains that may be asked for at once."
    refill: float = 0.0
    "Seconds until one more may."
    excess: float = 0.0
    "Seconds that an answer beyond the bucket waits."
    refuses: bool = False
    "What follows that wait: SERVFAIL, or the answer."
    refreshes: float = 0.0
    "Seconds between two answers that bring nothing but refreshes; 0 is no limit."
    signed_waits: bool = False
    "Signed data, which cannot be rewritten, is given after `excess`; else SERVFAIL."

    def shared(self, workers: float) -> "Terms":
        """Return one worker's part of them, where `workers` workers serve the client in turn."""
        return msgspec.structs.replace(
            self,
            bucket=max(1.0, self.bucket / workers),
            refill=self.refill * workers,
            refreshes=self.refreshes * workers,
        )


NEW_WEB: Final = 4
"""Names called like mail hosts that a client may begin to use for the web within a day.  Nobody
opens more new web mails; and a worm that asks HTTPS records of each guess, as a browser does, frees
no more than these."""


class WebNames(NamedTuple):
    """Names (lower-case wire form) that look like mail hosts and are web sites to one client."""

    used: tuple[bytes, ...] = ()
    "Those that it used before there was evidence against it."
    visited: tuple[bytes, ...] = ()
    "Those that it has asked HTTPS records of, whenever; `NEW_WEB` more a day."


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What an enforcement point must do for one client."""

    client: bytes
    "Packed address."
    policy: str
    "The name of the policy that says so."
    action: Action
    terms: Terms
    kinds: tuple[LookupKind, ...]
    "Lookups that it is about; no other is touched."
    until: float
    "When it ends without another word, Unix seconds."
    dry_run: bool = False
    "Decide and record, but do nothing."
    web: WebNames = WebNames()
    "They stand in the last of a client's marks."


class Marks(msgspec.Struct, frozen=True, array_like=True):
    """News of marks: they replace those that the same clients had."""

    marks: list[Mark] = []
    "In order of precedence, of each client; one at most that is no dry run, which is the last."
    unmarked: list[bytes] = []
    "Clients that have no mark any more."
    whole: bool = False
    "These are all there are: forget the others."


class Doubts(msgspec.Struct, frozen=True, array_like=True):
    """News of whom nothing more is believed without proof of its address: suspects and worse."""

    suspects: list[tuple[bytes, float]] = []
    "Packed address, and until when, Unix seconds."
    cleared: list[bytes] = []
    whole: bool = False
    "These are all there are: forget the others."
