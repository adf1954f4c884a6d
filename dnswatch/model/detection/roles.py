"""Roles: which undeclared hosts behave like a mail server, so that a person may declare them.

Behaviour is only ever a reason to propose.  A worm could behave so too, and what exempts from
detection must be a person's word: a proposal changes nothing by itself.

A mail server writes to the same domains again and again, at night as by day, and (where it receives
mail) asks for names of addresses (PTR) and policies of senders (TXT).  Each trait moves the
log-odds; three days of it are needed, and a host that was suspect before it behaved so is no
candidate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Final

from dnswatch.model.detection.case import Conduct

DAYS: Final = 3
"""Days of such behaviour before it is proposed."""
LEAST: Final = 50
"""MX questions below which nobody needs to be declared."""
_PRIOR: Final = log(0.01 / 0.99)
"""One host in a hundred, before anything is known of it."""
_CERTAIN: Final = log(0.9 / 0.1)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one undeclared host did."""

    days: int
    "Days on which it asked for MX records."
    questions: int
    "MX questions."
    novel: int
    "Those of them that brought a domain that was novel to it."
    hours: int
    "Hours of the day (0 to 24) in which it ever asked."
    inbound: float
    "Share of PTR and TXT among all its lookups."
    was_suspect: bool
    "Whether it was suspect before it had behaved so for `DAYS`."


def behaviour_of(conduct: Conduct, counts: Mapping[str, int]) -> Behaviour:
    """Sum up a client; `counts` has its lookups by measure (changes.py)."""
    inbound = counts.get("type:PTR", 0) + counts.get("type:TXT", 0)
    suspect_on = conduct.suspect_on
    return Behaviour(
        conduct.days, conduct.questions, conduct.novel, conduct.hours.bit_count(),
        inbound / max(1, counts.get("lookup", 0)), suspect_on is not None and suspect_on <= DAYS,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """A host that a person may want to declare."""

    client: bytes
    odds: float
    "Log-odds that it is a mail server, nats."
    reasons: tuple[str, ...]
    "Sentences."


def propose(client: bytes, host: Behaviour) -> Proposal | None:
    """Propose to declare a host, where it behaves like a mail server."""
    if host.days < DAYS or host.questions < LEAST or host.was_suspect:
        return None
    repeats = 1 - host.novel / host.questions
    traits = (
        (repeats, 0.8, 0.3, f"{repeats:.0%} of its MX questions are for domains it knows"),
        (host.hours / 24, 0.85, 0.4, f"it asks in {host.hours} of the 24 hours of a day"),
        (min(1.0, host.inbound * 4), 0.7, 0.1, f"{host.inbound:.0%} of its lookups are PTR or TXT"),
        (min(1.0, host.questions / host.days / 200), 0.6, 0.05,
         f"it asks {host.questions / host.days:.0f} MX questions a day"),
    )  # fmt: skip
    odds = _PRIOR + sum(_weight(share, server, client) for share, server, client, _ in traits)
    if odds < _CERTAIN:
        return None
    reasons = [text for share, server, client, text in traits if _weight(share, server, client) > 0]
    return Proposal(client, odds, tuple(reasons))


def _weight(share: float, server: float, client: float) -> float:
    """Log-likelihood ratio of a trait that is there to some extent; it is worth four trials."""
    seen, missed = log(server / client), log((1 - server) / (1 - client))
    return 4 * (share * seen + (1 - share) * missed)
