"""The housekeeper: asks who is who, and lets go of old records, in a thread of its own."""

import threading
from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.errors import StoreError
from dnswatch.model.machines import Machines
from dnswatch.settings import Settings
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.people import People
from dnswatch.watchdog.trouble import Trouble

IDENTIFY_EVERY: Final = 30.0
"""Seconds between two looks at hosts, leases and neighbours."""

HURRY: Final = 10
"""A look out of turn waits this many times as long as the last one took."""

KEEP_EVERY: Final = 300.0
"""Seconds between two searches for old records."""

PAUSE: Final = 1.0
"""Seconds between two jobs, so that the recorder gets its turn at the store."""


class Housekeeper:
    """The thread that tidies."""

    def __init__(self, archive: Archive, settings: Settings, now: Callable[[], float]) -> None:
        """Tidy `archive`, which is this thread's own."""
        self._archive = archive
        self._people = People(settings)
        self._now = now
        self._identify_at = self._keep_at = self._hurry_at = 0.0
        self._is_hurried = False
        self.machines: Machines | None = None
        "Which clients are one machine, by the last look; None before the first."
        self._stop = threading.Event()
        self._trouble = Trouble("old records cannot be removed for now", "old records go again")
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    @property
    def damage(self) -> StoreError | None:
        """The damage that it met in the store, if any."""
        return self._trouble.damage

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def reload(self, settings: Settings) -> None:
        """Go on with new settings, from the next job on."""
        self._archive.reload(settings)
        self._people.configure(settings)
        self._identify_at = self._keep_at = 0.0

    def meet(self, clients: Iterable[bytes]) -> None:
        """Note clients that were seen, so that it is asked who they are."""
        self._people.meet(clients, self._now())

    def hurry(self) -> None:
        """Look out of turn: somebody waits for a client to be known."""
        self._is_hurried = True

    def stop(self) -> None:
        """End after the job at hand; that need not be waited for, since each is safe to break."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            try:
                with self._trouble.watch():
                    self.work(self._now())
            except StoreError:
                continue  # said already; it comes up again

    def work(self, now: float) -> None:
        """Do what is due."""
        if now >= self._identify_at:
            self._look(now)
            self._people.ask(now)
            self._identify_at = now + IDENTIFY_EVERY
        elif self._is_hurried and now >= self._hurry_at:
            self._look(now)
        if now >= self._keep_at:
            is_more = self._archive.keep(now)
            self._keep_at = now if is_more else now + KEEP_EVERY

    def _look(self, now: float) -> None:
        self._is_hurried = False
        self.machines = self._archive.identify(self._people.look(now), now)
        self._hurry_at = now + HURRY * (self._now() - now)
