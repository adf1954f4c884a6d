"""Scheduler: has messages delivered, now and again until they are done.

Its queue is the records: what is due follows from them, so a restart forgets nothing.
"""

import asyncio
import contextlib
import heapq
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from dnswatch.bay.delivery.attempt import Attempts, due_at
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from dnswatch.errors import SpoolError
from dnswatch.settings.bay import Release

logger: Final = logging.getLogger("dnswatch.bay")

MOST_ROUNDS: Final = 500
"""Messages that are looked at together; most of them wait for their exchange."""

TROUBLE: Final = 60.0
"""Seconds until a message is looked at again whose record or body could not be used."""

PARTING: Final = 3.0
"""Seconds that deliveries under way have to end when told to stop; a cut one is sent twice."""

Follow = Callable[[Message], Awaitable[None]]
"""Told of a message after each attempt."""


class Scheduler:
    """The queue of messages that are on their way."""

    def __init__(
        self,
        spool: Spool,
        attempts: Attempts,
        release: Release,
        now: Callable[[], float],
        follow: Follow,
    ) -> None:
        """Carry messages of `spool`; `follow` hears what became of them."""
        self._spool = spool
        self._attempts = attempts
        self._release = release
        self._now = now
        self._follow = follow
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._running: dict[str, asyncio.Task[float | None]] = {}
        self._is_put_again: set[str] = set()
        self._bell = asyncio.Event()

    def put(self, ident: str, at: float = 0.0) -> None:
        """Look at a message, at Unix seconds `at` or now; does no harm where nothing is due."""
        if ident in self._running:
            self._is_put_again.add(ident)
        elif ident not in self._due or at < self._due[ident]:
            self._due[ident] = at
            heapq.heappush(self._heap, (at, ident))
            self._bell.set()

    @property
    def waiting(self) -> int:
        """Messages in the queue, and on their way."""
        return len(self._due) + len(self._running)

    async def run(self) -> None:
        """Carry until cancelled; what is under way then has a few seconds to end."""
        try:
            while True:
                self._bell.clear()
                self._start()
                await self._sleep()
        finally:
            if self._running:
                tasks = list(self._running.values())
                await asyncio.wait(tasks, timeout=PARTING)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        now = self._now()
        while self._heap and self._heap[0][0] <= now and len(self._running) < MOST_ROUNDS:
            at, ident = heapq.heappop(self._heap)
            if self._due.get(ident) != at:
                continue  # it was put again for an earlier time
            del self._due[ident]
            task = asyncio.create_task(self._carry(ident))
            self._running[ident] = task
            task.add_done_callback(partial(self._ended, ident))

    async def _sleep(self) -> None:
        is_full = len(self._running) >= MOST_ROUNDS
        wait = None if is_full or not self._heap else max(0.0, self._heap[0][0] - self._now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):  # `wait_for` may swallow that we are to end
                await self._bell.wait()

    def _ended(self, ident: str, task: asyncio.Task[float | None]) -> None:
        """Look at a message again when its time has come, whatever went wrong with it."""
        del self._running[ident]
        self._bell.set()
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            logger.error("message %s waits, dnswatch is at fault", ident, exc_info=error)
            again: float | None = self._now() + TROUBLE
        else:
            again = task.result()
        if ident in self._is_put_again:
            self._is_put_again.discard(ident)
            again = 0.0
        if again is not None:
            self.put(ident, again)

    async def _carry(self, ident: str) -> float | None:
        """Do a round for a message; return when another is due."""
        try:
            message = await asyncio.to_thread(self._spool.message, ident)
            not_before = await self._attempts.run(message) if message.due else 0.0
            message = await asyncio.to_thread(self._spool.message, ident)
            await self._follow(message)
        except SpoolError as error:
            logger.error("message %s waits: %s", ident, error)
            return self._now() + TROUBLE
        again = due_at(message, self._release)
        return again if again is None else max(again, not_before)
