"""Trials: what a policy would have done to lookups that are stored, and to whom it applies now.

Pure over what the store knows; the very same decisions as in the worker (`resolver.decision`), in
one worker's terms.  Stored lookups do not tell which clients asked for DNSSEC data: none is taken
to have.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from math import inf
from types import MappingProxyType

from dnswatch import addresses
from dnswatch.errors import WireError
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.ledger import Ledger
from dnswatch.model.policies.mark import Mark
from dnswatch.model.policies.marking import Marking, mark_by
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.standing import Standing
from dnswatch.resolver.decision import (
    Decision,
    Facts,
    Hold,
    Pass,
    Refuse,
    Subject,
    decide,
)
from dnswatch.settings import Settings
from dnswatch.store import orders
from dnswatch.store.clients import Lookup, last_lookups
from dnswatch.store.sqlite import Database
from dnswatch.wire.name import from_text


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would have done."""

    marks: tuple[Mark, ...]
    "One for each client, as if its evidence were the strongest."
    outcomes: list[tuple[Lookup, str]]
    "Each lookup in order of time, and what would have become of it: `held 0.8 s`."
    sums: Counter[str]
    "How many would have passed, been held, been refused, been rewritten."


def try_out(
    db: Database, policy: Policy, settings: Settings, ids: Iterable[int], since: float
) -> Trial:
    """Put the mail-related lookups of some clients through a policy."""
    exempt = Exempt(settings)
    marks: dict[str, Mark | None] = {}
    ledgers: dict[str, Ledger] = {}
    outcomes, sums = [], Counter[str]()
    for lookup in reversed(last_lookups(db, ids, since, -1)):
        if lookup.key not in marks:
            marks[lookup.key] = mark_by(policy, _packed(lookup.key), inf, inf)
            ledgers[lookup.key] = Ledger()
        mark = marks[lookup.key]
        decision: Decision = Pass()
        if mark is not None and not _is_exempt(exempt, mark.client, lookup):
            decision = _decide(mark, lookup, ledgers[lookup.key])
        outcomes.append((lookup, _said(decision, lookup.at)))
        sums[_sort(decision)] += 1
    return Trial(tuple(mark for mark in marks.values() if mark), outcomes, sums)


def marks_now(
    db: Database, policies: Iterable[Policy], settings: Settings, now: float, offset: float,
    known: Mapping[str, bytes] = MappingProxyType({}), also: Iterable[str] = (),
) -> list[Mark]:  # fmt: skip
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


def would(mark: Mark, lookup: Lookup, settings: Settings) -> str:
    """Say what a mark does to a lookup, as if it were its client's first: `held 0.8 s`."""
    if (
        _is_exempt(Exempt(settings), mark.client, lookup)
        or LookupKind(lookup.kind) not in mark.kinds
    ):
        return "passed"
    return _said(_decide(mark, lookup, Ledger()), lookup.at)


def shown(packed: bytes) -> str:
    """Write a packed address."""
    return str(ip_address(packed))


def _decide(mark: Mark, lookup: Lookup, ledger: Ledger) -> Decision:
    is_refresh = not lookup.new and bool(lookup.refreshed or lookup.hits)
    exchanges = tuple(_wire(exchange) for exchange in lookup.exchanges)
    case = Subject(LookupKind(lookup.kind), _wire(lookup.domain), _wire(lookup.qname), lookup.at)
    return decide(mark, case, Facts(lookup.rcode, exchanges, is_refresh), ledger, lookup.at)


def _is_exempt(exempt: Exempt, client: bytes, lookup: Lookup) -> bool:
    return (
        (bool(client) and exempt.client(client))
        or exempt.domain(_wire(lookup.domain))
        or exempt.domain(_wire(lookup.qname))
    )


def _said(decision: Decision, at: float) -> str:
    match decision:
        case Hold(until, Refuse()):
            return f"SERVFAIL after {until - at:.1f} s"
        case Hold(until, _):
            return f"held {until - at:.1f} s"
        case Refuse():
            return "SERVFAIL"
        case Pass():
            return "passed"
        case _:
            return "rewritten"


def _sort(decision: Decision) -> str:
    match decision:
        case Hold(_, Refuse()) | Refuse():
            return "refused"
        case Hold():
            return "held"
        case Pass():
            return "passed"
        case _:
            return "rewritten"


def _packed(key: str) -> bytes:
    """Read an address; nothing for a pseudonym."""
    return b"" if key.startswith("~") else addresses.read(key).packed


def _wire(name: str) -> bytes:
    try:
        return from_text(name)
    except WireError:
        return name.encode()  # odd bytes: any name of its own will do
