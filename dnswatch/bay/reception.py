"""Reception: a message that was received is kept, inspected, decided on, and answered for.

Rules of this file: 2xx is answered only after message, envelope, verdict, decision and the answer
itself are on the disk: they go there together, and with those of other connections.  A client that
leaves before it is answered has the duty of delivery still: its message is deferred, and recognised
when it comes again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec

from dnswatch.bay.disposition import (
    Retries,
    SmtpReply,
    disposition_of,
    is_over,
    reply_to,
    reply_to_retry,
)
from dnswatch.bay.queue.index import Fresh
from dnswatch.bay.queue.view import subject_of
from dnswatch.bay.record import (
    Answered,
    Decision,
    Envelope,
    Gone,
    Judged,
    Line,
    Opinion,
)
from dnswatch.bay.spool import Draft, News, Spool, news_of
from dnswatch.bay.state import Message, fold
from dnswatch.errors import SpoolError
from dnswatch.settings.bay import Bay

logger: Final = logging.getLogger("dnswatch.bay")
T = TypeVar("T")

_Waiting = tuple[News, "asyncio.Future[None]"]

LENIENCE: Final = 5.0
"""Seconds after the deadline of inspection in which it must have noticed it."""


class Inspects(Protocol):
    """What judges a message."""

    async def judge_text(self, envelope: Envelope, path: Path, message: bytes) -> Judged | None:
        """Say so at once of a plain text that has no file yet; None where that cannot be."""

    async def judge(self, envelope: Envelope, path: Path) -> Judged:
        """Say what a message is; never raises, and keeps to its deadline."""


class GroupCommit:
    """Appends to records: all that comes while the disk is busy goes there together, next."""

    def __init__(self, spool: Spool) -> None:
        """Append to the records in `spool`."""
        self._spool = spool
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def append(self, news: News) -> None:
        """Write what is new of a message; it is on the disk then.  Raises `SpoolError`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((news, done))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            news = [one for one, _ in batch]
            errors: Sequence[Exception | None]
            try:
                errors = await _thread(self._spool.append_all, news)
            except Exception as error:  # noqa: BLE001 whoever waits must hear of any fault
                errors = [error] * len(batch)
            for (_, done), failure in zip(batch, errors, strict=True):
                if done.done():  # whoever waited was cancelled
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)


