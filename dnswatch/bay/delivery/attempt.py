"""Delivery attempt: all that is due for one message is tried once, and its outcome kept.

Rules of this file: `Tried` is on disk before an exchange is given a message, `DeliveryOutcome` when
it has answered.  Where a `Tried` stands without one, our own end came in between: that is written
as its outcome, that it may have arrived twice, and then it is tried again.

The next attempt comes soon at first, then less and less often, for days (RFC 5321 section 4.5.4.1).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from dnswatch.bay.delivery.client import TWICE, Parcel, Said, Unreachable, deliver
from dnswatch.bay.delivery.destinations import Destinations
from dnswatch.bay.delivery.routes import Exchange, MailRoutes, NoRoute, Route
from dnswatch.bay.record import DeliveryOutcome, Envelope, Line, Tried
from dnswatch.bay.smtp.transfer import received
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message, Recipient, follow
from dnswatch.errors import SpoolError
from dnswatch.settings.bay import Release

logger: Final = logging.getLogger("dnswatch.bay")


def due_at(message: Message, release: Release) -> float | None:
    """Return when something is to be done for a message, Unix seconds; None where nothing is."""
    return min((try_at(message, one, release) for one in message.due), default=None)


def try_at(message: Message, recipient: Recipient, release: Release) -> float:
    """Return when a recipient's delivery is to be tried, Unix seconds; 0 means at once."""
    if recipient.tried_at is None or recipient.is_open:
        return 0.0  # never tried, or it was cut short by our own end
    wait = min(release.retry * 2.0 ** min(recipient.tries - 1, 30), max(release.retry_most, 1.0))
    return recipient.tried_at + wait * (1 + _spread(message.ident))


def is_hopeless(message: Message, release: Release, now: float) -> bool:
    """Say whether a message has been tried for too long."""
    return message.released_at is not None and now >= message.released_at + release.give_up


def _spread(ident: str) -> float:
    """Spread what failed together over a tenth of the time, always the same for one message."""
    return int(ident[-4:], 16) / 0xFFFF / 10


MOST_RECIPIENTS: Final = 100
"""Recipients of one delivery: no exchange may take fewer (RFC 5321 section 4.5.3.1.8)."""

AGAIN: Final = 2.0
"""Seconds until an outcome that could not be written down is tried to be written again."""


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """Recipients whose mail goes the same way."""

    route: Route
    recipients: tuple[str, ...]


