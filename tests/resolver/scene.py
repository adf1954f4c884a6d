"""A scene: lookups in flight, upstreams that do as the test says, invented time."""

from collections import Counter, deque

from dnswatch.resolver.ask import Ask
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.events import Event
from dnswatch.resolver.lookups import Lookups
from dnswatch.resolver.pending import PendingQuery
from dnswatch.resolver.upstreams import Group
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response
from tests.resolver.scripted import MIDNIGHT, Scripted, configured, take

DEADLINE, STALE_AFTER = 4.0, 1.8
"""Seconds: the defaults of the settings that lookups end and grow impatient by."""

MOMENT = 0.01
"""Seconds: just before, or just after."""

TEXT = "limits.in_flight = {in_flight}\nlimits.in_flight_per_client = {per_client}\n"


class Scene:
    """A table of lookups with scripted upstreams, and all that came of it."""

    def __init__(self, *upstreams: Scripted, in_flight: int = 100, per_client: int = 50) -> None:
        """Ask `upstreams` in their order."""
        self.now = MIDNIGHT
        self.upstreams = upstreams
        self.group = Group([upstream.state for upstream in upstreams], "ordered")
        self.counters: Counter[str] = Counter()
        self.deadlines = Deadlines()
        self.events: deque[Event] = deque()
        self.table = Lookups(
            configured(TEXT.format(in_flight=in_flight, per_client=per_client)),
            self.deadlines,
            self.events,
            self.counters,
            self._ended,
            self._impatient,
        )
        self.ended: list[tuple[bytes, Response | None, bytes]] = []
        "Key, response and extended error of each lookup that ended."
        self.answered: list[PendingQuery] = []
        "Every query that got an answer, as often as it got one."
        self.given_stale: list[PendingQuery] = []
        self.has_stale = True
        "A stale answer, promised to `ask`, is still there when it is wanted."

    def ask(self, pending: PendingQuery, *, stale: bool = False) -> bool:
        """Let a query wait."""
        is_waiting = self.table.join(pending, self.group, stale, self.now)
        self._carry_out()
        return is_waiting

    def let(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (due := self.deadlines.timer()) <= end:
            self.now = max(self.now, due)
            self.deadlines.fire(self.now)
            self._carry_out()
        self.now = end

    def stall(self, seconds: float) -> None:
        """Let time pass in which nobody looks what is due."""
        self.now += seconds

    def answers(self, upstream: Scripted, rcode: int = 0, which: int = -1) -> None:
        """Have an upstream answer."""
        upstream.answers(self.now, rcode, which=which)
        self._carry_out()

    def babbles(self, upstream: Scripted, which: int = -1) -> None:
        """Have an upstream send what cannot be read."""
        upstream.babbles(self.now, which)
        self._carry_out()

    def fails(self, upstream: Scripted, which: int = -1) -> None:
        """Have a question to an upstream fail."""
        ask = upstream.asked[which]
        ask.asker.failed(ask, self.now)
        self._carry_out()

    def _carry_out(self) -> None:
        while self.events:
            event = self.events.popleft()
            assert isinstance(event, Ask)
            if not event.is_done:
                take(event, self.now)

    def _ended(
        self,
        asked: Query,
        heard: Response | None,
        waiting: list[PendingQuery],
        extended: bytes,
        now: float,
    ) -> None:
        assert now == self.now
        self.ended.append((asked.key, heard, extended))
        self.answered += waiting

    def _impatient(self, asked: Query, waiting: list[PendingQuery], now: float) -> bool:
        if self.has_stale:
            self.given_stale += waiting
            self.answered += waiting
        return self.has_stale

    def only_end(self) -> tuple[Response | None, bytes]:
        """The one end there was."""
        ((_, heard, extended),) = self.ended
        return heard, extended
