"""Retention: what is kept of mail for how long, by age and by size.

Rules of this file: what is on its way is never touched; what was not delivered goes only after a
warning that is as old as `bay.keep.warning`, even where the spool outgrows its size meanwhile (then
the room left on the disk is the bound, and clients are told to come again).
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from dnswatch.bay.queue.index import DONE, UNDELIVERED, Filter, Index, IndexRow
from dnswatch.bay.record import ExpiryWarning, Gone
from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError
from dnswatch.settings.bay import Keep

logger: Final = logging.getLogger("dnswatch.bay")

FULL: Final = 0.8
"""Share of `bay.keep.size` from which on the oldest messages are warned of."""

Warn = Callable[[Sequence[IndexRow], float], None]
"""Told of messages that will be thrown away, and of the first moment at which one will."""


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What is to be done, by the names of messages."""

    drop: dict[str, str]
    "Whose body goes, and why."
    warn: tuple[IndexRow, ...]
    "Who will go."
    forget: tuple[str, ...]
    "Of whom nothing is known afterwards."


class Retention:
    """Lets go of mail."""

    def __init__(
        self, spool: Spool, index: Index, keep: Keep, now: Callable[[], float], warn: Warn
    ) -> None:
        """Keep what `keep` says; `warn` hears of what will be thrown away."""
        self._spool = spool
        self._index = index
        self._keep = keep
        self._now = now
        self._warn = warn

    def sweep(self) -> None:
        """Do all that is due; what fails is said, and tried again with the next sweep."""
        now = self._now()
        plan = plan_of(self._index.find(Filter()), self._keep, now)
        for ident, why in plan.drop.items():
            self._try(ident, partial(self._drop, ident, why, now))
        for row in plan.warn:
            self._try(row.ident, partial(self._spool.append, row.ident, ExpiryWarning(at=now)))
        for ident in plan.forget:
            self._try(ident, partial(self._spool.forget, ident))
        if plan.drop:
            logger.info("%d messages are no longer kept, as bay.keep says", len(plan.drop))
        if plan.warn:
            self._tell(plan.warn, now)

    def _drop(self, ident: str, why: str, now: float) -> None:
        # a person, or its own client's next try, may have had it released just now
        self._spool.let_go(ident, Gone(at=now, why=why), DONE | UNDELIVERED)

    def _try(self, ident: str, work: Callable[[], None]) -> None:
        try:
            work()
            self._index.update(ident)
        except SpoolError as error:
            logger.error("message %s is kept longer than it should: %s", ident, error)

    def _tell(self, rows: Sequence[IndexRow], now: float) -> None:
        logger.warning(
            "%d messages that were not delivered will be thrown away in %.0f hours, the oldest is"
            " %s: release or export them before, or raise bay.keep",
            len(rows),
            self._keep.warning / 3600,
            rows[0].ident,
        )
        self._warn(rows, now + self._keep.warning)


def plan_of(rows: Iterable[IndexRow], keep: Keep, now: float) -> RetentionPlan:
    """Work out what is to be done about messages."""
    ordered = sorted(rows, key=lambda row: row.ident)
    kept = [row for row in ordered if row.has_body]
    drop = {row.ident: why for row in kept if (why := _too_old(row, keep, now))}
    left = [row for row in kept if row.ident not in drop]
    excess = sum(row.size for row in left) - keep.size
    order = [row for row in left if row.state in DONE] + [r for r in left if r.state in UNDELIVERED]
    drop |= {
        row.ident: "bay.keep.size is reached, and it is among the oldest"
        for row in _first(order, excess)
        if row.state in DONE or _was_warned(row, keep, now)
    }
    soon = {row.ident for row in _first(order, excess + keep.size * (1 - FULL))}
    warn = [
        row
        for row in left
        if row.state in UNDELIVERED
        and not row.is_warned
        and (row.ident in soon or row.changed_at + keep.undelivered - keep.warning <= now)
    ]
    forget = [
        row.ident for row in ordered if not row.has_body and row.changed_at + keep.records <= now
    ]
    return RetentionPlan(drop, tuple(warn), tuple(forget))


def _too_old(row: IndexRow, keep: Keep, now: float) -> str:
    """Say why a message's body goes now; empty where it stays."""
    if row.state in DONE and row.changed_at + keep.done <= now:
        return f"{row.state}, and kept for bay.keep.done"
    is_old = row.state in UNDELIVERED and row.changed_at + keep.undelivered <= now
    if is_old and _was_warned(row, keep, now):
        return f"{row.state} for longer than bay.keep.undelivered"
    return ""


def _was_warned(row: IndexRow, keep: Keep, now: float) -> bool:
    return row.is_warned and (row.warned_at or 0.0) + keep.warning <= now


def _first(order: Sequence[IndexRow], excess: float) -> Iterable[IndexRow]:
    """Return as many of the first messages as make up `excess` bytes."""
    for row in order:
        if excess <= 0:
            return
        yield row
        excess -= row.size
