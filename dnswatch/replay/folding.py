"""Folding: lookups of the past go through watch, detector and policies into a store of their own.

All of it is what the watch process does live (`watchdog.pipeline`); only the clock is another one.
Records are never deleted for being old, and policies are dry: they tell what they would have done.

Rules of this file: lookups come in order of time; what memory holds is bounded by `PENDING`.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from dnswatch.errors import StoreError
from dnswatch.model.changes import Changes, minute_of
from dnswatch.model.flow import Flow
from dnswatch.model.observation import Observation
from dnswatch.model.translations import PORT_PURPOSES
from dnswatch.resolver.access import Admissions
from dnswatch.settings import Source, combine
from dnswatch.store import Store
from dnswatch.store.directory import hold, note_replayed
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.pipeline import SitePipeline

TICK: Final = 10.0
"""Seconds of the recording between two looks at what has faded; live it is one second.  A verdict
comes with its lookup, whenever that is looked at."""

MAIL: Final = ("smtp", "submission")
"""Purposes of connections that are counted by client: mail handed on, or submitted (RFC 8314)."""

_TCP: Final = 6

PENDING: Final = 20_000
"""Accounts by the minute, mail-related lookups and entries that wait to be stored: 30 MB."""


class Folding:
    """Lookups on their way into a state directory."""

    def __init__(self, state: Path, source: Source, policies: frozenset[str]) -> None:
        """Keep records in `state`; `policies` are on, beside those that are switched on there.

        Raises `StoreError` where the directory is a server's.
        """
        self._state = state
        self._lock = hold(state, for_replays=True)
        self._source = source
        self._policies = policies
        self._archive = Archive(state, combine(source), is_bounded=False)
        self._admissions = Admissions(combine(source))
        self._site: SitePipeline | None = None
        self._pending = Changes()
        self._until = self._tick_at = 0.0

    def take(self, lookups: list[Observation], flows: Iterable[Flow] = ()) -> None:
        """Fold in lookups, and connections that have ended."""
        flows = list(flows)
        self._count(flows)
        if self._site is not None:
            self._site.contact(flows)
        if not lookups:
            return
        site = self._site or self._begin(lookups[0].at)
        for seen in lookups:
            if seen.at >= self._tick_at:
                self._tick(site, seen.at)
            site.watch.fold(seen)
        self._until = lookups[-1].at

    @property
    def learning_until(self) -> float | None:
        """When verdicts begin (Unix seconds), where that is later than all that was folded in."""
        begins = self._site.learned_at if self._site is not None else 0.0
        return begins if begins > self._until else None

    def close(self) -> None:
        """Store what is left, and let go of the directory."""
        if self._site is not None:
            changes, _ = self._site.drain(self._until, is_last=True)
            self._pending.merge(changes)
            self._write()
        elif self._pending:
            self._write()
        else:
            Store.open(self._state).close()  # records that hold nothing are records, too
        self._archive.close()
        os.close(self._lock)

    def _count(self, flows: Iterable[Flow]) -> None:
        """Count in its account each connection by which a client of the site sends mail."""
        for flow in flows:
            what = PORT_PURPOSES.get(flow.port or 0) if flow.protocol == _TCP else None
            if what in MAIL and self._admissions.of(flow.source).is_recorded:
                self._pending.accounts[flow.source, minute_of(flow.at)][what] += 1
                if self._site is None:
                    self._until = max(self._until, flow.ended)

    def _begin(self, now: float) -> SitePipeline:
        """Go on where an earlier replay into the same directory ended."""
        with Store.open(self._state) as store:
            passed = store.passed()
        if now < passed:
            raise StoreError(
                f"the records in '{self._state}' go on after this recording begins: give it a"
                " directory of its own with --state, or replay recordings in order of time"
            )
        site = SitePipeline(self._source, self._archive.key, now, is_dry=True)
        site.restore(self._archive, now)
        site.configure(self._source, combine(self._source))
        orders = self._archive.orders(now)
        site.order(replace(orders, enabled=orders.enabled | self._policies), now)
        self._tick_at = now + TICK
        self._site = site
        return site

    def _tick(self, site: SitePipeline, now: float) -> None:
        site.watch.expire(now)
        changes, _ = site.drain(now)
        self._pending.merge(changes)
        pending = self._pending
        if len(pending.accounts) + len(pending.lookups) + len(pending.entries) > PENDING:
            self._until = now
            self._write()
        self._tick_at = now + TICK

    def _write(self) -> None:
        self._archive.write(self._pending, self._until)
        self._pending = Changes()
        note_replayed(self._state, self._until)
