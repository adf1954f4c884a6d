"""The summary: what there was to read, and what it told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from dnswatch.sources.census import DAMAGE, UNREAD

_TOLD: Final = ("queries", "responses", "flows", "mails")
_UNTOLD: Final = ("unread", "untimed", "cut", "lines_odd", "dns_broken", "fragments_lost")

CLIENTS: Final = 1_000_000
"""Clients that are counted one by one; 100 MB."""


@dataclass(slots=True)
class Summary:
    """What a replay has read so far."""

    census: Counter[str] = field(default_factory=Counter)
    "By the measures of `sources.census`."
    translations: Counter[tuple[str, str]] = field(default_factory=Counter)
    "Purpose and kind, as in `model.translations`; empty where no flow was seen."
    clients: set[bytes] = field(default_factory=set)
    "Those that made lookups, up to `CLIENTS` of them."
    begun: float | None = None
    "When the first lookup or contact was, Unix seconds."
    ended: float | None = None
    learning_until: float | None = None
    "When verdicts begin, Unix seconds, where the records end before."

    @property
    def is_damaged(self) -> bool:
        """Whether something that was recorded could not be read."""
        return any(self.census[measure] for measure in DAMAGE)

    @property
    def is_unreadable(self) -> bool:
        """Whether there was something, and none of it could be read."""
        census = self.census
        return any(census[one] for one in _UNTOLD) and not any(census[one] for one in _TOLD)

    @property
    def unread(self) -> dict[str, int]:
        """What the frames are that cannot be read here, and how many of each; the most first."""
        names = ((name, count) for name, count in self.census.items() if name.startswith(UNREAD))
        return {name.removeprefix(UNREAD): n for name, n in sorted(names, key=lambda one: -one[1])}
