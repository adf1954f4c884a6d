"""Following: the store of a node that does not lead, made equal to the leader's version by version.

What does not follow the store's own version makes it be copied anew: it is new, was away for too
long, or led and holds changes that nobody got.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Final

from dnswatch import clock
from dnswatch.errors import EngineError, StoreError
from dnswatch.fleet import rows, sameness
from dnswatch.fleet.engine import Entry, FleetEngine
from dnswatch.fleet.view import write_trouble
from dnswatch.ownership import settle
from dnswatch.settings import Fleet
from dnswatch.store import Store, damage, replica
from dnswatch.store.bay import findings
from dnswatch.store.database import FILE
from dnswatch.store.replica import Position, TablePart
from dnswatch.store.sqlite import Database

logger: Final = logging.getLogger("dnswatch.fleet")

AT_ONCE: Final = 50
"""Entries of the stream that are read at a time: 13 MB at most, as a rule."""

PATIENCE: Final = 30.0
"""Seconds in which the next piece of a copy must come."""

COPY_AGAIN: Final = 10.0
"""Seconds between two attempts to get a copy: each costs the leader a walk through its store."""

TELL: Final = 2.0
"""Seconds between two times that the leader is told what the bay found."""

BEFORE: Final = f"{FILE}.before-fleet"
"""Where the records of a store lie that was in no fleet, and became a copy."""


class Replica:
    """One node's store as a replica; every method may raise `EngineError` or `StoreError`."""

    def __init__(
        self,
        state: Path,
        fleet: Fleet,
        beat: Callable[[], None],
        sign: Callable[[], str] = lambda: sameness.PLAIN,
    ) -> None:
        """Keep the store of `state`; `beat` is called where something takes its time.

        By what `sign` returns the names of clients here are known again.  A damaged store is moved
        aside.
        """
        self._state, self._fleet, self._beat, self._sign_of = state, fleet, beat, sign
        self._sign = ""
        self._engine = FleetEngine(fleet)
        self._assembly = rows.VersionAssembly()
        self._position: Position | None = None
        self._last = ""
        "ID of the last entry of the stream that was read."
        self._tell_at = self._copy_at = 0.0
        self._is_other = False
        "Clients are known by other names here than at the leader."
        self.is_off = False
        "The store is not on the leader's line, and is to be copied."
        self.trouble = ""
        "Why nothing is taken over, as a sentence; empty where all is well."
        write_trouble(state, "")
        self._open()

    @property
    def position(self) -> Position | None:
        """The version that is held; None where there is none, or it is off the leader's line."""
        return None if self.is_off or self._is_other else self._position

    def close(self) -> None:
        """Let go of store and engine."""
        self._store.close()
        self._engine.close()

    def catch_up(self, wait: float = 0.0, *, is_led: bool = True) -> bool:
        """Take over what the stream holds; return whether more may be there.

        Where there is nothing, wait up to `wait` seconds, less than a second, for something.  Where
        nobody leads, nobody could hand out a copy.
        """
        self._sign = self._sign or self._sign_of()
        if is_led and self._differs():
            return False
        try:
            if is_led:
                self._tell_findings()
                if self.position is None and clock.elapsed() >= self._copy_at:
                    self._copy_at = clock.elapsed() + COPY_AGAIN
                    self._copy()
            return self._read(wait)
        except StoreError as error:
            if not error.is_damaged:
                self._rewind()
                raise
            self._set_aside(damage.reason(error))
            return True

    def _differs(self) -> bool:
        """See whether clients are known by other names here than at the leader."""
        text = sameness.difference(self._engine, self._sign, self._state)
        if text or self._is_other:
            self._tell_trouble(text)
        self._is_other = bool(text)
        return self._is_other

    def _read(self, wait: float) -> bool:
        if self._position is None or self.is_off:
            return False
        stream = self._engine.key("rows")
        found = self._engine.read({stream: self._last}, AT_ONCE, wait).get(stream, [])
        for entry in found:
            self._take(entry)
            self._beat()
        return len(found) == AT_ONCE

    def _take(self, entry: Entry) -> None:
        version = self._assembly.add(Position(*entry.numbers), entry.fields)
        self._last = entry.id
        if version is None or self.is_off or version.position <= (self._position or (0, 0)):
            return
        with self._store.writing() as db:
            here = replica.read(db)
            if version.after != here.position:
                self.is_off = True
            elif here.led == version.position.fence:
                replica.adopt(db, version.position)
            elif here.is_ahead:
                self.is_off = True
            elif not self._understands(version.form):
                self._rewind()
                return
            else:
                replica.apply(db, version.position, version.parts())
        if self.is_off:
            logger.warning("the store here is off the fleet's line: it is copied from the leader")
        else:
            self._position = version.position

    def _understands(self, form: str) -> bool:
        """See whether the tables are of the same form here as at the leader."""
        ours = replica.form()
        if form == ours:
            self._tell_trouble("")
            return True
        older = "this node's" if int(ours.split()[0]) < int(form.split()[0]) else "the leader's"
        self._tell_trouble(
            f"{older} dnswatch is older than its fellow's: update it; until then nothing is taken"
            " over from the leader"
        )
        return False

    def _tell_trouble(self, text: str) -> None:
        if text != self.trouble:
            self.trouble = text
            write_trouble(self._state, text)
            if text:
                logger.warning("%s", text)

    def _copy(self) -> None:
        """Have the leader copy its store here."""
        token = f"{self._fleet.node}-{secrets.token_hex(8)}"
        key, wants = self._engine.key("copy", token), self._engine.key("wants")
        self._engine.join(wants, token)
        try:
            first = rows.read_copied(self._next(key))
            if not self._understands(first.form):
                return
            self._keep_own()
            logger.info("the store is copied from the leader")
            with self._store.writing() as db:
                replica.replace(db, first.position, self._pieces(key, first))
        finally:
            self._engine.leave(wants, token)
            self._engine.delete(key, self._engine.key("copied", token))
        self._stand()
        logger.info("the store is a copy of the leader's, as of version %s", first.position)

    def _pieces(self, key: str, piece: rows.CopiedPiece) -> Iterator[TablePart]:
        taken = key.replace(":copy:", ":copied:")
        number = 0
        while piece.piece:
            if piece.number != number:
                raise EngineError("the fleet's engine lost a part of a copy")
            yield from rows.unpacked(piece.piece)
            self._engine.push(taken, b"1", PATIENCE)
            number += 1
            piece = rows.read_copied(self._next(key))

    def _next(self, key: str) -> bytes:
        deadline = clock.elapsed() + PATIENCE
        while clock.elapsed() < deadline:
            self._beat()
            if (data := self._engine.pop(key, 1.0)) is not None:
                return data
        raise EngineError("the fleet's leader hands out no copy of its store")

    def _keep_own(self) -> None:
        """Keep the records of a store that was in no fleet."""
        path = self._state / BEFORE
        with self._store.snapshot() as db:
            found = replica.read(db)
            if found.position is not None or replica.is_empty(db) or path.exists():
                return
        _back_up(db, path)
        logger.warning("the records that were here lie in '%s' now", path)

    def _tell_findings(self) -> None:
        """Tell the leader what the bay here found."""
        if clock.elapsed() < self._tell_at:
            return
        self._tell_at = clock.elapsed() + TELL
        with self._store.writing() as db:
            if data := findings.to_send(db):
                self._engine.push(self._engine.key("found"), data, 10 * TELL)

    def _open(self) -> None:
        if (reason := damage.told(self._state)) is not None:
            self._aside(reason)
        try:
            self._store = Store.open(self._state)
            self._stand()
        except StoreError as error:
            if not error.is_damaged:
                raise
            self._set_aside(damage.reason(error))

    def _stand(self) -> None:
        """See where the store stands."""
        with self._store.snapshot() as db:
            found = replica.read(db)
        self._position, self.is_off = found.position, False
        self._rewind()

    def _rewind(self) -> None:
        """Read the stream again from the store's version on."""
        self._last = str(self._position) if self._position else ""
        self._assembly = rows.VersionAssembly()

    def _set_aside(self, reason: str) -> None:
        """Begin with a new store."""
        if hasattr(self, "_store"):
            self._store.close()  # before its file moves: SQLite deletes logs by their names
        self._aside(reason)
        self._store = Store.open(self._state)
        self._stand()

    def _aside(self, reason: str) -> None:
        aside = damage.set_aside(self._state, clock.now())
        text = "the store was damaged (%s): it was moved to '%s', and a new one is begun"
        logger.error(text, reason, aside)


def _back_up(db: Database, path: Path) -> None:
    path.touch(mode=0o600)
    settle(path)
    with closing(connect(path)) as kept:
        db.conn.backup(kept)
