"""Policy: what the file of a policy says: whom it is for, which lookups, and what it does.

A policy has one `action` with its `parameters`, or `steps`: then the last step whose evidence the
client has reached is what it does.
"""

import re
from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal, NamedTuple, Self

import msgspec

from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.mark import Action, Terms
from dnswatch.settings import Duration, Range, Subnet

CAP: Final = "4s"
"""The longest that an answer is held: musl, dnspython and Go give up 5 s after the first asking."""

_HOLD: Final = Range("0", CAP, "no stub waits longer than 5 s in all")
_PACE: Final = Range("0", "30d", "more is no pace")

Evidence = Literal["any", "suspect", "likely", "infected"]
ActionName = Literal["observe", "delay", "limit-refreshes", "quarantine", "refuse"]
Text = Annotated[str, msgspec.Meta(min_length=1)]
DAY: Final = 86400


class Hours(str):
    """A time of day, in local time: `"18:00-07:00"` goes over midnight."""

    form: ClassVar = 'a time of day like "18:00-07:00"'
    begin: int
    "Seconds after midnight."
    end: int
    "Seconds after midnight."

    def __new__(cls, text: str) -> Self:
        """Read a time of day."""
        clock = r"([01]?\d|2[0-3]):([0-5]\d)"
        match = re.fullmatch(rf"{clock}\s*-\s*(?:{clock}|24:00)", text.strip())
        if match is None:
            raise ValueError(f"expected {cls.form}")
        begin = int(match[1]) * 3600 + int(match[2]) * 60
        end = int(match[3]) * 3600 + int(match[4]) * 60 if match[3] else DAY
        if begin == end:
            raise ValueError(f"expected {cls.form}, with an end that is not its beginning")
        self = super().__new__(cls, text.strip())
        self.begin, self.end = begin, end
        return self

    def left(self, second: float) -> float:
        """Say for how many seconds more it lasts at a second of the day; 0 where it is not on."""
        length = (self.end - self.begin) % DAY or DAY
        since = (second - self.begin) % DAY
        return max(0.0, length - since)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class AppliesTo(_Table, frozen=True):
    """Whom a policy is for: a client that fits all that is said."""

    evidence: Evidence = "any"
    "The least that the detector, or a person, says of the client."
    roles: Annotated[
        tuple[Literal["client", "mail-server", "resolver", "server"], ...],
        msgspec.Meta(min_length=1),
    ] = ("client",)
    "Roles of clients."
    networks: tuple[Subnet, ...] = ()
    "Networks; with `groups`, those of either. None in both means all."
    groups: tuple[Text, ...] = ()
    "Groups of the site's configuration."
    hours: tuple[Hours, ...] = ()
    "Times of day, in local time; none means always."


class Parameters(_Table, frozen=True):
    """The numbers of an action."""

    hold: Annotated[Duration, _HOLD] = Duration(0.0)
    "An answer about a mail domain that is new to the client waits, from the first asking."
    bucket: Annotated[int, Range(1, 10_000, "a bucket that holds none is `refuse`")] = 5
    "New mail domains that a client may ask for at once."
    refill: Annotated[Duration, Range("1s", "30d", "more is no refilling")] = Duration(5 * 3600.0)
    "Time until it may ask for one more."
    excess: Annotated[Duration, _HOLD] = Duration(4.0)
    "An answer beyond the bucket waits, from the first asking."
    then: Literal["answer", "refuse"] = "refuse"
    "What follows that wait: the answer, or SERVFAIL."
    refreshes: Annotated[Duration, _PACE] = Duration(0.0)
    "Time between two answers that bring nothing but refreshes; 0 is no limit."
    signed: Literal["refuse", "delay"] = "refuse"
    "What a client that asks for DNSSEC data gets where these cannot be rewritten."
    without_bay: Literal["nothing", "refuse"] = "nothing"
    "What `quarantine` is at a site that has not said it may divert mail."

    def terms(self) -> Terms:
        """Return them as an enforcement point needs them."""
        return Terms(
            float(self.hold),
            float(self.bucket),
            float(self.refill),
            float(self.excess),
            self.then == "refuse",
            float(self.refreshes),
            self.signed == "delay",
        )


