"""The house: all parts of a bay, put together for one set of settings."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dnswatch.bay.desk.desk import Desk
from dnswatch.bay.findings import Findings
from dnswatch.bay.gate import Gate
from dnswatch.bay.inspection import Inspection
from dnswatch.bay.newcomers import Newcomers
from dnswatch.bay.places import endpoints, hostname, spool_of
from dnswatch.bay.reception import Reception
from dnswatch.bay.room import Room
from dnswatch.bay.smtp.connection import Shared
from dnswatch.bay.smtp.door import Door
from dnswatch.bay.smtp.guests import Guests
from dnswatch.bay.smtp.server import Server, bind
from dnswatch.bay.smtp.tally import Tally
from dnswatch.bay.smtp.tls import context
from dnswatch.errors import SettingsError, SpoolError
from dnswatch.settings import Settings

logger: Final = logging.getLogger("dnswatch.bay")


class House:
    """A bay with all its parts."""

    def __init__(self, settings: Settings, state: Path, now: Callable[[], float]) -> None:
        """Build it; raises `SettingsError`, `SpoolError` or `StoreError` where that cannot be."""
        places = endpoints(settings)
        if not places:
            raise SettingsError(
                "there is nowhere to take mail: name the bay's addresses as quarantine.addresses,"
                " or endpoints as bay.listen"
            )
        self._places = places
        self._now = now
        self._spool = spool_of(settings, state)
        name = hostname(settings)
        self._spool.claim()
        with contextlib.ExitStack() as undo:
            undo.callback(self._spool.close)
            tls = context(settings.bay.tls, state, name, now())
            self._gate = Gate(state, settings, now)
            self._findings = Findings(state)
            self._desk = Desk(settings, self._spool, now)
            undo.callback(self._desk.close)
            again = settings.bay.notify.again
            self._newcomers = Newcomers(state, self._spool, again, self._desk.tell)
            self._inspection = Inspection(
                settings.bay.inspect, local=settings.bay.release.domains, now=now
            )
            self._reception = Reception(
                settings.bay,
                self._spool,
                self._inspection,
                self._findings.tell,
                self._desk.changed,
                now,
                self._gate.kin,
            )
            limits, key = settings.bay.limits, self._gate.key
            tally = Tally(key)
            sessions = Shared(
                settings.bay, name, tls, self._spool, self._reception,
                Room(self._spool.free, limits.room), Guests(limits),
                Door(self._gate.admits, self._gate.knows, tally, is_sure=self._gate.is_sure),
                tally, key, now,
            )  # fmt: skip
            self._server = Server(sessions, bind(places))
            undo.pop_all()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take up what was there, and begin to take mail."""
        await asyncio.to_thread(self._restore)
        await asyncio.to_thread(self._desk.restore)
        for work in (self._findings.run, self._desk.run, self._newcomers.run):
            self._tasks.append(asyncio.create_task(work()))
        await self._server.start()
        logger.info("the holding bay takes mail at %s", ", ".join(self._places))

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
        self._desk.close()
        self._findings.flush()
        self._findings.close()
        self._gate.close()
        self._spool.close()

    def _restore(self) -> None:
        for ident in self._spool.idents():
            try:
                self._reception.restore(self._spool.message(ident))
            except SpoolError as error:
                logger.error("a message is left as it is: %s", error)
