"""The console: what all its pages share: settings, the one reader of the store, who is logged in.

The store is read by one connection, a page at a time, each in one snapshot.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.errors import SettingsError
from dnswatch.model.detection.detector import Detector
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.reading import precedence, read_all
from dnswatch.office import orders
from dnswatch.office.detector import detector_of
from dnswatch.office.verdicts import Verdicts, verdicts
from dnswatch.office.whom import Whom
from dnswatch.settings import Settings, Source, combine
from dnswatch.store import Store
from dnswatch.store.database import which
from dnswatch.store.directory import present
from dnswatch.store.sqlite import Database
from dnswatch.web.backoff import Backoff
from dnswatch.web.register import Register

OLD: Final = 2.0
"""Seconds for which the detector that was brought back is used again: pages come in bursts."""

_FLASHES: Final = 1000
"""Visits of which the last answer to an order is kept until their next page."""


@dataclass
class Glance:
    """One moment's records, for one page."""

    db: Database
    settings: Settings
    policies: Mapping[str, Policy]
    "By name, in order of precedence."
    whom: Whom
    now: float
    "What time it is for these records, Unix seconds."
    detector: Detector | None

    @cached_property
    def judged(self) -> Verdicts:
        """What is thought of everybody."""
        return verdicts(self.db, self.detector, self.whom, self.now)

    @cached_property
    def acting(self) -> dict[str, str]:
        """What policies do now, by client's key."""
        return orders.acting(self.db, self.settings, self.policies)


class Console:
    """One console."""

    def __init__(self, source: Source, state: Path) -> None:
        """Show the site of `state`; raises `ConsoleError` where nobody could log in."""
        self.state = state
        self.register = Register(state)
        self.backoff = Backoff()
        self._flashes: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._file = 0
        self._detector: tuple[float, int, Detector | None] = (-inf, 0, None)
        self.take(source)

    def take(self, source: Source) -> None:
        """Take other settings and policies."""
        self.settings = combine(source)
        found, self.wrong = read_all(source.policies)
        "What is wrong with policies that were left out."
        self.policies = {policy.name: policy for policy in precedence(found.values())}
        self._detector = (-inf, 0, None)

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self.register.close()
            if self._store is not None:
                self._store.close()
                self._store = None

    @contextmanager
    def glance(self) -> Iterator[Glance]:
        """Look at one moment's records; raises `StoreError` where there are none yet."""
        with self._lock, self._reader().snapshot() as db:
            whom = Whom(self.state, self.settings)
            now = present(self.state, clock.now())
            detector = self._bring_back(db, whom)
            yield Glance(db, self.settings, self.policies, whom, now, detector)

    @contextmanager
    def records(self) -> Iterator[Database]:
        """Look at one moment's records, and at nothing else; raises `StoreError`."""
        with self._lock, self._reader().snapshot() as db:
            yield db

    def changes(self) -> int:
        """Return a number that differs whenever somebody has written to the store."""
        with self._lock:
            return self._version(self._reader())

    def policy(self, name: str) -> Policy:
        """Return a policy by its name; raises `SettingsError`."""
        if name not in self.policies:
            raise SettingsError(f"there is no policy '{name}'")
        return self.policies[name]

    def flash(self, secret: str, text: str) -> None:
        """Keep what to say on the next page of a visit."""
        self._flashes[secret] = text
        while len(self._flashes) > _FLASHES:
            self._flashes.popitem(last=False)

    def flashed(self, secret: str) -> str:
        """Return what to say, once."""
        return self._flashes.pop(secret, "")

    def _reader(self) -> Store:
        """Open the store, anew where another file took its place."""
        file = which(self.state)
        if self._store is None or file != self._file:
            if self._store is not None:
                self._store.close()
                self._store = None
            self._store, self._file = Store.read(self.state), file
        return self._store

    def _version(self, store: Store) -> int:
        with store.snapshot() as db:
            version: int = db.conn.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _bring_back(self, db: Database, whom: Whom) -> Detector | None:
        at, version, detector = self._detector
        now = clock.elapsed()
        written = db.conn.execute("PRAGMA data_version").fetchone()[0]
        if version != written and now - at > OLD:
            detector = detector_of(db, self.settings, whom)
            self._detector = (now, written, detector)
        return detector