def _delays(numbers: Parameters) -> str:
    first = f"answers about new mail domains wait {numbers.hold.text}; " if numbers.hold else ""
    then = "then SERVFAIL" if numbers.then == "refuse" else "then the answer"
    return (
        f"{first}{numbers.bucket} new mail domains at once and one more every"
        f" {numbers.refill.text}, beyond that {numbers.excess.text} of waiting, {then}"
        f"{'; ' + _limits(numbers) if numbers.refreshes else ''}"
    )


def _limits(numbers: Parameters) -> str:
    return f"answers that bring nothing new only every {numbers.refreshes.text}"


def _diverts(numbers: Parameters) -> str:
    signed = "SERVFAIL" if numbers.signed == "refuse" else f"{numbers.excess.text} of waiting"
    without = "; SERVFAIL where you have no bay" if numbers.without_bay == "refuse" else ""
    return f"mail is led to the holding bay (signed data: {signed}){without}"


class Doing(NamedTuple):
    """What there is to know of an action, but for what it does (`resolver.decision`)."""

    said: Callable[[Parameters], str]
    "Says what it does to answers, with these numbers."
    heeds: frozenset[str] = frozenset()
    "The parameters that it heeds."


ACTIONS: Final = {
    Action.OBSERVE: Doing(lambda _: "nothing but watching"),
    Action.DELAY: Doing(
        _delays, frozenset(("hold", "bucket", "refill", "excess", "then", "refreshes"))
    ),
    Action.LIMIT_REFRESHES: Doing(_limits, frozenset(("refreshes",))),
    Action.QUARANTINE: Doing(_diverts, frozenset(("signed", "excess", "without_bay"))),
    Action.REFUSE: Doing(lambda _: "SERVFAIL to mail-related lookups"),
}
"""All actions that a policy may have."""


class Step(_Table, frozen=True):
    """What a policy does from some evidence on."""

    evidence: Literal["suspect", "likely", "infected"]
    "The least that the detector, or a person, says of the client."
    action: ActionName
    "What it does."
    parameters: Parameters = Parameters()
    "The numbers of the action."


class Policy(_Table, frozen=True):
    """One policy."""

    name: Text
    "What it is called in commands: small letters, digits and hyphens."
    summary: Text
    "What it does, in one sentence."
    since: Text
    "The version of dnswatch that it came with, or the day it was written."
    false_alarms: Text
    "Whom it may hit wrongly, and what happens then."
    precedence: Annotated[int, Range(0, 1000, "these are places in a row")]
    "Of the policies that fit a client the one with the highest acts alone."
    applies_to: AppliesTo = AppliesTo()
    "Whom it is for."
    lookups: Annotated[
        tuple[Literal["mx", "exchange", "implicit-mx", "guess"], ...], msgspec.Meta(min_length=1)
    ] = ("mx", "exchange", "implicit-mx", "guess")
    "Kinds of mail-related lookups that it is about."
    action: Literal[ActionName, "steps"] = "steps"
    "What it does; `steps` where its steps say that."
    parameters: Parameters = Parameters()
    "The numbers of the action."
    steps: tuple[Step, ...] = ()
    "In place of one action: what it does with growing evidence, the mildest first."
    dry_run: bool = False
    "Decide and record, but do nothing."
    references: tuple[Text, ...] = ()
    "Where the reasons stand."

    @property
    def kinds(self) -> tuple[LookupKind, ...]:
        """The kinds of lookups, as the model knows them."""
        return tuple(LookupKind(kind) for kind in self.lookups)

    @property
    def ladder(self) -> tuple[tuple[Evidence, Action, Parameters], ...]:
        """What it does from which evidence on: one step where it has one action."""
        if self.action != "steps":
            return ((self.applies_to.evidence, Action(self.action), self.parameters),)
        return tuple((step.evidence, Action(step.action), step.parameters) for step in self.steps)
