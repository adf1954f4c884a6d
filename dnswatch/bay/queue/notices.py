"""Notices: persons are told when a client is quarantined, when its mail comes, and more.

The "first mail" is the first that the bay takes of a client which sent none for `bay.notify.again`:
it is the moment from which somebody may miss a message.

Rules of this file: telling never holds up mail; a notice that fails is tried again twice, and then
said in the log; of many that wait the oldest stay, and the rest are counted.

Who is quarantined stands in the store, where the watch notes it.  Of whom it was told stands in the
spool, so that nobody is told of twice or left out when the bay is started anew.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, Final

from dnswatch.bay.spool import Spool
from dnswatch.errors import DnswatchError, StoreError
from dnswatch.outlets.command import CommandOutlet
from dnswatch.outlets.outlet import Dispatch, Outlet
from dnswatch.outlets.webhook import WebhookOutlet
from dnswatch.settings.bay import Notify
from dnswatch.store.bay.quarantine import quarantined
from dnswatch.store.database import open_reader, sentences

logger: Final = logging.getLogger("dnswatch.bay")

MOST_WAITING: Final = 100
"""Notices that wait to be told; further ones are counted."""

TRIES: Final = (0.0, 10.0, 60.0)
"""Seconds before each attempt to tell somebody."""

MailOut = Callable[[str, EmailMessage], Awaitable[None]]
"""Puts a mail for one address on its way."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person is told."""

    event: str
    "`quarantined`, `first-mail` or `to-be-discarded`."
    text: str
    "In a sentence."
    facts: dict[str, Any]
    "For programs: JSON values."


class Notices:
    """Tells persons, by command, webhook and mail."""

    def __init__(self, notify: Notify, mail_out: MailOut) -> None:
        """Tell whom `notify` names; mail goes out by `mail_out`."""
        self._notify = notify
        self._mail_out = mail_out
        self._queue: asyncio.Queue[Notice] = asyncio.Queue(MOST_WAITING)
        self._lost = 0

    def tell(self, notice: Notice) -> None:
        """Tell, in time; returns at once."""
        logger.warning("%s", notice.text)
        if not (self._notify.command or self._notify.webhooks or self._notify.mail):
            return
        try:
            self._queue.put_nowait(notice)
        except asyncio.QueueFull:
            self._lost += 1

    async def run(self) -> None:
        """Tell one notice after the other, until cancelled."""
        outlets: list[Outlet] = [WebhookOutlet(str(url)) for url in self._notify.webhooks]
        if self._notify.command:
            outlets.append(CommandOutlet(self._notify.command))
        ways: list[Callable[[Notice], Awaitable[None]]] = [
            *(partial(_send, outlet) for outlet in outlets),
            *(partial(self._write, str(address)) for address in self._notify.mail),
        ]
        try:
            while True:
                notice = await self._queue.get()
                await asyncio.gather(*(_insist(way, notice) for way in ways))
                if self._lost and self._queue.empty():
                    logger.warning("%d notices were left out, too many at a time", self._lost)
                    self._lost = 0
        finally:
            for outlet in outlets:
                outlet.close()

    async def _write(self, address: str, notice: Notice) -> None:
        mail = EmailMessage()
        mail["Subject"] = _title(notice)
        facts = "\n".join(f"{name}: {json.dumps(value)}" for name, value in notice.facts.items())
        mail.set_content(f"{notice.text}\n\n{facts}\n")
        await self._mail_out(address, mail)


async def _insist(way: Callable[[Notice], Awaitable[None]], notice: Notice) -> None:
    for number, wait in enumerate(TRIES, 1):
        await asyncio.sleep(wait)
        try:
            return await way(notice)
        except (OSError, DnswatchError) as error:
            text = str(error) or type(error).__name__
            level = logging.ERROR if number == len(TRIES) else logging.INFO
            logger.log(level, "a notice was not told, attempt %d: %s", number, text)
    return None


async def _send(outlet: Outlet, notice: Notice) -> None:
    """Send a notice as JSON, by a thread that nobody waits for when the bay is to end."""
    facts = {"event": notice.event, "text": notice.text, **notice.facts}
    plain = {name: value for name, value in facts.items() if isinstance(value, str | int | float)}
    dispatch = Dispatch("", _title(notice), json.dumps(facts).encode(), plain)
    loop = asyncio.get_running_loop()
    sent: asyncio.Future[DnswatchError | None] = loop.create_future()

    def work() -> None:
        fault = None
        try:
            outlet.send(dispatch)
        except DnswatchError as error:
            fault = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_settle, sent, fault)

    threading.Thread(target=work, name="notice", daemon=True).start()
    if fault := await sent:
        raise fault


def _settle(sent: asyncio.Future[DnswatchError | None], fault: DnswatchError | None) -> None:
    if not sent.done():  # the bay is to end: nobody waits for it any more
        sent.set_result(fault)


def _title(notice: Notice) -> str:
    return f"dnswatch: {_SUBJECTS[notice.event]}"


_SUBJECTS: Final = {
    "quarantined": "a client is quarantined",
    "first-mail": "mail of a quarantined client",
    "to-be-discarded": "mail will be thrown away",
}


LOOK: Final = 5.0
"""Seconds between two looks: a person is told soon enough, and the store has little to do."""

FILE: Final = "told.json"


class QuarantineNotices:
    """Tells of clients when their quarantine begins."""

    def __init__(
        self, state: Path, spool: Spool, again: float, tell: Callable[[Notice], None]
    ) -> None:
        """Read the store in `state`; who was told of `again` seconds before is new once more."""
        self._state = state
        self._file = spool.path / FILE
        self._again = again
        self._tell = tell

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            for notice in await asyncio.to_thread(self.look):
                self._tell(notice)
            await asyncio.sleep(LOOK)

    def look(self) -> list[Notice]:
        """Return what is to be told, and take it for told."""
        try:
            rows = self._rows()
        except StoreError:
            return []  # `access` says so in the log
        told = self._told()
        new = {
            key: since
            for key, (since, until) in rows.items()
            if until is None and since >= told.get(key, float("-inf")) + self._again
        }
        if new and not self._note({key: at for key, at in told.items() if key in rows} | new):
            return []
        return [_notice(key, since) for key, since in new.items()]

    def _rows(self) -> dict[str, tuple[float, float | None]]:
        with sentences(self._state):
            db = open_reader(self._state)
            try:
                return quarantined(db)
            finally:
                db.close()

    def _told(self) -> dict[str, float]:
        """Read of whom it was told, and since when they were quarantined then."""
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(key): float(at) for key, at in found.items()} if isinstance(found, dict) else {}

    def _note(self, told: dict[str, float]) -> bool:
        """Write it; while that fails nobody is told, or it would be again every few seconds."""
        draft = self._file.with_suffix(".new")
        try:
            draft.write_text(json.dumps(told))
            draft.rename(self._file)
        except OSError:
            return False
        return True


def _notice(key: str, since: float) -> Notice:
    text = (
        f"client '{key}' is quarantined, and its mail goes to the holding bay from now on:"
        f" `dnswatch explain --client {key}` says why"
    )
    return Notice("quarantined", text, {"client": key, "at": since})
