"""Roles: which undeclared hosts are mail servers by what others do, so a person may declare them.

How a host behaves is never enough to propose it: a worm that was there from the beginning mails to
the same domains again and again, by day and night, as a mail server does.  What a worm does not
have is **mail coming in**, and one sign of that is needed at least:

- other clients of the site ask for a mail host's name and are led to its address, as those do whose
  mail program uses it, or who follow the MX answer of the site's own domain;
- others open SMTP connections to it, where a recording shows connections;
- the site's administrators gave it a mail host's name (hosts file or reverse zone; the name in a
  lease is what the machine calls itself).

Beside it each trait of behaviour moves the log-odds, three days of it are needed, and a host that
was suspect before is no candidate.  Still a proposal changes nothing: what exempts from detection
is a person's word, and each proposal says what speaks against it (`CAUTION`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from typing import Final

DAYS: Final = 3
"""Days of such behaviour before it is proposed."""
LEAST: Final = 50
"""MX questions below which nobody needs to be declared."""
OTHERS: Final = 3
"""Others that must ask for a host's name, or connect to it: one may be an accomplice."""
CAUTION: Final = "or a worm that was there from the beginning: look at the machine first"
"""What each proposal says."""
_PRIOR: Final = log(0.01 / 0.99)
"""One host in a hundred, before anything is known of it."""
_CERTAIN: Final = log(0.9 / 0.1)
_INBOUND: Final = log(0.9 / 0.002)
"""Of a sign that mail comes in: of servers nine in ten show it, of other machines hardly any."""


@dataclass(slots=True)
class Conduct:
    """What a client does, and what others do with it, that tells its role."""

    days: int = 0
    "Days with MX questions."
    last_day: int = 0
    questions: int = 0
    novel: int = 0
    hours: int = 0
    "Bit h is set where it asked in hour h of the last day (UTC)."
    earlier_hours: int = 0
    "Hours in which it asked, summed up over the days before."
    suspect_on: int | None = None
    "`days` when it was first suspect."
    mail_name: bytes = b""
    "Mail host's name (wire form) that led to its address last."
    askers: list[bytes] = field(default_factory=list)
    "Other clients that were led so, `OTHERS` at most."
    callers: list[bytes] = field(default_factory=list)
    "Others whose SMTP connections it took, `OTHERS` at most; packed addresses."

    def note(self, at: float, is_novel: bool) -> None:
        """Count an MX question."""
        day = int(at // 86400)
        if day != self.last_day:
            self.earlier_hours += self.hours.bit_count()
            self.days += 1
            self.last_day, self.hours = day, 0
        self.questions += 1
        self.novel += is_novel
        self.hours |= 1 << int(at % 86400 // 3600)

    def named(self, name: bytes, asker: bytes) -> None:
        """Note that another client was led to it as to a mail host."""
        self.mail_name = name
        _add(self.askers, asker)

    def called(self, caller: bytes) -> None:
        """Note that it took another's SMTP connection."""
        _add(self.callers, caller)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one undeclared host did, and what others did with it."""

    days: int
    "Days on which it asked for MX records."
    questions: int
    "MX questions."
    novel: int
    "Those of them that brought a domain that was novel to it."
    hours: float
    "Hours of a day (0 to 24) in which it asks, in the mean."
    checks: float
    "Share of PTR and TXT among all its lookups: what who receives mail asks of its senders."
    was_suspect: bool
    "Whether it was suspect before it had behaved so for `DAYS`."
    inbound: tuple[str, ...] = ()
    "Signs that mail comes in to it, in sentences."


def behaviour_of(
    conduct: Conduct, counts: Mapping[str, int], inbound: tuple[str, ...]
) -> Behaviour:
    """Sum up a client; `counts` has its lookups by measure (changes.py)."""
    checks = counts.get("type:PTR", 0) + counts.get("type:TXT", 0)
    suspect_on = conduct.suspect_on
    return Behaviour(
        conduct.days,
        conduct.questions,
        conduct.novel,
        (conduct.earlier_hours + conduct.hours.bit_count()) / max(1, conduct.days),
        checks / max(1, counts.get("lookup", 0)),
        suspect_on is not None and suspect_on <= DAYS,
        inbound,
    )


def signs_of(conduct: Conduct, mail_name: str, given_name: str | None) -> tuple[str, ...]:
    """Say what shows that mail comes in to a host.

    `mail_name` is the conduct's, as text; `given_name` a mail host's name that the site's
    administrators gave it, if they did.
    """
    signs = []
    if len(conduct.askers) >= OTHERS:
        signs.append(f"others at the site ask for {mail_name}, which has its address")
    if len(conduct.callers) >= OTHERS:
        signs.append("it takes SMTP connections of others")
    if given_name:
        signs.append(f"it is called {given_name} in the hosts file or the reverse zone")
    return tuple(signs)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A host that a person may want to declare."""

    client: bytes
    odds: float
    "Log-odds that it is a mail server, nats."
    reasons: tuple[str, ...]
    "What speaks for it, in sentences."
    against: tuple[str, ...] = ()
    "What speaks against it, in sentences."


def propose(client: bytes, host: Behaviour) -> Proposal | None:
    """Propose to declare a host that mail comes in to, where it behaves like a mail server."""
    if host.days < DAYS or host.questions < LEAST or host.was_suspect or not host.inbound:
        return None
    repeats = 1 - host.novel / host.questions
    daily = host.questions / host.days
    traits = (
        (repeats, 0.8, 0.3, f"{repeats:.0%} of its MX questions are for domains it knows"),
        (min(1.0, host.hours / 24), 0.85, 0.4, f"it asks in {host.hours:.0f} of a day's 24 hours"),
        (min(1.0, host.checks * 4), 0.7, 0.4, f"{host.checks:.0%} of its lookups are PTR or TXT"),
        (min(1.0, daily / 200), 0.6, 0.3, f"it asks {daily:.0f} MX questions a day"),
    )
    weighed = [(_weight(share, server, other), text) for share, server, other, text in traits]
    odds = _PRIOR + len(host.inbound) * _INBOUND + sum(weight for weight, _ in weighed)
    if odds < _CERTAIN:
        return None
    reasons = (*host.inbound, *(text for weight, text in weighed if weight > 0))
    return Proposal(client, odds, reasons, tuple(text for weight, text in weighed if weight <= 0))


def _weight(share: float, server: float, client: float) -> float:
    """Log-likelihood ratio of a trait that is there to some extent; it is worth four trials."""
    seen, missed = log(server / client), log((1 - server) / (1 - client))
    return 4 * (share * seen + (1 - share) * missed)


def _add(others: list[bytes], other: bytes) -> None:
    if len(others) < OTHERS and other not in others:
        others.append(other)
