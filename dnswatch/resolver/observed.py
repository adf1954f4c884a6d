"""Observed: what was seen and counted, until somebody takes it.

Ordinary answers from the cache are only counted, in `rows`: client → kind of answer → how often.
All else is an observation.
"""

from collections import Counter, defaultdict
from typing import Final

from dnswatch.model.observation import Enforced, Fate, Observation, Origin, Tally
from dnswatch.resolver.pending import PendingQuery
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

MAX_OBSERVATIONS: Final = 100
"""Observations after which they should be taken: few, so that writing them holds up no query."""

Row = defaultdict[int, int]
"""One client's answers since they were taken: kind of answer (`kind`) to count."""


def kind(qtype: int, rcode: int, addresses: int) -> int:
    """Number a kind of ordinary answer: the same fields as in a `Tally`, in one integer."""
    return qtype << 24 | rcode << 12 | min(addresses, 4095)


def turned_away(fate: Fate) -> int:
    """Number what became of a query that was given no answer."""
    return fate << 40


class Observed:
    """What one core has seen."""

    def __init__(self, max_clients: int) -> None:
        """Have seen nothing; rows of more than `max_clients` should be taken."""
        self.rows: tuple[dict[bytes, Row], dict[bytes, Row]] = ({}, {})
        "Client → row, for direct and for redirected listeners; a client without a row is unknown."
        self.counters: Counter[str] = Counter()
        "What happened, by name, since they were taken."
        self.observations: list[Observation] = []
        self.is_urgent = False
        "An observation is to be handed over before its answer leaves, so that no kill can lose it."
        self.is_full = False
        "All should be taken now."
        self._unrecorded: set[bytes] = set()
        "Clients with a row that stand in no record."
        self._max_clients = max_clients

    def count(self, client: bytes, what: int, is_recorded: bool, is_redirected: bool) -> None:
        """Count one ordinary answer; the client has a row from then on, until they are taken."""
        rows = self.rows[is_redirected]
        row = rows.get(client)
        if row is None:
            row = rows[client] = defaultdict(int)
            self.is_full |= len(rows) >= self._max_clients
            if not is_recorded:
                self._unrecorded.add(client)
        row[what] += 1

    def lookup(
        self,
        asked: Query,
        response: Response,
        origin: Origin,
        now: float,
        pending: PendingQuery | None,
        enforced: Enforced | None = None,
    ) -> Observation:
        """Note a client's lookup, or nobody's where no query is pending for it."""
        client, is_redirected, is_proven = None, False, True
        if pending is not None:
            client = pending.client if pending.is_recorded else None
            is_redirected, is_proven = pending.is_redirected, pending.is_proven
        seen = Observation(
            now,
            client,
            asked.qname,
            asked.qtype,
            response.rcode,
            origin,
            response.addresses,
            response.exchanges,
            response.ttl,
            is_redirected,
            asked.flags & 0x0100 != 0,  # RD
            enforced,
            None,
            is_proven,
        )
        self.observations.append(seen)
        if len(self.observations) >= MAX_OBSERVATIONS:
            self.is_full = True
        return seen

    def take(self) -> list[Observation]:
        """Take the observations, in order of time."""
        taken, self.observations = self.observations, []
        self.is_urgent = False
        return taken

    def take_counters(self) -> dict[str, int]:
        """Take what was counted by name."""
        taken = dict(self.counters)
        self.counters.clear()
        return taken

    def take_tallies(self) -> list[Tally]:
        """Take the rows, as tallies; who is not recorded is counted as nobody."""
        tallies = []
        for is_redirected, rows in enumerate(self.rows):
            for client, row in rows.items():
                who = None if client in self._unrecorded else client
                tallies += [_tally(who, k, count, bool(is_redirected)) for k, count in row.items()]
            rows.clear()
        self._unrecorded.clear()
        self.is_full = False
        return tallies


def _tally(client: bytes | None, number: int, count: int, redirected: bool) -> Tally:
    qtype, rcode, addresses = number >> 24 & 0xFFFF, number >> 12 & 4095, number & 4095
    return Tally(client, qtype, rcode, addresses, redirected, count, Fate(number >> 40))
