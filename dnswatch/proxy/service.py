"""The service: what drives the core in a worker, with sockets, a clock and one timer.

Listeners for UDP and TCP hand their queries here, transports what upstreams said.  Each time what
the core has observed of mail-related lookups goes to the watch first, and then what it wants is
done: an answer is sent, an upstream asked.
"""

import asyncio
import logging
from collections.abc import Callable
from math import inf
from typing import Final

from dnswatch.proxy.reports import Reports
from dnswatch.proxy.upstream.transport import Transport
from dnswatch.resolver.access import Admission
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.events import Answer, EdnsNews, Event, PolicyFault
from dnswatch.resolver.pending import PendingQuery

TICK: Final = 0.01
"""Seconds between two looks at what is due, at least: how exactly waiting times are kept."""

_KNOWS: Final = "%s knows EDNS again, and is asked with it"
_KNOWS_NOT: Final = (
    "%s knows no EDNS: it is asked without, so that answers have no DNSSEC; better ask another one"
)

log = logging.getLogger("dnswatch.proxy")


class Service:
    """What all listeners and transports of a worker share."""

    def __init__(self, core: ResolverCore, reports: Reports, now: Callable[[], float]) -> None:
        """Drive `core`, which has no upstream yet (`connect`)."""
        self.core = core
        self._reports = reports
        self.now = now
        "The clock, Unix seconds."
        self._transports: dict[int, Transport] = {}
        "By the number that the core has for each upstream."
        self._is_busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = inf

    def connect(self, transports: dict[int, Transport]) -> None:
        """Ask these as well."""
        self._transports.update(transports)

    def disconnect(self, numbers: list[int]) -> None:
        """Close some transports: what is still to be asked there fails."""
        for number in numbers:
            transport = self._transports.pop(number, None)
            if transport is not None:
                transport.close()

    def close(self) -> None:
        """Close all transports, and wait for nothing more."""
        self.disconnect(list(self._transports))
        if self._timer is not None:
            self._timer.cancel()

    def screen(
        self, body: bytes, client: bytes, admission: Admission, now: float, redirected: bool
    ) -> bytes | None:
        """Answer a datagram without a thought, turn it away, or return None: it is to be read."""
        core = self.core
        answer = core.screen(body, client, admission, now, redirected=redirected)
        if core.observed.is_full:
            self._reports.flush()
        return answer

    def query(self, body: bytes, pending: PendingQuery, now: float, *, udp: bool) -> bytes | None:
        """Return the answer to a query, all but its ID; None where `pending.reply` gets it later.

        What is no query gets no answer, ever: `DROP`.
        """
        core = self.core
        answer = core.query(body, pending, now, udp=udp)
        if answer is None:
            pending.asked_at, pending.by_tcp = now, not udp
        if core.observed.is_urgent:  # even where this query came while an answer was sent
            self._reports.hand_over(core.observed.take())
        if core.events or core.observed.is_full:
            self._carry_out(now)
        return answer

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Take a message that answers a question to an upstream."""
        self.core.heard(ask, message, sent_at, now)
        self._carry_out(now)

    def failed(self, ask: Ask) -> None:
        """Take it that an upstream will not answer."""
        now = self.now()
        self.core.failed(ask, now)
        self._carry_out(now)

    def probe(self) -> None:
        """See to the health of upstreams."""
        now = self.now()
        self.core.probe(now)
        self._carry_out(now)

    def carry_out(self) -> None:
        """Do all that the core wants done, and come back when it wants to be called."""
        self._carry_out(self.now())

    def _carry_out(self, now: float) -> None:
        if self._is_busy:
            return  # who is at it already goes on with what has just come
        self._is_busy = True
        try:
            observed, events = self.core.observed, self.core.events
            while True:
                if observed.is_urgent:
                    self._reports.hand_over(observed.take())
                if observed.is_full:
                    self._reports.flush()
                if not events:
                    break
                event = events.popleft()
                if isinstance(event, Answer):
                    pending = event.pending
                    assert pending.reply is not None
                    pending.reply(pending, self.core.write(event, now))
                    self._reports.times.add(pending.by_tcp, now - pending.asked_at)
                elif isinstance(event, Ask):
                    self._ask(event)
                else:
                    self._log(event)
        finally:
            self._is_busy = False
        if self.core.timer() < self._wakes_at:
            self._come_back()

    def _log(self, event: Event) -> None:
        match event:
            case PolicyFault():
                if self.core.observed.counters["policy_faults"] == 1:  # since the last batch
                    log.error("a policy failed, and the answer was given", exc_info=event.error)
            case EdnsNews(url, knows):
                log.warning(_KNOWS if knows else _KNOWS_NOT, url)

    def _ask(self, ask: Ask) -> None:
        if ask.asker.is_done:
            return  # another upstream failed or answered at once
        transport = self._transports.get(ask.upstream.number)
        if transport is None:
            self.failed(ask)
        else:
            transport.ask(ask)

    def _come_back(self) -> None:
        """Arm the timer for what is due next."""
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = self.core.timer()
        wait = max(self._wakes_at - self.now(), TICK)
        self._timer = asyncio.get_running_loop().call_later(wait, self._fire)

    def _fire(self) -> None:
        self._timer, self._wakes_at = None, inf
        try:
            self.core.fire(self.now())
        finally:  # what else is due must not wait for the next query
            self.carry_out()
