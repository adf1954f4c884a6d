"""The downlink: the relay's thread that reads what the leader tells.

Entries of `told` follow one another: within a fence none is left out.  Who begins, or has missed
one, reads the whole instead, as soon as that is as new.
"""

import threading
from collections.abc import Callable
from typing import Final

from dnswatch.errors import EngineError
from dnswatch.fleet.engine import Entry, FleetEngine
from dnswatch.fleet.forms import BRIEFING, NOTICE, TOLD, WHOLE, RelayNotice, Whole, decode
from dnswatch.fleet.mailbox import ThreadMailbox
from dnswatch.fleet.uplink import RETRY
from dnswatch.seams.batch import Briefing, decode_briefing

WAIT: Final = 0.5
"""Seconds that one reading waits for news."""

AT_ONCE: Final = 500
"""Entries of one reading."""

News = Briefing | RelayNotice


class Downlink:
    """The thread; what it reads stands in `news`."""

    def __init__(self, connect: Callable[[], FleetEngine]) -> None:
        """Read what is told by way of that engine."""
        self._connect = connect
        self._until = (0, 0)
        "The last entry that we know."
        self._stop = threading.Event()
        self.news: ThreadMailbox[News] = ThreadMailbox(10_000)
        self._thread = threading.Thread(target=self._run, name="downlink", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing of it could be lost."""
        self._stop.set()
        self.news.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            engine = self._connect()
            try:
                while not self._stop.is_set():
                    self._read_whole(engine)
                    while self._read(engine):
                        pass
                    self._stop.wait(RETRY)
            except EngineError:
                self._stop.wait(RETRY)  # the uplink says so
            finally:
                engine.close()

    def _read_whole(self, engine: FleetEngine) -> None:
        found = engine.get(engine.key(TOLD, WHOLE))
        if found is None:
            return
        try:
            whole = decode(found, Whole)
            news: list[News] = [*map(decode_briefing, whole.briefings), whole.notice]
        except ValueError:
            return  # of a later version of ours: what it tells from now on may be readable
        if whole.until > self._until:
            self._until = whole.until
            for each in news:
                self.news.put(each, self._stop)

    def _read(self, engine: FleetEngine) -> bool:
        """Read some entries; return whether none is missing."""
        told = engine.key(TOLD)
        after = f"{self._until[0]}-{self._until[1]}"
        for entry in engine.read({told: after}, AT_ONCE, WAIT).get(told, ()):
            if not self._follows(entry):
                return False
            self._until = entry.numbers
            if (news := news_of(entry)) is not None:
                self.news.put(news, self._stop)
        return not self._stop.is_set()

    def _follows(self, entry: Entry) -> bool:
        """Say whether nothing was left out before an entry; every leader begins with 1."""
        fence, number = entry.numbers
        return number == 1 if fence > self._until[0] else number == self._until[1] + 1


def news_of(entry: Entry) -> News | None:
    """Read what an entry tells; None for what we do not understand."""
    try:
        if BRIEFING in entry.fields:
            return decode_briefing(entry.fields[BRIEFING])
        return decode(entry.fields[NOTICE], RelayNotice)
    except (KeyError, ValueError):
        return None
