"""Reading: a log of Zeek, whichever of the three it is."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Final

from dnswatch.codes import UNANSWERED
from dnswatch.errors import WireError
from dnswatch.model.flow import Contact, Flow
from dnswatch.model.observation import Observation
from dnswatch.sources.moments import believed
from dnswatch.sources.reading import Reading, Readings, count
from dnswatch.sources.zeek import rows as read
from dnswatch.sources.zeek.lines import Row, rows

LINES: Final = 5_000
"""Lines taken at a time."""

SLACK: Final = 600.0
"""Seconds by which lines may stand in the wrong order: Zeek writes one when a thing has ended."""

CONNECTIONS: Final = 100_000
"""Connections of smtp.log that are remembered, so that each counts once."""

_MX: Final = 15
_MAIL: Final = frozenset(("helo", "mailfrom", "rcptto", "last_reply", "first_received"))
"""Fields that only smtp.log has; http.log and sip.log count transactions, too."""
_at: Final = attrgetter("at")


def readings(lines: Iterable[bytes], *, counts_mails_only: bool = False) -> Readings:
    """Read a log; of smtp.log only the mails are counted where conn.log tells of the rest."""
    log = Log(counts_mails_only)
    table = rows(lines)
    while some := list(islice(table, LINES)):
        log.take(some)
        yield log.reading(log.last - SLACK)
    yield log.reading(log.last)


class Log:
    """A log, as far as it was read."""

    def __init__(self, counts_mails_only: bool) -> None:
        """Begin; of smtp.log only the mails may be counted."""
        self.last = 0.0
        self._counts_mails_only = counts_mails_only
        self._lookups: list[Observation] = []
        self._flows: list[Flow] = []
        self._census: Counter[str] = Counter()
        self._mailed: OrderedDict[str, None] = OrderedDict()

    def take(self, some: list[Row | None]) -> None:
        """Take lines."""
        self._census.update(frames=len(some))
        timed = [(_moment(row), row) for row in some if row is not None]
        self._census["damaged"] += len(some) - len(timed)
        for at, row in believed(timed, itemgetter(0), self.last, self._damaged):
            try:
                self._file(row)
            except (KeyError, ValueError, WireError):
                self._damaged()
            else:
                self.last = max(self.last, at)

    def reading(self, until: float) -> Reading:
        """Hand over what was read."""
        lookups, flows, census = self._lookups, self._flows, self._census
        self._lookups, self._flows, self._census = [], [], Counter()
        contacts = [
            Contact(flow.at, flow.source, flow.destination, flow.protocol, flow.port)
            for flow in flows
        ]
        census.update(count(contacts))
        return Reading(until, sorted(lookups, key=_at), sorted(contacts, key=_at), flows, census)

    def _file(self, row: Row) -> None:
        match row.path or _kind(row.told):
            case "conn":
                self._flow(read.flow(row))
            case "dns":
                self._lookup(read.lookup(row))
            case "smtp":
                self._mail(row)
            case _:
                self._census["lines_odd"] += 1

    def _lookup(self, seen: Observation | None) -> None:
        if seen is None:
            self._census["lines_odd"] += 1
            return
        is_answered = seen.rcode != UNANSWERED
        self._census.update(
            queries=1,
            mx=seen.qtype == _MX,
            responses=is_answered,
            answered=is_answered,
            unanswered=not is_answered,
        )
        self._lookups.append(seen)

    def _flow(self, flow: Flow | None) -> None:
        if flow is None:
            self._census["lines_odd"] += 1
        else:
            self._flows.append(flow)

    def _mail(self, row: Row) -> None:
        self._census["mails"] += 1
        if self._counts_mails_only or row.told["uid"] in self._mailed:
            return
        self._mailed[row.told["uid"]] = None
        if len(self._mailed) > CONNECTIONS:
            self._mailed.popitem(last=False)
        self._flows.append(read.mail(row))

    def _damaged(self, _: object = None) -> None:
        self._census["damaged"] += 1


def _moment(row: Row) -> float:
    """Return when a row is of; -1 where it does not say, which nothing can be of."""
    try:
        return read.moment(row.told["ts"])
    except (KeyError, ValueError):
        return -1.0


def _kind(told: dict[str, str]) -> str:
    """Tell by its fields which log a row is of that does not say."""
    if "conn_state" in told:
        return "conn"
    if "qtype" in told:
        return "dns"
    return "smtp" if "trans_depth" in told and not _MAIL.isdisjoint(told) else ""
