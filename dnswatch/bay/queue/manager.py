"""Queue manager: keeps the index in step, has mail delivered, follows orders, lets mail go.

It runs beside the server in the bay's process, and knows nothing that does not stand in the spool:
after a restart it takes up where it was.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from random import Random
from typing import Final, TypeVar

from dnswatch.bay.delivery.attempt import Attempts
from dnswatch.bay.delivery.routes import MailLookups, MailRoutes, OwnAddresses
from dnswatch.bay.delivery.scheduler import Scheduler
from dnswatch.bay.paths import hostname
from dnswatch.bay.queue import orders
from dnswatch.bay.queue.index import NOTHING, Filter, Fresh, Index, IndexRow
from dnswatch.bay.queue.notices import Notice, Notices
from dnswatch.bay.queue.retention import Retention
from dnswatch.bay.queue.system_mail import Failures, is_due, post
from dnswatch.bay.record import DAEMON, Envelope
from dnswatch.bay.spool import Spool, ident_of
from dnswatch.bay.state import Message
from dnswatch.errors import SpoolError
from dnswatch.settings import Settings

logger: Final = logging.getLogger("dnswatch.bay")

T = TypeVar("T")

GATHER: Final = 0.05
"""Seconds in which news gathers: together it costs one transaction, and a message has two at once.
"""

SHARE: Final = 0.2
"""Share of the time in which the index is written while there is news without end: the more comes,
the more is written together."""

RETRY: Final = 5.0
"""Seconds after which the index is tried again."""

LOOK: Final = 0.5
"""Seconds between two looks for orders."""

SWEEP: Final = 60.0
"""Seconds between two sweeps of retention."""

MOST_TOLD: Final = 10_000
"""Messages remembered as told of."""


class QueueManager:
    """What is done with the mail of one spool."""

    def __init__(self, settings: Settings, spool: Spool, now: Callable[[], float]) -> None:
        """Care for `spool`, whose claim is held."""
        bay = settings.bay
        self._hostname = hostname(settings)
        self._settings = bay
        self._spool = spool
        self._now = now
        self._index = Index(spool)
        lookups = MailLookups(
            settings.upstream.servers, settings.forward, settings.upstream.ca_file
        )
        own, chance = OwnAddresses(settings), Random()  # noqa: S311 no secret
        routes = MailRoutes(lookups, own=own, release=bay.release, now=now, chance=chance)
        attempts = Attempts(spool, routes, bay.release, self._hostname, now)
        self._scheduler = Scheduler(spool, attempts, bay.release, now, self._follow)
        self._notices = Notices(bay.notify, self._mail_out)
        self._failures = Failures(spool, self._hostname, self._count_own, now)
        self._retention = Retention(spool, self._index, bay.keep, now, self._warn)
        self._dirty: dict[str, Fresh | None] = {}
        self._bell = asyncio.Event()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._is_troubled = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def restore(self) -> None:
        """Bring the index up to date, and take up what was on its way."""
        for ident in self._index.catch_up():
            logger.error("the record of message %s is damaged: it is left alone", ident)
        orders.take(self._spool)
        for row in self._index.find(Filter(states=("releasing", "failed"))):
            if row.state == "releasing" or row.changed_at > self._now() - 86400:
                self._scheduler.put(row.ident)

    def changed(self, ident: str, fresh: Fresh | None = None) -> None:
        """Hear that there is news of a message, or all of it; returns at once."""
        self._dirty[ident] = fresh
        self._bell.set()

    def tell(self, notice: Notice) -> None:
        """Have persons told of something; returns at once."""
        self._notices.tell(notice)

    async def run(self) -> None:
        """Work until cancelled."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for work in (
                self._scheduler.run,
                self._notices.run,
                self._hear,
                self._obey,
                self._sweep,
            ):
                group.create_task(work())

    def close(self) -> None:
        """Close the index; what it missed it catches up with at the next start."""
        self._index.close()

    async def _hear(self) -> None:
        """Follow what the server does with messages."""
        assert self._loop is not None
        while True:
            await self._bell.wait()
            await asyncio.sleep(GATHER)
            self._bell.clear()
            dirty, self._dirty = self._dirty, {}
            fresh = {ident: known for ident, known in dirty.items() if known is not None}
            begun = self._loop.time()
            messages = await asyncio.to_thread(self._update, list(dirty), fresh)
            took = self._loop.time() - begun
            for message in messages:
                if message.due:
                    self._scheduler.put(message.ident)
            for message in await asyncio.to_thread(self._first, messages):
                self._notices.tell(first_mail(message))
            await asyncio.sleep(took / SHARE)

    async def _obey(self) -> None:
        """Follow what persons decide."""
        while True:
            await asyncio.sleep(LOOK)
            if not orders.are_there(self._spool):
                continue
            try:
                idents = await asyncio.to_thread(orders.take, self._spool)
            except SpoolError as error:
                logger.error("orders cannot be read: %s", error)
                continue
            for message in await asyncio.to_thread(self._update, idents):
                self._scheduler.put(message.ident)

    async def _sweep(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._retention.sweep)
            except SpoolError as error:
                logger.error("mail is kept longer than it should: %s", error)
            await asyncio.sleep(SWEEP)

    async def _follow(self, message: Message) -> None:
        """Hear what became of a message in a round of deliveries."""
        await asyncio.to_thread(self._update, [message.ident])
        if is_due(message, self._settings.release.domains):
            ident = await asyncio.to_thread(self._failures.tell, message)
            if ident is not None:
                self.changed(ident)

    def _update(self, idents: Sequence[str], fresh: Mapping[str, Fresh] = NOTHING) -> list[Message]:
        """Bring the index up to date; what it cannot take now is heard of again."""
        try:
            found, damaged = self._index.update_all(idents, fresh)
        except SpoolError as error:
            if not self._is_troubled:
                logger.error("messages wait until the index can be written: %s", error)
            self._is_troubled = True
            self._call(self._hear_later, idents)
            return []
        if self._is_troubled:
            logger.info("the index can be written again")
        self._is_troubled = False
        for ident in damaged:
            logger.error("the record of message %s is damaged: it is left alone", ident)
        return found

    def _hear_later(self, idents: Sequence[str]) -> None:
        for ident in idents:
            asyncio.get_running_loop().call_later(RETRY, self.changed, ident)

    def _first(self, messages: Sequence[Message]) -> list[Message]:
        """Choose what was decided on, and is the first mail of its client for a long time."""
        decided = (one for one in messages if one.decided is not None)
        try:
            return [one for one in decided if self._is_first(one.envelope)]
        except SpoolError as error:
            logger.error("nobody is told who has sent mail: %s", error)
            return []

    def _is_first(self, envelope: Envelope) -> bool:
        if envelope.key == DAEMON or envelope.ident in self._told:
            return False
        self._told[envelope.ident] = None
        if len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        last = self._index.last_at(envelope.key, envelope.ident)
        return last is None or envelope.at - last >= self._settings.notify.again

    def _warn(self, rows: Sequence[IndexRow], at: float) -> None:
        """Tell persons what will be thrown away; called in another thread."""
        self._call(self._notices.tell, to_be_discarded(rows, at))

    def _call(self, what: Callable[[T], None], about: T) -> None:
        """Do something in the loop; called in another thread."""
        assert self._loop is not None, "threads are at work only while it runs"
        self._loop.call_soon_threadsafe(what, about)

    async def _mail_out(self, to: str, mail: EmailMessage) -> None:
        ident = ident_of(self._now(), secrets.token_bytes(5))
        at = self._now()
        await asyncio.to_thread(post, self._spool, ident, to, mail, self._hostname, at)
        self.changed(ident)

    def _count_own(self, to: str, since: float) -> tuple[int, int]:
        rows = self._index.find(Filter(keys=(DAEMON,), since=since))
        wanted = to.lower()
        theirs = [row for row in rows if any(one.lower() == wanted for one, _ in row.recipients)]
        return len(theirs), len(rows)


def first_mail(message: Message) -> Notice:
    """Write the notice about a client's first mail."""
    envelope = message.envelope
    text = (
        f"client '{envelope.key}' has sent mail to the holding bay:"
        f" `dnswatch bay list --client {envelope.key}` shows it"
    )
    facts = {
        "client": envelope.key,
        "message": envelope.ident,
        "at": envelope.at,
        "sender": envelope.sender,
        "recipients": len(envelope.recipients),
        "verdict": message.verdict,
        "state": message.state,
    }
    return Notice("first-mail", text, facts)


def to_be_discarded(rows: Sequence[IndexRow], at: float) -> Notice:
    """Write the notice about messages that will go."""
    text = (
        f"{len(rows)} messages that were not delivered will be thrown away soon:"
        " `dnswatch bay list --is held,deferred,failed` shows them"
    )
    facts = {"count": len(rows), "not_before": at, "messages": [row.ident for row in rows[:100]]}
    return Notice("to-be-discarded", text, facts)
