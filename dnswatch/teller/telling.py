"""Telling: one sink is told of what the store notes, by a thread of its own.

It reads, sends, writes its cursor, and goes on: a kill between the last two has an event told
twice, none has it lost.  What is not taken is tried again, more and more rarely.
"""

import logging
import threading
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.errors import DnswatchError, StoreError
from dnswatch.settings import Settings, Sink
from dnswatch.settings.mail import MailHost
from dnswatch.store import Store, events
from dnswatch.store.database import which
from dnswatch.teller.cursor import CursorFile
from dnswatch.teller.outlets import EventOutlet, open_outlet
from dnswatch.teller.storm import Due, SinkCursor, SinkFolding

LOOK: Final = 0.5
"""Seconds between two looks for changes."""

FIRST_RETRY: Final = 1.0
"""Seconds before an event is tried again; twice as long each time, up to `LAST_RETRY`."""

LAST_RETRY: Final = 60.0

logger: Final = logging.getLogger("dnswatch.teller")


class Telling:
    """What tells one sink."""

    def __init__(self, sink: Sink, settings: Settings, state: Path) -> None:
        """Tell a sink of the changes in the store of a state directory."""
        self.sink = sink
        self._settings = settings
        self._state = state
        self._cursor = CursorFile(state, sink.to)
        self._over = threading.Event()
        self._outlet: EventOutlet | None = None
        self._store: Store | None = None
        self._which = 0
        self._folding: SinkFolding | None = None
        self._begins_with_store = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=sink.to.shown, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it once what is being sent was taken or refused; returns at once."""
        self._over.set()

    @property
    def relays(self) -> tuple[MailHost, ...]:
        """Who takes its letters, where it writes some."""
        return self._settings.bay.release.smarthosts

    @property
    def is_alive(self) -> bool:
        """Whether it still tells, or tries to."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                try:
                    self._round()
                except DnswatchError as error:
                    self._forget()
                    self._complain(error)
                self._over.wait(LOOK)
        finally:
            self._forget()
            self._close()

    def _round(self) -> None:
        """Tell all that was noted since the last round."""
        is_more = True
        while is_more and not self._over.is_set():
            if (store := self._opened()) is None:
                return
            with store.snapshot() as db:
                name, last = events.store_name(db), events.last(db)
                folding = self._folding_at(name, last, is_copy=events.is_copy(db))
                changes = events.after(db, folding.read)
            is_more = len(changes) == events.PAGE
            for due in folding.take(changes, None if is_more else last, clock.now()):
                if not self._tell(due):
                    return
        self._recovered()

    def _opened(self) -> Store | None:
        """Open the store that is there now; None where there is none yet."""
        there = which(self._state)
        if self._store is None or there != self._which:
            self._forget()
            if not there:
                self._begins_with_store = True  # all that will stand in it is news
                return None
            self._store, self._which = Store.read(self._state), there
        return self._store

    def _folding_at(self, store: str, last: int, *, is_copy: bool) -> SinkFolding:
        """Go on where the sink stands; one that is new is told of what comes from now on."""
        if self._folding is None or self._folding.store != store:
            cursor = self._cursor.read()
            if cursor is None:
                cursor = SinkCursor(store, 0 if self._begins_with_store else last)
                self._cursor.write(cursor)
            elif cursor.store != store:
                begin = "from now on" if is_copy else "from its begin"
                logger.info("%s: the store is a new one, told %s", self.sink.to.shown, begin)
                cursor = SinkCursor(store, last if is_copy else 0)
                self._cursor.write(cursor)
            elif cursor.number > last:  # the store is an older copy of itself
                cursor = SinkCursor(store, last)
            self._folding = SinkFolding(cursor, self.sink.about, self.sink.most)
        return self._folding

    def _tell(self, due: Due) -> bool:
        """Tell, however often it takes; return False where there is to be an end before that."""
        wait = FIRST_RETRY
        while not self._over.is_set():
            try:
                if due.event is not None:
                    self._outlet = self._outlet or open_outlet(self.sink, self._settings)
                    self._outlet.send(due.event)
                    if due.event.kind == "lost":
                        logger.warning("%s: %s", self.sink.to.shown, due.event.sentence)
                self._cursor.write(due.cursor)
            except DnswatchError as error:
                self._close()
                self._complain(error)
                self._over.wait(wait)
                wait = min(2 * wait, LAST_RETRY)
            else:
                self._recovered()
                return True
        return False

    def _complain(self, error: DnswatchError) -> None:
        """Say a trouble once."""
        if str(error) == self._trouble:
            return
        self._trouble = str(error)
        if isinstance(error, StoreError):
            logger.debug("%s", error)  # the watch says so itself
        else:
            logger.error(
                "events: %s; tried again, at least every %.0f s, and nothing is lost until"
                " records.retention",
                error,
                LAST_RETRY,
            )

    def _recovered(self) -> None:
        if self._trouble:
            logger.info("events: %s is told again", self.sink.to.shown)
            self._trouble = ""

    def _forget(self) -> None:
        """Close the store, and read the cursor anew with the next one."""
        if self._store is not None:
            self._store.close()
        self._store, self._folding = None, None

    def _close(self) -> None:
        if self._outlet is not None:
            self._outlet.close()
        self._outlet = None
