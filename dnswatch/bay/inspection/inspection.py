"""Inspection: all inspectors look at a message beside each other, and a verdict follows.

Whoever fails, is away or takes too long has not scanned the message; it decides nothing, and stops
nobody else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Final

from dnswatch.bay.inspection.anatomy import Anatomist, Anatomy, DissectionError
from dnswatch.bay.inspection.anatomy.dissection import dissect_text
from dnswatch.bay.inspection.campaign import Campaign, Sizes
from dnswatch.bay.inspection.checks import Containers, Programs, ProtocolChecks, SenderChecks
from dnswatch.bay.inspection.opinions import Inspected, Inspector, Said, UnscannedError, combine
from dnswatch.bay.inspection.scanners import Clamav, Rspamd
from dnswatch.bay.record import Envelope, Judged, Opinion
from dnswatch.bay.text import words
from dnswatch.settings import Domain, Inspect

PATIENCE: Final = 0.5
"""Share of the deadline that one message may take to be taken apart, so that the next has some."""

_log = logging.getLogger("dnswatch.bay")


class Inspection:
    """The inspectors of a site."""

    def __init__(
        self, settings: Inspect, *, local: Collection[Domain], now: Callable[[], float]
    ) -> None:
        """`local` are the site's own mail domains.  Nothing is connected or started yet."""
        self._deadline = settings.deadline
        self._now = now
        self._anatomist = Anatomist(
            unpacked=int(settings.unpacked), patience=settings.deadline * PATIENCE
        )
        self._rspamd = Rspamd(settings.rspamd, settings.rspamd_settings)
        window = settings.window
        self._own: list[Inspector] = [
            Programs(),
            Containers(),
            Campaign(
                copies=settings.copies, near_copies=settings.near_copies, window=window, now=now
            ),
            Sizes(same=settings.same_sizes, window=window, now=now),
            SenderChecks(local=local, domains=settings.sender_domains, window=window, now=now),
            ProtocolChecks(),
        ]
        "Those that have all they need once the message is taken apart: none of them waits."
        self._scanners: list[Inspector] = []
        "Those that ask another process."
        if settings.rspamd:
            self._scanners.append(self._rspamd)
        if settings.clamd:
            self._scanners.append(Clamav(settings.clamd))

    async def judge_text(self, envelope: Envelope, path: Path, message: bytes) -> Judged | None:
        """Judge a message that is one plain text, at once; None where others have to be asked.

        It need not lie at `path` yet.
        """
        anatomy = None if self._scanners else dissect_text(message)
        if anatomy is None:
            return None
        return self._judged(await self._hear_own(Inspected(envelope, path, anatomy)))

    async def judge(self, envelope: Envelope, path: Path) -> Judged:
        """Hear all inspectors on a message; never raises."""
        whole = Inspected(envelope, path)
        asked = [asyncio.create_task(self._ask(scanner, whole)) for scanner in self._scanners]
        try:
            own = await self._hear_own(Inspected(envelope, path, await self._dissect(path)))
            opinions = (*own, *[await scanner for scanner in asked])
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return self._judged(opinions)

    async def close(self) -> None:
        """End what was started."""
        await self._anatomist.close()
        await self._rspamd.close()

    async def _hear_own(self, case: Inspected) -> tuple[Opinion, ...]:
        return tuple([await self._hear(one, one.look(case)) for one in self._own])

    def _judged(self, opinions: tuple[Opinion, ...]) -> Judged:
        verdict, why = combine(opinions)
        return Judged(at=self._now(), verdict=verdict, opinions=opinions, why=why)

    async def _dissect(self, path: Path) -> Anatomy | Exception:
        try:
            async with asyncio.timeout(self._deadline):
                return await self._anatomist.dissect(path)
        except (DissectionError, TimeoutError) as error:
            return error

    async def _ask(self, inspector: Inspector, case: Inspected) -> Opinion:
        """Hear one inspector, as long as there is time."""

        async def in_time() -> Said:
            async with asyncio.timeout(self._deadline):
                return await inspector.look(case)

        return await self._hear(inspector, in_time())

    async def _hear(self, inspector: Inspector, looking: Awaitable[Said]) -> Opinion:
        """Wait for what an inspector says; whatever it raises, it has not scanned the message."""
        try:
            says, reason = await looking
        except TimeoutError:
            says, reason = "not-scanned", f"took longer than {self._deadline:g} s"
        except DissectionError as error:
            says, reason = "not-scanned", f"the message {error}"
        except UnscannedError as error:
            says, reason = "not-scanned", str(error)
        except OSError as error:
            says, reason = "not-scanned", f"the message cannot be read: {error.strerror}"
        except Exception as error:  # noqa: BLE001 an inspector is a border: its faults stop nobody
            _log.exception("inspector %s failed", inspector.name)
            says, reason = "not-scanned", f"failed: {type(error).__name__}"
        return Opinion(inspector=inspector.name, says=says, reason=words(reason))
