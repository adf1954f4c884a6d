"""The bulletin: the leader's thread that tells the nodes' relays what the watch tells workers.

It writes with the leader's fence, so that the engine refuses what a deposed leader writes late.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.errors import EngineError
from dnswatch.fleet.engine import BEGINNING, FleetEngine, numbers_of
from dnswatch.fleet.forms import (
    BRIEFING,
    NOTICE,
    SEEN,
    STREAMS,
    TOLD,
    WHOLE,
    RelayNotice,
    Whole,
    after,
    encode,
)
from dnswatch.seams.batch import Briefing, encode_briefing

AT_ONCE: Final = 500
"""Entries that are added in one round trip."""

RETRY: Final = 0.2
"""Seconds between two attempts to reach the engine: it must be short, the lease is."""


class Bulletin:
    """The thread; the main thread gives it what is to be told."""

    def __init__(self, connect: Callable[[], FleetEngine], fence: int) -> None:
        """Tell with that fence."""
        self._connect = connect
        self._fence = fence
        self._number = 0
        "Of the last entry that the main thread gave."
        self._waiting: deque[tuple[int, str, bytes]] = deque()
        self._whole: Whole | None = None
        self._told_whole = BEGINNING
        self._needed: dict[str, int] = {}
        self._forgotten: deque[str] = deque()
        self._called, self._stop = threading.Event(), threading.Event()
        self.is_deposed = False
        "Somebody leads with a greater fence."
        self.wants_whole = True
        "Something that was told may be missing in the engine."
        self._thread = threading.Thread(target=self._run, name="bulletin", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, briefings: Iterable[Briefing]) -> None:
        """Tell all workers of the site."""
        for briefing in briefings:
            self._add(BRIEFING, encode_briefing(briefing))

    def notify(self, notice: RelayNotice) -> None:
        """Tell all relays; what they need no more goes from the streams."""
        self._needed = notice.needed
        self._add(NOTICE, encode(notice))

    def tell_whole(self, briefings: Iterable[Briefing], notice: RelayNotice) -> None:
        """Tell all that there is, for whoever begins or has missed something."""
        self.wants_whole = False
        until = (self._fence, self._number)
        self._whole = Whole(until, tuple(map(encode_briefing, briefings)), notice)
        self._called.set()

    def forget(self, stream: str) -> None:
        """Delete a stream that was read to its end and gets no more."""
        self._forgotten.append(stream)

    def stop(self, patience: float) -> None:
        """Tell what waits, for at most that many seconds, and end."""
        self._stop.set()
        self._called.set()
        self._thread.join(patience)

    def _add(self, kind: str, message: bytes) -> None:
        self._number += 1
        self._waiting.append((self._number, kind, message))
        self._called.set()

    def _run(self) -> None:
        engine = self._connect()
        while True:
            is_last = self._stop.is_set()  # read first: what was given before is told
            try:
                self._tell(engine)
                if is_last:
                    return
                self._called.wait()
                self._called.clear()
            except EngineError:
                self.wants_whole = True
                if is_last or self._stop.wait(RETRY):
                    return

    def _tell(self, engine: FleetEngine) -> None:
        told = engine.key(TOLD)
        while self._waiting:
            some = [self._waiting[n] for n in range(min(AT_ONCE, len(self._waiting)))]
            entries = [(f"{self._fence}-{number}", {kind: it}) for number, kind, it in some]
            if engine.add_all(told, entries) < len(entries):
                # Those that were added before a fault are no reason; another's fence is.
                self.is_deposed |= numbers_of(engine.last_id(told))[0] > self._fence
            for _ in some:
                self._waiting.popleft()
        whole, self._whole = self._whole, None
        if whole is not None and not self.is_deposed:
            engine.put(engine.key(TOLD, WHOLE), encode(whole))
            engine.trim(told, self._told_whole)
            self._told_whole = f"{whole.until[0]}-{whole.until[1]}"
        needed, self._needed = self._needed, {}
        if not self.is_deposed:
            for stream, place in needed.items():
                engine.trim(engine.key(SEEN, stream), after(place))
            while self._forgotten:
                engine.delete(engine.key(SEEN, self._forgotten[0]))
                engine.leave(engine.key(STREAMS), self._forgotten.popleft())
