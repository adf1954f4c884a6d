"""Enforce: a mark and a mail-related lookup become a decision on its answer.

Rules of this file: a decision is made once a lookup, when its answer is there; waiting counts from
the first asking and never exceeds `CAP`; refusing is SERVFAIL, since a sender then tries again,
where NXDOMAIN would bounce its mail and "no such record" would send it elsewhere; what cannot be
rewritten honestly (signed data) is not rewritten.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from dnswatch.codes import Ede, Rcode
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.ledger import Ledger
from dnswatch.model.policies.mark import Action, Mark

CAP: Final = 4.0
"""Seconds: musl, dnspython and Go give up 5 s after the first asking, glibc asks another server."""

NULL_MX: Final = (b"\0",)
"""The exchanges of a domain that takes no mail (RFC 7505)."""


class Subject(NamedTuple):
    """A mail-related lookup of a marked client."""

    kind: LookupKind
    domain: bytes
    "The mail domain it belongs to, lower-case wire form."
    qname: bytes
    asked_at: float
    "When the client asked first, Unix seconds: retries do not count anew."


class Facts(NamedTuple):
    """What a decision needs to know of the answer."""

    rcode: int
    exchanges: tuple[bytes, ...] = ()
    "Of its MX records, lower-case wire form."
    is_refresh: bool = False
    "It brings addresses, and all of them were known and unexpired."
    is_signed: bool = False
    "The client asked for DNSSEC data, and got some."


@dataclass(frozen=True, slots=True)
class Pass:
    """Give the answer."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer SERVFAIL, and say why."""

    code: Ede


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait, and then do what follows."""

    until: float
    "Unix seconds."
    then: Pass | Refuse


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Name the holding bay in place of the exchange."""


Decision = Pass | Hold | Refuse | Rewrite

PASS: Final = Pass()
BLOCKED: Final = Refuse(Ede.BLOCKED)


def decide(mark: Mark, subject: Subject, answer: Facts, ledger: Ledger, now: float) -> Decision:
    """Decide on an answer; `ledger` is the client's, and remembers."""
    if subject.kind not in mark.kinds or now >= mark.until:
        return PASS
    match mark.action:
        case Action.OBSERVE:
            return PASS
        case Action.REFUSE:
            return Refuse(Ede.PROHIBITED)
        case Action.QUARANTINE:
            return _quarantine(mark, subject, answer, now)
        case Action.LIMIT_REFRESHES:
            return _limit(mark, subject, answer, ledger, now)
        case Action.DELAY:
            slow = _delay(mark, subject, answer, ledger, now)
            return slow if slow is not PASS else _limit(mark, subject, answer, ledger, now)


def refuses_at_once(mark: Mark, subject: Subject, now: float) -> bool:
    """Say whether a lookup is refused whatever its answer would be."""
    return mark.action is Action.REFUSE and subject.kind in mark.kinds and now < mark.until


def _delay(mark: Mark, subject: Subject, answer: Facts, ledger: Ledger, now: float) -> Decision:
    """Slow down what is new to the client: a constant delay would hardly slow a worm."""
    terms = mark.terms
    if ledger.knows(subject.qname) or ledger.knows(subject.domain):
        decision: Decision = PASS
    elif ledger.take(terms.bucket, terms.refill, now):
        decision = _hold(subject, terms.hold, PASS, now)
    elif terms.refuses:
        return _hold(subject, terms.excess, BLOCKED, now)
    else:
        decision = _hold(subject, terms.excess, PASS, now)
    for name in (subject.domain, *answer.exchanges):
        ledger.learn(name)
    return decision


def _limit(mark: Mark, subject: Subject, answer: Facts, ledger: Ledger, now: float) -> Decision:
    """Let what brings nothing new pass at a slow pace."""
    if not mark.terms.refreshes or not answer.is_refresh:
        return PASS
    at = ledger.refresh(mark.terms.refreshes, subject.asked_at + CAP, now)
    if at is None:
        return _hold(subject, CAP, BLOCKED, now)
    return Hold(at, PASS) if at > now else PASS


def _quarantine(mark: Mark, subject: Subject, answer: Facts, now: float) -> Decision:
    """Divert what leads to an exchange; a domain that takes no mail goes on taking none."""
    if answer.rcode != Rcode.NOERROR or answer.exchanges == NULL_MX:
        return PASS
    if not answer.is_signed:
        return Rewrite()
    return _hold(subject, mark.terms.excess, PASS, now) if mark.terms.signed_waits else BLOCKED


def _hold(subject: Subject, wait: float, then: Pass | Refuse, now: float) -> Decision:
    until = subject.asked_at + min(wait, CAP)
    return Hold(until, then) if until > now else then