class Reception:
    """Takes messages in, one after the other or many at a time."""

    def __init__(
        self,
        bay: Bay,
        spool: Spool,
        inspection: Inspects,
        found: Callable[[Envelope, Judged], None],
        changed: Callable[[str, Fresh | None], None],
        now: Callable[[], float],
        same_machine: Callable[[str], Iterable[str]] = lambda _: (),
    ) -> None:
        """Keep in `spool`; tell `found` of verdicts, and `changed` of messages with news.

        `same_machine` gives the keys of the machine that a key is of.
        """
        self._bay = bay
        self._spool = spool
        self._commit = GroupCommit(spool)
        self._inspection = inspection
        self._found = found
        self._changed = changed
        self._now = now
        self._same_machine = same_machine
        self._retries = Retries()
        self._busy: set[str] = set()

    def restore(self, message: Message) -> None:
        """Know a message from before the start; whose client was not answered is deferred."""
        self._retries.learn(message)
        if message.state == "waiting":
            why = "the bay was stopped before its client was answered"
            self._spool.append(message.ident, Decision(at=self._now(), fate="defer", why=why))

    async def take(self, draft: Draft, envelope: Envelope, waits: Callable[[], bool]) -> SmtpReply:
        """Take in a message whole, and return what to answer; `waits`: is the client still there.

        May not be cancelled: wrap it in a task, and let that run.
        """
        try:
            known = self._retries.find(envelope, self._same_machine(envelope.key))
            if known is None or await self._is_over(known):
                return await self._take_new(draft, envelope, waits)
            draft.drop()
            return await self._take_again(known, waits)
        except SpoolError as error:
            logger.error("a message of '%s' was put off: %s", envelope.key, error)
            return reply_to_trouble(error)
        finally:
            draft.drop()

    async def _is_over(self, ident: str) -> bool:
        """Say whether a message that is tried again is no longer kept: it is a new one then."""
        return ident not in self._busy and await _thread(is_over, self._spool, ident)

    def unheard(self, envelope: Envelope) -> None:
        """Note that the client left while it was answered: it may bring the message again."""
        self._retries.expect(envelope)

    async def _take_new(
        self, draft: Draft, envelope: Envelope, waits: Callable[[], bool]
    ) -> SmtpReply:
        ident = envelope.ident
        self._busy.add(ident)
        self._retries.expect(envelope)
        try:
            if (whole := draft.whole) is not None:
                path = self._spool.body(ident)
                judged = await self._inspection.judge_text(envelope, path, whole)
                if judged is not None:
                    return await self._settle(envelope, judged, waits, whole)
            self._spool.put(draft, recorded(envelope))
            self._changed(ident, None)
            return await self._settle(envelope, await self._judge(envelope), waits)
        except SpoolError:
            if not self._spool.body(ident).exists():
                self._retries.forget(envelope)
            raise
        finally:
            self._busy.discard(ident)

    async def _take_again(self, ident: str, waits: Callable[[], bool]) -> SmtpReply:
        if ident in self._busy:
            return reply_to("defer", ident)
        self._busy.add(ident)
        try:
            message = await _thread(self._spool.message, ident)
            reply = reply_to_retry(message)
            if reply is None:
                envelope = message.envelope
                return await self._settle(envelope, await self._judge(envelope), waits)
            if waits():
                await self._note(message.envelope, Answered(at=self._now(), code=reply.code))
            return reply
        finally:
            self._busy.discard(ident)

    async def _settle(
        self,
        envelope: Envelope,
        judged: Judged,
        waits: Callable[[], bool],
        body: bytes | None = None,
    ) -> SmtpReply:
        """Decide on a message, and answer; `body` is the whole of one that has no file yet."""
        self._found(envelope, judged)
        at = self._now()
        if not waits():
            why = "its client left before it was answered"
            await self._note(envelope, judged, Decision(at=at, fate="defer", why=why), body=body)
            return reply_to("defer", envelope.ident)
        fate = disposition_of(judged.verdict, self._bay.fates)
        reply = reply_to(fate, envelope.ident)
        decided = Decision(at=at, fate=fate, why=f"it was found {judged.verdict}")
        answered = Answered(at=at, code=reply.code)
        await self._note(envelope, judged, decided, answered, body=body)
        if fate == "discard":
            gone = Gone(at=at, why=f"bay.fates.{judged.verdict} discards it")
            await _thread(self._spool.let_go, envelope.ident, gone, ("discarded",))
            self._changed(envelope.ident, None)
        return reply

    async def _judge(self, envelope: Envelope) -> Judged:
        path = self._spool.body(envelope.ident)
        allowed = self._bay.inspect.deadline + LENIENCE
        try:
            async with asyncio.timeout(allowed):
                return await self._inspection.judge(envelope, path)
        except TimeoutError:
            logger.error("the inspection of '%s' has overrun its time", envelope.ident)
            late = Opinion(inspector="inspection", says="not-scanned", reason="it took too long")
            return Judged(at=self._now(), verdict="unsure", opinions=(late,))

    async def _note(self, envelope: Envelope, *lines: Line, body: bytes | None = None) -> None:
        if body is not None:
            lines = (recorded(envelope), *lines)
        news = news_of(envelope.ident, *lines, body=body)
        await self._commit.append(news)
        if any(isinstance(line, Answered) and 200 <= line.code < 300 for line in lines):
            self._retries.forget(envelope)  # the duty is ours: the same bytes are another message
        self._changed(envelope.ident, None if body is None else _fresh(news, body))


def _fresh(news: News, body: bytes) -> Fresh:
    """Say what the record that was written says, so that nobody need read it."""
    message = fold(news.lines)
    assert message is not None, "its first line is the envelope"
    return Fresh(message, len(news.added), subject_of(body))


def recorded(envelope: Envelope) -> Envelope:
    """Return what is written down of an envelope: no address where the key is a pseudonym."""
    is_pseudonym = envelope.key.startswith("~")
    return msgspec.structs.replace(envelope, client="") if is_pseudonym else envelope


def reply_to_trouble(error: SpoolError) -> SmtpReply:
    """Say what a client is told while mail cannot be kept."""
    if error.is_full:
        return SmtpReply(452, "4.3.1 Not enough room for mail now, try again later")
    return SmtpReply(451, "4.3.0 Mail cannot be kept now, try again later")


async def _thread(work: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.to_thread(work, *arguments)
