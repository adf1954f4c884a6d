"""Shipping: what the leader changes in its store goes to the stream that all others follow.

A version is read in one transaction, added to the stream, and then noted as shipped.  A leader that
is stopped in between finds its version in the stream when it comes again (`following`), or another
one leads from there on.  Orders are answered when what they changed is in the stream.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Final

from dnswatch.errors import DnswatchError, EngineError
from dnswatch.fleet import orders, rows, sameness
from dnswatch.fleet.engine import FleetEngine
from dnswatch.settings import Fleet
from dnswatch.store import Store, replica
from dnswatch.store.bay import findings
from dnswatch.store.replica import Position, StoreVersion

logger: Final = logging.getLogger("dnswatch.fleet")

KEPT: Final = 64 << 20
"""Bytes of versions that stay in the engine for who was away; beyond, the store is copied."""

AHEAD: Final = 8
"""Pieces of a copy that wait in the engine at most."""

PATIENCE: Final = 30.0
"""Seconds in which who gets a copy must take the next piece."""


class Shipper:
    """The leader's part; every method may raise `EngineError` or `StoreError`."""

    def __init__(
        self,
        state: Path,
        fleet: Fleet,
        fence: int,
        obey: Callable[[bytes], bytes],
        sign: str = sameness.PLAIN,
    ) -> None:
        """Ship what is changed in the store of `state` under a fence; `obey` executes orders.

        By `sign` the names of clients here are known again.
        """
        self._state, self._fleet, self._fence, self._sign = state, fleet, fence, sign
        self._engine = FleetEngine(fleet)
        self._store = Store.open(state)
        self._orders = orders.OrderDesk(self._engine, obey)
        self._kept: deque[tuple[Position, int]] = deque()
        "Entries in the stream, and their bytes."
        self._size = 0
        self._doubt = False
        "It is not known how much of a version the stream has."
        self._copies: list[threading.Thread] = []
        with self._store.writing() as db:
            self.position = replica.lead(db, fence)
        "The last version that was shipped."
        self._number = self.position.number

    def close(self) -> None:
        """Let go of store and engine; copies under way are broken off."""
        self._store.close()
        self._engine.close()

    def begin(self) -> None:
        """Ship a first version, be it empty: from then on the stream refuses leaders before us."""
        sameness.note(self._engine, self._sign)
        with self._store.snapshot() as db:
            version = replica.changed(db)
        self._ship(version or StoreVersion([], 0))

    def round(self) -> None:
        """Ship what changed, take orders and findings, and see to who wants a copy."""
        self._take_findings()
        obeyed = self._orders.take()
        with self._store.snapshot() as db:
            version = replica.changed(db)
        if version is not None:
            self._ship(version)
        self._orders.answer(obeyed, self.position)
        self._copy()

    def _ship(self, version: StoreVersion) -> None:
        if self._doubt:
            self._settle()
        entries = rows.entries(
            self.position, self._fence, self._number, replica.form(), version.parts
        )
        self._doubt = True
        stream = self._engine.key("rows")
        added = self._engine.add_all(stream, [(str(at), fields) for at, fields in entries])
        if added < len(entries):
            raise EngineError("another node leads the fleet meanwhile")
        self._doubt = False
        self.position = entries[-1][0]
        self._number = self.position.number
        with self._store.snapshot() as db:
            replica.shipped(db, self.position, version.noted)
        for at, fields in entries:
            self._kept.append((at, len(fields["rows"])))
            self._size += len(fields["rows"])
        self._trim(stream)

    def _settle(self) -> None:
        """See how much of a version the stream took that we had no answer for."""
        assembly = rows.VersionAssembly()
        stream, last = self._engine.key("rows"), str(self.position)
        while found := self._engine.read({stream: last}, 100).get(stream):
            for entry in found:
                last, at = entry.id, Position(*entry.numbers)
                if at.fence > self._fence:
                    raise EngineError("another node leads the fleet meanwhile")
                self._number = at.number
                version = assembly.add(at, entry.fields)
                if version is not None and version.after == self.position:
                    self.position = at
                    with self._store.snapshot() as db:
                        replica.adopt(db, at)
        self._doubt = False

    def _trim(self, stream: str) -> None:
        if self._size <= KEPT:
            return
        while self._size > KEPT and len(self._kept) > 1:
            self._size -= self._kept.popleft()[1]
        self._engine.trim(stream, str(self._kept[0][0]))

    def _take_findings(self) -> None:
        """Take in what the bays of all nodes found."""
        with self._store.snapshot() as db:
            is_waiting = findings.is_waiting(db)
        if is_waiting:
            with self._store.writing() as db:
                findings.collect(db)
        key = self._engine.key("found")
        while (data := self._engine.take(key)) is not None:
            with self._store.writing() as db:
                findings.take_in(db, data)

    def _copy(self) -> None:
        """Begin a copy for each who wants one; the store must not be ahead of the stream."""
        self._copies = [thread for thread in self._copies if thread.is_alive()]
        wants = self._engine.key("wants")
        for token in sorted(self._engine.members(wants)):
            copying = _Copying(self._state, self._fleet, token)
            if not copying.begin():
                return  # somebody writes: at the next round
            self._engine.leave(wants, token)
            thread = threading.Thread(target=copying.run, name="copying", daemon=True)
            self._copies.append(thread)
            thread.start()


class _Copying:
    """A copy of the store as it stands now, on its way to a node."""

    def __init__(self, state: Path, fleet: Fleet, token: str) -> None:
        self._store = Store.read(state)
        self._fleet = fleet
        self._token = token
        self._snapshot = self._store.snapshot()

    def begin(self) -> bool:
        """Hold on to this moment's records; False where they are ahead of the stream."""
        db = self._snapshot.__enter__()
        found = replica.read(db)
        if found.is_ahead or found.position is None:
            self._end()
            return False
        self._db, self._position = db, found.position
        return True

    def run(self) -> None:
        """Hand it over, piece by piece."""
        engine = FleetEngine(self._fleet)
        try:
            self._hand_over(engine)
        except DnswatchError as error:
            logger.warning("a copy of the store broke off: %s", error)
        finally:
            self._end()
            engine.close()

    def _hand_over(self, engine: FleetEngine) -> None:
        key, taken = engine.key("copy", self._token), engine.key("copied", self._token)
        pieces = chain(rows.packed(replica.whole(self._db)), (b"",))
        for number, piece in enumerate(pieces):
            if number >= AHEAD and engine.await_value(taken, PATIENCE) is None:
                raise EngineError("the node that it is for has gone away")
            data = rows.copied(number, self._position, replica.form(), piece)
            engine.push(key, data, PATIENCE)

    def _end(self) -> None:
        self._snapshot.__exit__(None, None, None)
        self._store.close()