class Attempts:
    """Tries deliveries."""

    def __init__(
        self,
        spool: Spool,
        routes: MailRoutes,
        release: Release,
        hello: str,
        now: Callable[[], float],
    ) -> None:
        """Deliver from `spool` along `routes`; `hello` is what the bay calls itself."""
        self._spool = spool
        self._routes = routes
        self._release = release
        self._hello = hello
        self._now = now
        self._destinations = Destinations(release, now)
        self._open: set[str] = set()
        "Messages of which a delivery began since the start, and no outcome is on disk yet."

    async def run(self, message: Message) -> float:
        """Try what is due; returns a moment before which another round makes no sense."""
        now = self._now()
        if lines := _cut_short(message, now):
            await self._note(message.ident, *lines)
            if message.ident in self._open:  # not our end but a fault of ours: it waits its turn
                message = reduce(follow, lines, message)
        due = [one for one in message.due if try_at(message, one, self._release) <= now]
        if is_hopeless(message, self._release, now):
            await self._note(message.ident, *_given_up(message.due, now))
            return 0.0
        groups, lines = await self._groups(due)
        await self._note(message.ident, *lines)
        work = (self._serve(message, group) for group in groups)
        waits = []
        for ended in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended  # only now: the others had to come to their end
            waits.append(ended)
        return max(waits, default=0.0)

    async def _groups(self, due: Sequence[Recipient]) -> tuple[list[RouteGroup], list[Line]]:
        """Group recipients by their way; for those who have none, say so."""
        if self._release.smarthosts:
            hosts = tuple(
                Exchange(one.host, (one.host,), one.port) for one in self._release.smarthosts
            )
            return list(_split(Route(hosts), [one.address for one in due])), []
        domains = {domain_of(one.address): None for one in due}
        found = await asyncio.gather(*map(self._routes.of, domains))
        route_of = dict(zip(domains, found, strict=True))
        ways: dict[frozenset[str], tuple[Route, list[str]]] = {}
        lines: list[Line] = []
        for one in due:
            match route_of[domain_of(one.address)]:
                case NoRoute(result, text):
                    at = self._now()
                    lines.append(Tried(at=at, recipients=(one.address,), exchange=""))
                    lines.append(
                        DeliveryOutcome(at=at, recipient=one.address, result=result, text=text)
                    )
                case Route() as route:
                    way = frozenset(exchange.name for exchange in route.exchanges)
                    ways.setdefault(way, (route, []))[1].append(one.address)
        return [group for way in ways.values() for group in _split(*way)], lines

    async def _serve(self, message: Message, group: RouteGroup) -> float:
        name = group.route.name
        if destination := self._destinations.down(name):
            return destination.down_until
        async with self._destinations.enter(name, message.envelope.size):
            if destination := self._destinations.down(name):
                return destination.down_until  # the one before has learned it meanwhile
            data = await asyncio.to_thread(self._read, message.envelope)
            is_retry = any(one.tries for one in message.recipients)
            parcel = Parcel(message.envelope, group.recipients, data, is_retry)
            said = await self._deliver(parcel, group.route)
        have = sum(one.result == "delivered" for one in said.values())
        # whom the site's people write to stands in the record, not in the log
        logger.info("message %s: %d of %d recipients have it", message.ident, have, len(said))
        return 0.0

    async def _deliver(self, parcel: Parcel, route: Route) -> dict[str, Said]:
        """Try one address after the other until an exchange answers; write down what it said."""
        ident, text = parcel.envelope.ident, ""
        for exchange in route.exchanges:
            for address in exchange.addresses:

                async def begin(name: str, host: str = exchange.name) -> None:
                    self._open.add(ident)
                    await self._append(ident, _tried(parcel, f"{host} at {name}", self._now()))

                try:
                    said = await deliver(parcel, address, exchange.port, self._hello, begin)
                except Unreachable as error:
                    text = f"{exchange.name} at {address} port {exchange.port}: {error}"
                    continue
                except SpoolError:
                    raise  # nothing was begun
                except Exception as error:
                    logger.exception("the delivery of message %s broke", ident)
                    name = type(error).__name__
                    lost = Said("later", f"dnswatch failed ({name}): it {TWICE}")
                    said = dict.fromkeys(parcel.recipients, lost)
                await self._note(ident, *_outcomes(said, self._now()))
                self._open.discard(ident)
                return said
        self._destinations.fell(route.name, text)
        level = logging.WARNING if self._release.smarthosts else logging.DEBUG
        logger.log(level, "'%s' takes no mail now: %s", route.name, text)
        said = dict.fromkeys(parcel.recipients, Said("later", text))
        tried = _tried(parcel, route.name, self._now())
        await self._note(ident, tried, *_outcomes(said, self._now()))
        return said

    def _read(self, envelope: Envelope) -> bytes:
        with self._spool.open(envelope.ident) as file:
            return received(envelope, self._hello) + file.read()

    async def _append(self, ident: str, *lines: Line) -> None:
        await asyncio.to_thread(self._spool.append, ident, *lines)

    async def _note(self, ident: str, *lines: Line) -> None:
        """Write down what happened, however long the disk refuses: it would happen again."""
        is_written = not lines
        is_told = False
        while not is_written:
            try:
                await self._append(ident, *lines)
                is_written = True
            except SpoolError as error:
                if not is_told:
                    logger.error("the end of message %s is not written down yet: %s", ident, error)
                is_told = True
                await asyncio.sleep(AGAIN)


def domain_of(address: str) -> str:
    """Return the domain of a mail address; empty where it has none."""
    return address.rpartition("@")[2].lower() if "@" in address else ""


def _split(route: Route, recipients: Sequence[str]) -> Iterable[RouteGroup]:
    for start in range(0, len(recipients), MOST_RECIPIENTS):
        yield RouteGroup(route, tuple(recipients[start : start + MOST_RECIPIENTS]))


def _tried(parcel: Parcel, exchange: str, at: float) -> Tried:
    return Tried(at=at, recipients=parcel.recipients, exchange=exchange)


def _outcomes(said: dict[str, Said], at: float) -> list[Line]:
    return [
        DeliveryOutcome(at=at, recipient=one, result=what.result, text=what.text)
        for one, what in said.items()
    ]


def _cut_short(message: Message, now: float) -> list[Line]:
    """Say of deliveries whose end nobody saw what that means."""
    text = f"dnswatch ended before it knew the exchange's answer: it {TWICE}"
    found = [one for one in message.due if one.is_open]
    if found:
        logger.warning("message %s: %s, to %d recipients", message.ident, text, len(found))
    return [
        DeliveryOutcome(at=now, recipient=one.address, result="later", text=text) for one in found
    ]


def _given_up(due: Iterable[Recipient], now: float) -> list[Line]:
    return [
        DeliveryOutcome(
            at=now,
            recipient=one.address,
            result="refused",
            text=f"given up; at last: {one.text or 'it was never tried'}",
        )
        for one in due
    ]
