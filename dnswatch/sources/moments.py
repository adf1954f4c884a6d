"""Moments: which times a recording may tell of; one that cannot be is damage.

Everything behind the readers goes by the time of the recording: what has ended, what is in order,
which day it is.  So one wrong time would carry all that follows it away, and each reader asks here
before it believes one.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

LATEST: Final = 4_102_444_800.0
"""2100-01-01: no recording is of a later time, but many a wrong unit and broken number is."""

LEAP: Final = 366 * 86_400.0
"""Seconds by which a time may be ahead of both its neighbours, to be believed."""


def is_possible(at: float) -> bool:
    """Tell whether something can have been recorded then (Unix seconds)."""
    return 0 < at < LATEST  # false for what is no number, too; 0 is written where nobody knows


def is_astray(at: float, last: float, following: float | None) -> bool:
    """Tell whether a moment leaps ahead of the latest so far, and what follows does not go along.

    Where nothing follows there is nothing to doubt it by, nor to carry away.
    """
    return at > last + LEAP and following is not None and at > following + LEAP


def believed(
    things: Iterable[T], at: Callable[[T], float], last: float, stray: Callable[[T], None]
) -> Iterator[T]:
    """Give the things whose moments can be; the others are told to `stray`.

    `last` is the latest moment before them.
    """
    held: list[T] = []  # what leaps ahead, until the next has spoken
    for thing in things:
        now = at(thing)
        if not is_possible(now):
            stray(thing)
            continue
        for one in held:
            if is_astray(at(one), last, now):
                stray(one)
            else:
                last = at(one)
                yield one
        held = [thing] if now > last + LEAP else []
        if not held:
            last = max(last, now)
            yield thing
    yield from held
