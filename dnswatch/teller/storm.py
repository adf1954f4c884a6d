"""Storms: of the changes of one minute a sink is told so many one by one, and of the rest at once.

Pure: the changes come in, with the time; out comes what to tell.  Minutes are those of the changes,
not of the telling, so that a sink which was away is told of each change of the quiet hours.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from dnswatch.store.events import Noted
from dnswatch.teller import event
from dnswatch.teller.event import Event


class SinkCursor(msgspec.Struct, frozen=True):
    """How far a sink was told."""

    store: str
    "Name of the store."
    number: int
    "Of the last change that was told, or passed over."
    minute: int = 0
    "The minute that is being told, Unix minutes."
    told: int = 0
    "Changes of it that were told one by one."


class Due(NamedTuple):
    """What to tell next."""

    event: Event | None
    "None where changes are only passed over."
    cursor: SinkCursor
    "How far the sink is told then."


class SinkFolding:
    """What one sink is told."""

    def __init__(self, cursor: SinkCursor, about: Iterable[str], most: int) -> None:
        """Go on from a cursor; tell of all kinds where `about` is empty, `most` of each minute."""
        self._cursor = cursor
        self._about = frozenset(about)
        self._most = most
        self.read = cursor.number
        "Number of the last change taken in: above the cursor's, where changes are being folded."
        self._first = 0
        self._folded: Counter[str] = Counter()

    @property
    def store(self) -> str:
        """Name of the store whose changes they are."""
        return self._cursor.store

    def take(self, changes: list[Noted], last: int | None, now: float) -> Iterator[Due]:
        """Take in the next changes; each that is due must be told before the next is asked for.

        `last` is the number of the last change that was noted, or None where `changes` do not reach
        up to it; what is missing of them, retention let go of.
        """
        for noted in changes:
            yield from self._gap(noted.number, noted.entry.at)
            yield from self._change(noted)
            self.read = noted.number
        if last is None:
            return
        yield from self._gap(last + 1, now)
        if self._folded and not self._cursor.minute * 60 <= now < self._cursor.minute * 60 + 60:
            yield self._summary()
        elif not self._folded and self._cursor.number != self.read:
            yield Due(None, self._forward())

    def _gap(self, number: int, at: float) -> Iterator[Due]:
        """Tell of changes that are missing before a number."""
        if missing := number - 1 - self.read:
            if self._folded:
                yield self._summary()
            told = event.lost(self._cursor.store, self.read + 1, missing, at)
            self.read = number - 1
            yield Due(told, self._forward())

    def _change(self, noted: Noted) -> Iterator[Due]:
        entry = noted.entry
        if self._about and entry.about not in self._about:
            return
        if (minute := int(entry.at // 60)) > self._cursor.minute:
            if self._folded:
                yield self._summary()
            self._cursor = SinkCursor(self._cursor.store, self._cursor.number, minute)
        if self._cursor.told < self._most:
            cursor = SinkCursor(
                self._cursor.store, noted.number, self._cursor.minute, self._cursor.told + 1
            )
            self._cursor = cursor
            yield Due(event.of(noted, cursor.store), cursor)
        else:
            self._first = self._first or noted.number
            self._folded[event.kind_of(noted)] += 1

    def _summary(self) -> Due:
        at = self._cursor.minute * 60.0 + 60.0
        told = event.summary(self._cursor.store, self._first, self.read, at, self._folded)
        self._folded, self._first = Counter(), 0
        return Due(told, self._forward())

    def _forward(self) -> SinkCursor:
        cursor = self._cursor
        self._cursor = SinkCursor(cursor.store, self.read, cursor.minute, cursor.told)
        return self._cursor
