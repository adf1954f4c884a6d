"""Service: a bay with all its parts, put together for one set of settings."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dnswatch.bay.findings import FindingsWriter
from dnswatch.bay.inspection import Inspection
from dnswatch.bay.paths import endpoints, hostname, spool_of
from dnswatch.bay.queue.manager import QueueManager
from dnswatch.bay.queue.notices import QuarantineNotices
from dnswatch.bay.reception import Reception
from dnswatch.bay.smtp.access import Banner, SmtpAccess
from dnswatch.bay.smtp.connection import Shared
from dnswatch.bay.smtp.limits import RateLimits, Room, StrangerTally
from dnswatch.bay.smtp.server import SmtpServer, bind, context
from dnswatch.errors import SettingsError, SpoolError
from dnswatch.settings import Settings

logger: Final = logging.getLogger("dnswatch.bay")


class BayService:
    """A bay with all its parts."""

    def __init__(self, settings: Settings, state: Path, now: Callable[[], float]) -> None:
        """Build it; raises `SettingsError`, `SpoolError` or `StoreError` where that cannot be."""
        where = endpoints(settings)
        if not where:
            raise SettingsError(
                "there is nowhere to take mail: name the bay's addresses as quarantine.addresses,"
                " or endpoints as bay.listen"
            )
        self._endpoints = where
        self._now = now
        self._spool = spool_of(settings, state)
        name = hostname(settings)
        self._spool.claim()
        with contextlib.ExitStack() as undo:
            undo.callback(self._spool.close)
            tls = context(settings.bay.tls, state, name, now())
            self._access = SmtpAccess(state, settings, now)
            self._findings = FindingsWriter(
                state, self._spool.take_counts, now, in_fleet=bool(settings.fleet.engine)
            )
            self._manager = QueueManager(settings, self._spool, now)
            undo.callback(self._manager.close)
            again = settings.bay.notify.again
            self._quarantine_notices = QuarantineNotices(
                state, self._spool, again, self._manager.tell
            )
            self._inspection = Inspection(
                settings.bay.inspect, local=settings.bay.release.domains, now=now
            )
            self._reception = Reception(
                settings.bay,
                self._spool,
                self._inspection,
                self._findings.tell,
                self._manager.changed,
                now,
                self._access.same_machine,
            )
            limits, key = settings.bay.limits, self._access.key
            tally = StrangerTally(key)
            sessions = Shared(
                settings.bay,
                name,
                tls,
                self._spool,
                self._reception,
                Room(self._spool.free, limits.room),
                RateLimits(limits),
                Banner(
                    self._access.admits, self._access.knows, tally, is_sure=self._access.is_sure
                ),
                tally,
                key,
                now,
            )
            self._server = SmtpServer(sessions, bind(where))
            undo.pop_all()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take up what was there, and begin to take mail."""
        await asyncio.to_thread(self._restore)
        await asyncio.to_thread(self._manager.restore)
        for work in (self._findings.run, self._manager.run, self._quarantine_notices.run):
            self._tasks.append(asyncio.create_task(work()))
        await self._server.start()
        logger.info("the holding bay takes mail at %s", ", ".join(self._endpoints))

    async def run(self, until: asyncio.Event) -> None:
        """Go on until `until` is set; raises what a part of the bay has stopped on."""
        waiting = asyncio.create_task(until.wait())
        try:
            await asyncio.wait([*self._tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        for task in self._tasks:
            if task.done():
                task.result()

    async def stop(self, patience: float) -> None:
        """End: what was not acknowledged by then comes again."""
        await self._server.stop(patience)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._inspection.close()
        self._manager.close()
        self._findings.flush()
        self._findings.close()
        self._access.close()
        self._spool.close()

    def _restore(self) -> None:
        for ident in self._spool.idents():
            try:
                self._reception.restore(self._spool.message(ident))
            except SpoolError as error:
                logger.error("a message is left as it is: %s", error)
