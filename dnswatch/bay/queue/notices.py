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
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import httpx2

from dnswatch.bay.spool import Spool
from dnswatch.errors import DnswatchError, StoreError
from dnswatch.settings.bay import Notify
from dnswatch.store.bay.quarantine import quarantined
from dnswatch.store.database import open_reader, sentences

logger: Final = logging.getLogger("dnswatch.bay")

MOST_WAITING: Final = 100
"""Notices that wait to be told; further ones are counted."""

PATIENCE: Final = 30.0
"""Seconds for a command or a webhook."""

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
        while True:
            notice = await self._queue.get()
            await asyncio.gather(*(self._insist(way, notice) for way in self._ways()))
            if self._lost and self._queue.empty():
                logger.warning("%d notices were left out, too many at a time", self._lost)
                self._lost = 0

    def _ways(self) -> list[Callable[[Notice], Awaitable[None]]]:
        ways: list[Callable[[Notice], Awaitable[None]]] = []
        if self._notify.command:
            ways.append(self._run_command)
        ways += [_Webhook(str(url)) for url in self._notify.webhooks]
        ways += [_MailNotice(str(address), self._mail_out) for address in self._notify.mail]
        return ways

    async def _insist(self, way: Callable[[Notice], Awaitable[None]], notice: Notice) -> None:
        for number, wait in enumerate(TRIES, 1):
            await asyncio.sleep(wait)
            try:
                async with asyncio.timeout(PATIENCE):
                    return await way(notice)
            except (OSError, httpx2.HTTPError, DnswatchError, _Failure) as error:
                text = str(error) or type(error).__name__
                level = logging.ERROR if number == len(TRIES) else logging.INFO
                logger.log(level, "a notice was not told, attempt %d: %s", number, text)
        return None

    async def _run_command(self, notice: Notice) -> None:
        """Run the command: facts in its environment and, as JSON, on its standard input."""
        facts = {"event": notice.event, "text": notice.text, **notice.facts}
        plain = {
            f"DNSWATCH_{name.upper()}": str(value).replace("\0", "")
            for name, value in facts.items()
            if isinstance(value, str | int | float)
        }
        process = await asyncio.create_subprocess_exec(
            *self._notify.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | plain,
        )
        try:
            await process.communicate(json.dumps(facts).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise _Failure(f"'{self._notify.command[0]}' ended with code {process.returncode}")


class _Failure(Exception):  # noqa: N818 caught in this file
    """A notice was not taken."""


@dataclass(frozen=True, slots=True)
class _Webhook:
    url: str

    async def __call__(self, notice: Notice) -> None:
        facts = {"event": notice.event, "text": notice.text, **notice.facts}
        async with httpx2.AsyncClient(timeout=PATIENCE, follow_redirects=False) as client:
            response = await client.post(self.url, json=facts)
        if not response.is_success:
            host = httpx2.URL(self.url).host  # the rest of it is often a secret
            raise _Failure(f"the webhook at '{host}' answered {response.status_code}")


@dataclass(frozen=True, slots=True)
class _MailNotice:
    address: str
    out: MailOut

    async def __call__(self, notice: Notice) -> None:
        mail = EmailMessage()
        mail["Subject"] = f"dnswatch: {_SUBJECTS[notice.event]}"
        facts = "\n".join(f"{name}: {json.dumps(value)}" for name, value in notice.facts.items())
        mail.set_content(f"{notice.text}\n\n{facts}\n")
        await self.out(self.address, mail)


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
