"""The verdict: what follows from all opinions together.

A false `worm` is a person's mail that is held; a false `clean` is worm mail that is let out.  So a
worm needs an inspector that knows one, or two that agree on what no person does; and clean needs
somebody who has scanned the content.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from dnswatch.bay.record import Opinion, Says, Verdict

SCANNERS: Final = ("clamav", "rspamd")
"""Inspectors that judge what a message says and holds; one of them at least must have done so."""

Opinions = Mapping[str, Says]
"""What each inspector says, by its name."""


class Rule(NamedTuple):
    """A row of the table; the first one that holds decides."""

    verdict: Verdict
    why: str
    "The rule as a sentence."
    holds: Callable[[Opinions], bool]


def _suspects(opinions: Opinions, *names: str) -> bool:
    return any(opinions.get(name) in ("suspicious", "worm") for name in names)


RULES: Final = (
    Rule(
        "worm", "ClamAV knows it",
        lambda said: said.get("clamav") == "worm",
    ),
    Rule(
        "worm", "it brings a program whose name hides that it is one",
        lambda said: said.get("programs") == "worm",
    ),
    Rule(
        "worm", "it brings a program, and the same goes out to many people",
        lambda said: _suspects(said, "programs") and _suspects(said, "campaign", "sizes"),
    ),
    Rule(
        "worm", "the same goes out to many people, by what does not speak as mail programs do",
        lambda said: _suspects(said, "campaign") and _suspects(said, "manners"),
    ),
    Rule(
        "worm", "the same goes out to many people, and rspamd would reject it",
        lambda said: _suspects(said, "campaign") and said.get("rspamd") == "worm",
    ),
    Rule(
        "unsure", "an inspector suspects it",
        lambda said: _suspects(said, *said),
    ),
    Rule(
        "unsure", "an inspector has not scanned it",
        lambda said: "not-scanned" in said.values(),
    ),
    Rule(
        "unsure", "neither ClamAV nor rspamd has scanned it: none is configured",
        lambda said: not any(said.get(name) == "clean" for name in SCANNERS),
    ),
    Rule(
        "clean", "every inspector was heard and found nothing",
        lambda _: True,
    ),
)  # fmt: skip
"""The table."""


def combine(opinions: Iterable[Opinion]) -> tuple[Verdict, str]:
    """Find the verdict, and the rule that says so."""
    said = {opinion.inspector: opinion.says for opinion in opinions}
    rule = next(rule for rule in RULES if rule.holds(said))
    return rule.verdict, rule.why
