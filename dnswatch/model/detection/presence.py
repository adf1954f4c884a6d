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


class Presence:
    """The clients of a site, by their keys."""

    def __init__(self) -> None:
        """Know nobody."""
        self.met: OrderedDict[bytes, int] = OrderedDict()
        "Each client to the day on which it was met; the one quiet for longest first."
        self.seen: dict[bytes, int] = {}
        "Each client to the day on which it was seen last."
        self.days: list[tuple[int, int]] = []
        "Day and how many clients there were, of the last days."
        self.now = 0
        "How many there are today, as far as they have shown themselves."
        self._most = 0
        "The most of `days`."

    def meet(self, client: bytes, today: int) -> bytes | None:
        """Note that a client is there; return whom to forget, where there are too many."""
        self.now += self.seen.get(client, 0) <= today - _HERE
        self.seen[client] = today
        if client in self.met:
            self.met.move_to_end(client)
            return None
        self.met[client] = today
        return next(iter(self.met)) if len(self.met) > CLIENTS else None

    def move(self, old: bytes, new: bytes) -> None:
        """Know a client by another key; of one that was known by both the longer time counts."""
        self.now -= new in self.met
        self.met[new] = min(self.met[old], self.met.get(new, self.met[old]))
        self.seen[new] = max(self.seen[old], self.seen.get(new, 0))

    def forget(self, client: bytes) -> None:
        """Let a client be none."""
        del self.met[client], self.seen[client]

    def most(self) -> int:
        """Return how many clients there were at most, of late."""
        return max(self.now, self._most)

    def end_day(self, today: int) -> Iterator[bytes]:
        """Count who is there; yield who is gone, to be forgotten."""
        self.days = [one for one in self.days if one[0] > today - _SEASON]
        self._count(today)
        self.days.append((today, self.now))
        yield from [client for client, day in self.seen.items() if day <= today - ABSENT]

    def known_days(self, client: bytes, today: int) -> tuple[int, int]:
        """Return from and until when a client was there, as far as anybody can know."""
        met, seen = self.met[client], self.seen[client]
        # Of whom only the first lookup was told nobody knows how long it stayed.
        return met, min(today, seen + 1) if seen > met else today

    def restore(
        self,
        met: Mapping[bytes, int],
        seen: Mapping[bytes, int],
        days: list[tuple[int, int]],
        today: int,
    ) -> None:
        """Begin with what was stored."""
        self.met = OrderedDict(met)
        # What was stored before an upgrade does not say when a client was seen last.
        self.seen = {client: seen.get(client, today) for client in met}
        self.days = days
        self._count(today)

    def _count(self, today: int) -> None:
        self.now = sum(day > today - _HERE for day in self.seen.values())
        self._most = max((count for _, count in self.days), default=0)
