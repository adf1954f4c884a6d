"""The truth: what really happened, beside which every vantage point's view is judged."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from dnswatch.model.observation import Decided


class MailFate(StrEnum):
    """What became of a mail."""

    LEFT = "left"
    "It left the site, and was taken by its server."
    INSIDE = "inside"
    "The site's own servers took it."
    HELD = "held"
    "The holding bay has it."
    REFUSED = "refused"
    "The lookup was refused (SERVFAIL): an honest server tries again later, a worm goes on."
    BLOCKED = "blocked"
    "A filter at the edge let no connection through."
    FAILED = "failed"
    "No such host, or nobody listened."


class Infected(NamedTuple):
    """A host that was infected."""

    at: float
    host: bytes
    worm: str
    by: bytes | None
    "The host whose mail did it; None where it came from outside."


class SentMail(NamedTuple):
    """A mail that was tried."""

    at: float
    source: bytes
    domain: str
    exchange: bytes | None
    "Packed address that it was sent to; None where that was never known."
    worm: str
    "Empty where it is honest."
    fate: MailFate
    waited: float = 0.0
    "Seconds that a defence made it wait."


@dataclass(slots=True)
class InfectedSender:
    """What one infected host did, counted."""

    infected_at: float
    fates: Counter[MailFate] = field(default_factory=Counter)
    domains: set[str] = field(default_factory=set)
    "Mail domains that it has tried."
    lookups: int = 0
    verdict_at: float | None = None
    "When it was taken for infected, Unix seconds."
    domains_before: int = 0
    "Mail domains tried until then."
    left_before: int = 0
    "Mails that had left until then."

    def judged(self, at: float) -> None:
        """Note a verdict; the first one counts."""
        if self.verdict_at is None:
            self.verdict_at = at
            self.domains_before = len(self.domains)
            self.left_before = self.fates[MailFate.LEFT] + self.fates[MailFate.INSIDE]


@dataclass(slots=True)
class Truth:
    """All that happened in a run."""

    keeps_mails: bool = False
    "Keep each mail, not only its count."
    infections: list[Infected] = field(default_factory=list)
    senders: dict[bytes, InfectedSender] = field(default_factory=dict)
    "By packed address of the infected host."
    mails: list[SentMail] = field(default_factory=list)
    honest: Counter[MailFate] = field(default_factory=Counter)
    "Mails of honest hosts, those of declared mail servers aside."
    honest_waits: list[float] = field(default_factory=list)
    "Seconds that those which were sent had to wait, where they did."
    servers: Counter[MailFate] = field(default_factory=Counter)
    "Mails of declared mail servers."
    server_waits: int = 0
    "Those of them that any defence touched: held, refused, diverted or delayed. It must stay 0."
    lookups: Counter[str] = field(default_factory=Counter)
    "Questions to the site's resolver: `honest`, `worm`, and what policies decided on them."
    false: dict[bytes, float] = field(default_factory=dict)
    "Hosts that are not infected, and when they were first taken for it."
    false_count: int = 0
    "How often that happened."
    suspects: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    "Hosts that are not infected, and how often they became suspect."

    def begin_anew(self) -> None:
        """Forget what was counted so far; who is infected stays so."""
        self.mails.clear()
        for counts in (self.honest, self.servers, self.lookups, self.false, self.suspects):
            counts.clear()
        self.honest_waits.clear()
        self.server_waits = self.false_count = 0

    def infect(self, infection: Infected) -> None:
        """Note an infection."""
        self.infections.append(infection)
        self.senders[infection.host] = InfectedSender(infection.at)

    def tried(self, mail: SentMail, *, is_server: bool) -> None:
        """Note a mail."""
        if mail.worm:
            sender = self.senders[mail.source]
            sender.fates[mail.fate] += 1
            sender.domains.add(mail.domain)
        elif is_server:
            self.servers[mail.fate] += 1
            touched = (MailFate.HELD, MailFate.REFUSED, MailFate.BLOCKED)
            self.server_waits += mail.fate in touched or mail.waited > 0
        else:
            self.honest[mail.fate] += 1
            if mail.waited and mail.fate is MailFate.LEFT:
                self.honest_waits.append(mail.waited)
        if self.keeps_mails:
            self.mails.append(mail)

    def judged(self, host: bytes, rung: str, at: float) -> None:
        """Note a verdict on a host."""
        sender = self.senders.get(host)
        if sender is not None:
            if rung == "infected":
                sender.judged(at)
        elif rung == "infected":
            self.false.setdefault(host, at)
            self.false_count += 1
        elif rung != "clean":
            self.suspects[host] += 1

    def enforced(self, decided: Decided) -> None:
        """Note what a policy did to a lookup."""
        self.lookups[decided.value] += 1
