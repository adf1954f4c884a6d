"""The summary: what there was to read, and what it told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from dnswatch.sources.census import DAMAGE

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

    @property
    def is_damaged(self) -> bool:
        """Whether something that was recorded could not be read."""
        return any(self.census[measure] for measure in DAMAGE)
