"""Presence: which clients there are, since when, and how many of them were there lately.

Days are Unix days.  Whoever makes no lookup for long is gone: it is somebody else's address by now,
or a machine that was sold.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Final

CLIENTS: Final = 200_000
"""Clients that are known; beyond, the one that was quiet for longest is to be forgotten."""
ABSENT: Final = 28
"""Days after which a client that made no lookup of any kind is gone."""
_HERE: Final = 7
"""Days in which everybody who is still there makes a lookup."""
_SEASON: Final = 84
"""Days whose most clients count: a holiday makes no client of fewer."""

_Span = tuple[int, int]
"""The days on which a client was met and was seen last."""


class Presence:
    """The clients of a site, by their keys."""

    def __init__(self) -> None:
        """Know nobody."""
        self._known: OrderedDict[bytes, _Span] = OrderedDict()
        "The one quiet for longest first."
        self._today = 0
        self._spans: dict[int, _Span] = {}
        "Of clients seen today by the day on which they were met: one for all that share it."
        self.days: list[tuple[int, int]] = []
        "Day and how many clients there were, of the last days."
        self.now = 0
        "How many there are today, as far as they have shown themselves."
        self._most = 0
        "The most of `days`."

    def __contains__(self, client: object) -> bool:
        """Whether a client is known."""
        return client in self._known

    def __iter__(self) -> Iterator[bytes]:
        """Go through the clients."""
        return iter(self._known)

    def met(self, client: bytes) -> int:
        """Return the day on which a client was met."""
        return self._known[client][0]

    def meet(self, client: bytes, today: int) -> bytes | None:
        """Note that a client is there; return whom to forget, where there are too many."""
        met, seen = self._known.get(client, (today, 0))
        self.now += seen <= today - _HERE
        self._known[client] = self._span(met, today)
        self._known.move_to_end(client)
        return next(iter(self._known)) if len(self._known) > CLIENTS else None

    def move(self, old: bytes, new: bytes) -> None:
        """Know a client by another key; of one that was known by both the longer time counts."""
        self.now -= new in self._known
        spans = [self._known[key] for key in (old, new) if key in self._known]
        self._known[new] = min(met for met, _ in spans), max(seen for _, seen in spans)

    def forget(self, client: bytes) -> None:
        """Let a client be none."""
        del self._known[client]

    def most(self) -> int:
        """Return how many clients there were at most, of late."""
        return max(self.now, self._most)

    def end_day(self, today: int) -> Iterator[bytes]:
        """Count who is there; yield who is gone, to be forgotten."""
        self.days = [one for one in self.days if one[0] > today - _SEASON]
        self._count(today)
        self.days.append((today, self.now))
        yield from [client for client, (_, seen) in self._known.items() if seen <= today - ABSENT]

    def known_days(self, client: bytes, today: int) -> tuple[int, int]:
        """Return from and until when a client was there, as far as anybody can know."""
        met, seen = self._known[client]
        # Of whom only the first lookup was told nobody knows how long it stayed.
        return met, min(today, seen + 1) if seen > met else today

    def export(self) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """Return on which day each client was met, the quietest first, and when it was seen."""
        known = self._known.items()
        return {one: met for one, (met, _) in known}, {one: seen for one, (_, seen) in known}

    def restore(
        self,
        met: Mapping[bytes, int],
        seen: Mapping[bytes, int],
        days: list[tuple[int, int]],
        today: int,
    ) -> None:
        """Begin with what was stored."""
        # What was stored before an upgrade does not say when a client was seen last.
        spans = ((client, (first, seen.get(client, today))) for client, first in met.items())
        alike: dict[_Span, _Span] = {}
        self._known = OrderedDict((client, alike.setdefault(span, span)) for client, span in spans)
        self.days = days
        self._count(today)

    def _span(self, met: int, today: int) -> _Span:
        if today != self._today:
            self._today, self._spans = today, {}
        return self._spans.setdefault(met, (met, today))

    def _count(self, today: int) -> None:
        self.now = sum(seen > today - _HERE for _, seen in self._known.values())
        self._most = max((count for _, count in self.days), default=0)
