"""A scene: lookups in flight, upstreams that do as the test says, invented time."""

from collections import Counter
from collections.abc import Callable

from dnswatch.proxy.lookup import Lookups, Waiter
from dnswatch.proxy.upstream.group import Group
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response
from tests.proxy.invented import InventedLoop
from tests.proxy.scripted import Scripted, configured

DEADLINE, STALE_AFTER = 4.0, 1.8
"""Seconds: the defaults of the settings that lookups end and grow impatient by."""

TEXT = "limits.in_flight = {in_flight}\nlimits.in_flight_per_client = {per_client}\n"


class Scene:
    """A table of lookups with scripted upstreams, and all that came of it."""

    def __init__(self, *upstreams: Scripted, in_flight: int = 100, per_client: int = 50) -> None:
        """Ask `upstreams` in their order."""
        self.loop = InventedLoop()
        self.upstreams = upstreams
        self.group = Group(list(upstreams), "ordered")
        self.counters: Counter[str] = Counter()
        self.table = Lookups(
            configured(TEXT.format(in_flight=in_flight, per_client=per_client)),
            self.loop.time, self.counters, self._finished, self._impatient,
        )  # fmt: skip
        self.ended: list[tuple[bytes, Response | None, bytes]] = []
        "Key, response and extended error of each lookup that ended."
        self.answered: list[Waiter] = []
        "Every query that got an answer, as often as it got one."
        self.given_stale: list[Waiter] = []
        self.has_stale = True
        "A stale answer, promised to `ask`, is still there when it is wanted."

    def ask(self, waiter: Waiter, *, stale: bool = False) -> bool:
        """Let a query wait."""

        async def join() -> bool:
            return self.table.join(waiter, self.group, stale, self.loop.time())

        return self.loop.run_until_complete(join())

    def let(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.let(seconds)
        assert not self.loop.faults

    def answers(self, upstream: Scripted, rcode: int = 0, which: int = -1) -> None:
        """Have an upstream answer."""
        self._in_loop(lambda: upstream.answers(self.loop.time(), rcode, which=which))

    def babbles(self, upstream: Scripted, which: int = -1) -> None:
        """Have an upstream send what cannot be read."""
        self._in_loop(lambda: upstream.babbles(self.loop.time(), which))

    def fails(self, upstream: Scripted, which: int = -1) -> None:
        """Have a question to an upstream fail."""
        self._in_loop(lambda: upstream.asked[which].failure(upstream))

    def _in_loop(self, action: Callable[[], None]) -> None:
        self.loop.call_soon(action)
        self.let(0)

    def _finished(
        self, asked: Query, heard: Response | None, waiters: list[Waiter], extended: bytes
    ) -> None:
        self.ended.append((asked.key, heard, extended))
        self.answered += waiters

    def _impatient(self, asked: Query, waiters: list[Waiter]) -> bool:
        if self.has_stale:
            self.given_stale += waiters
            self.answered += waiters
        return self.has_stale

    def only_end(self) -> tuple[Response | None, bytes]:
        """The one end there was."""
        ((_, heard, extended),) = self.ended
        return heard, extended
