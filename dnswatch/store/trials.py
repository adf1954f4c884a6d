"""Trials: what a policy would have done to lookups that are stored, and to whom it applies now.

Stored lookups go through the very enforcement point that a worker has, in one worker's terms; the
store says in which way each is mail-related, and what it brought.  It does not tell which clients
asked for DNSSEC data: none is taken to have.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from math import inf
from types import MappingProxyType
from typing import Final

from msgspec import structs

from dnswatch import addresses
from dnswatch.codes import Class
from dnswatch.errors import WireError
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided, Observation, Origin
from dnswatch.model.policies.mark import Mark, Marks
from dnswatch.model.policies.marking import Marking, mark_by
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.standing import Standing
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.enforcement import EnforcementPoint
from dnswatch.resolver.events import Answer, Event, Held, PolicyFault
from dnswatch.resolver.pending import PendingQuery
from dnswatch.settings import Settings
from dnswatch.store import orders
from dnswatch.store.clients import RecordedLookup, last_lookups
from dnswatch.store.sqlite import Database
from dnswatch.wire.name import from_text
from dnswatch.wire.query import MIN_UDP, Query
from dnswatch.wire.response import Response

_RECURSION_DESIRED: Final = 0x0100
_CLASS_IN: Final = Class.IN.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would have done."""

    marks: tuple[Mark, ...]
    "One for each client, as if its evidence were the strongest."
    outcomes: list[tuple[RecordedLookup, str]]
    "Each lookup in order of time, and what would have become of it: `held 0.8 s`."
    sums: Counter[str]
    "How many would have passed, been held, been refused, been rewritten."


def try_out(
    db: Database, policy: Policy, settings: Settings, ids: Iterable[int], since: float
) -> Trial:
    """Put the mail-related lookups of some clients through a policy."""
    dry_run = DryRun(lambda client: mark_by(policy, client, inf, inf), settings)
    outcomes, sums = [], Counter[str]()
    for lookup in reversed(last_lookups(db, ids, since, -1)):
        decided, wait = dry_run.put(lookup)
        outcomes.append((lookup, _said(decided, wait)))
        sums[decided or "passed"] += 1
    return Trial(tuple(dry_run.marks), outcomes, sums)


class DryRun:
    """An enforcement point that nobody waits for."""

    def __init__(self, mark_of: Callable[[bytes], Mark | None], settings: Settings) -> None:
        """Mark each client as `mark_of` its packed address says."""
        self.marks: list[Mark] = []
        "One for each client, as if its evidence were the strongest."
        self._mark_of = mark_of
        self._clients: dict[str, bytes] = {}
        "Key in the store to what tells a client from others here."
        self._exchanges = Exchanges()
        self._deadlines = Deadlines()
        self._events: deque[Event] = deque()
        one_worker = structs.replace(settings, serve=structs.replace(settings.serve, workers=1))
        self._point = EnforcementPoint(
            one_worker, self._exchanges, self._deadlines, self._events, Counter()
        )

    def put(self, lookup: RecordedLookup) -> tuple[Decided | None, float]:
        """Say what would have become of a lookup, and for how many seconds it would have waited."""
        self._deadlines.fire(lookup.at)
        self._events.clear()
        pending, response = self._pending(lookup), _response(lookup)
        known = LookupKind(lookup.kind), _wire(lookup.domain)
        decided = None
        if pending.client in self._point.marks:
            decided = self._decide(pending, response, known, lookup)
        asked = pending.query
        self._exchanges.learn(
            Observation(
                lookup.at,
                pending.client,
                asked.qname,
                asked.qtype,
                lookup.rcode,
                Origin(lookup.origin),
                exchanges=response.exchanges,
            )
        )
        wait = 0.0
        for event in self._events:
            match event:
                case Held(_, until):
                    wait = until - lookup.at
                case PolicyFault() as fault:
                    raise fault.error
        return decided, wait

    def _decide(
        self,
        pending: PendingQuery,
        response: Response,
        known: tuple[LookupKind, bytes],
        lookup: RecordedLookup,
    ) -> Decided | None:
        subject = self._point.subject(pending, lookup.at, known)
        if subject is None:
            return None
        if refused := self._point.refuse(pending, subject, lookup.at):
            return refused[1].decided
        is_refresh = not lookup.new and bool(lookup.refreshed or lookup.hits)
        outcome = self._point.apply(Answer(pending, response), subject, is_refresh, lookup.at)
        return outcome.enforced.decided if outcome.enforced else None

    def _pending(self, lookup: RecordedLookup) -> PendingQuery:
        client = self._clients.get(lookup.key)
        if client is None:
            client = self._clients[lookup.key] = self._mark(lookup.key)
        pending = PendingQuery(client)
        question = _wire(lookup.qname) + lookup.qtype.to_bytes(2, "big") + _CLASS_IN
        pending.query = Query(_RECURSION_DESIRED, question, 0, MIN_UDP, b"", False)
        return pending

    def _mark(self, key: str) -> bytes:
        """Mark a client; return what tells it from others."""
        packed = _packed(key)
        mark = self._mark_of(packed)
        if mark is None:
            return packed or key.encode()
        client = mark.client or packed or key.encode()
        self.marks.append(mark)
        self._point.learn(Marks([structs.replace(mark, client=client)]))
        return client


def marks_now(
    db: Database,
    policies: Iterable[Policy],
    settings: Settings,
    now: float,
    offset: float,
    known: Mapping[str, bytes] = MappingProxyType({}),
    also: Iterable[str] = (),
) -> list[Mark]:
    """Return the marks that clients with a verdict or an overrule have by now.

    Of the clients that stand in the store by a pseudonym only those in `known` are among them, with
    their packed address.  The policies `also` are taken as switched on.
    """
    keys = {client: key for key, client in known.items()}
    marking = Marking(lambda client: keys.get(client) or shown(client))
    marking.configure(policies, settings)
    said = orders.read(db, now)
    marking.order(replace(said, enabled=said.enabled | frozenset(also)))
    for judgment in orders.judgments(db, now):
        client = known.get(judgment.key) or _packed(judgment.key)
        if client:
            marking.judge(client, Standing(judgment.share, judgment.until, judgment.at))
    marking.meet(known.values())
    marking.review(now, offset)
    return marking.marks()


def shown(packed: bytes) -> str:
    """Write a packed address."""
    return str(ip_address(packed))


def _response(lookup: RecordedLookup) -> Response:
    response = Response(0, lookup.rcode)
    response.exchanges = tuple(_wire(exchange) for exchange in lookup.exchanges)
    return response


def _said(decided: Decided | None, wait: float) -> str:
    """Say in a few words what would have become of a lookup."""
    match decided:
        case Decided.REFUSED:
            return f"SERVFAIL after {wait:.1f} s" if wait else "SERVFAIL"
        case Decided.HELD:
            return f"held {wait:.1f} s"
        case None:
            return "passed"
        case _:
            return "rewritten"


def _packed(key: str) -> bytes:
    """Read an address; nothing for a pseudonym."""
    return b"" if key.startswith("~") else addresses.read(key).packed


def _wire(name: str) -> bytes:
    try:
        return from_text(name)
    except WireError:  # odd bytes: any name of its own will do
        label = name.encode()[:63] or b"-"
        return bytes((len(label),)) + label + b"\0"
