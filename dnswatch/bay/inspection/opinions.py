"""Opinions: what an inspector is and says, and the verdict that follows from all of them.

A false `worm` is a person's mail that is held; a false `clean` is worm mail that is let out.  So a
worm needs an inspector that knows one, or two that agree on what no person does; and clean needs
somebody who has scanned the content.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from dnswatch.bay.inspection.anatomy import Anatomy
from dnswatch.bay.record import Envelope, Opinion, Says, Verdict

Said = tuple[Says, str]
"""An opinion and its reason, a sentence."""


class UnscannedError(Exception):
    """A message could not be scanned; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """A message to be judged."""

    envelope: Envelope
    "How it came in."
    path: Path
    "Its file."
    dissection: Anatomy | Exception | None = None
    "The message taken apart, once for all inspectors, or why not; scanners are asked before."

    def anatomy(self) -> Anatomy:
        """Return what the message is made of; raises why it could not be taken apart."""
        if isinstance(self.dissection, Anatomy):
            return self.dissection
        raise self.dissection or UnscannedError("it was not taken apart")


class Inspector(Protocol):
    """Says what it thinks; raises what it likes, which is then said to be not scanned."""

    name: str
    "As records, commands and the table of verdicts call it."

    async def look(self, case: Inspected) -> Said:
        """Look at a message."""


SCANNERS: Final = ("clamav", "rspamd")
"""Inspectors that judge what a message says and holds; one of them at least must have done so."""

Opinions = Mapping[str, Says]
"""What each inspector says, by its name."""


class VerdictRule(NamedTuple):
    """A row of the table; the first one that holds decides."""

    verdict: Verdict
    why: str
    "The rule as a sentence."
    holds: Callable[[Opinions], bool]


def _suspects(opinions: Opinions, *names: str) -> bool:
    return any(opinions.get(name) in ("suspicious", "worm") for name in names)


RULES: Final = (
    VerdictRule(
        "worm",
        "ClamAV knows it",
        lambda said: said.get("clamav") == "worm",
    ),
    VerdictRule(
        "worm",
        "it brings a program whose name hides that it is one",
        lambda said: said.get("programs") == "worm",
    ),
    VerdictRule(
        "worm",
        "it brings a program, and the same goes out to many people",
        lambda said: _suspects(said, "programs") and _suspects(said, "campaign", "sizes"),
    ),
    VerdictRule(
        "worm",
        "the same goes out to many people, by what does not speak as mail programs do",
        lambda said: _suspects(said, "campaign") and _suspects(said, "manners"),
    ),
    VerdictRule(
        "worm",
        "the same goes out to many people, and rspamd would reject it",
        lambda said: _suspects(said, "campaign") and said.get("rspamd") == "worm",
    ),
    VerdictRule(
        "unsure",
        "an inspector suspects it",
        lambda said: _suspects(said, *said),
    ),
    VerdictRule(
        "unsure",
        "an inspector has not scanned it",
        lambda said: "not-scanned" in said.values(),
    ),
    VerdictRule(
        "unsure",
        "neither ClamAV nor rspamd has scanned it: none is configured",
        lambda said: not any(said.get(name) == "clean" for name in SCANNERS),
    ),
    VerdictRule(
        "clean",
        "every inspector was heard and found nothing",
        lambda _: True,
    ),
)
"""The table."""


def combine(opinions: Iterable[Opinion]) -> tuple[Verdict, str]:
    """Find the verdict, and the rule that says so."""
    said = {opinion.inspector: opinion.says for opinion in opinions}
    rule = next(rule for rule in RULES if rule.holds(said))
    return rule.verdict, rule.why
