"""The enforcement point: marks, and what becomes of an answer.

Only a lookup that may be mail-related, of a client that has a mark, comes here; no other waits for
it.  Nothing here enters the answer cache.  Whatever goes wrong, the answer is given.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from dnswatch.codes import Ede, Rcode, Type
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.ledger import Ledger
from dnswatch.model.policies.mark import Mark, Marks
from dnswatch.proxy.enforcement.askings import Asking, Askings
from dnswatch.proxy.enforcement.held import HeldAnswers
from dnswatch.proxy.enforcement.known import KnownAddresses
from dnswatch.proxy.lookup import Waiter
from dnswatch.seams.enforce import (
    Answer,
    Case,
    Decision,
    Hold,
    Pass,
    Refuse,
    Rewrite,
    decide,
    refuses_at_once,
)
from dnswatch.seams.rewrite import TTL, Bay
from dnswatch.settings import Settings
from dnswatch.wire import build
from dnswatch.wire.response import Response

log: Final = logging.getLogger("dnswatch.proxy")

_SAID: Final = {
    code: build.ede(code, text)
    for code, text in (
        (Ede.FORGED_ANSWER, "mail from this machine is held; ask your administrator"),
        (Ede.BLOCKED, "mail lookups from this machine are limited; ask your administrator"),
        (Ede.PROHIBITED, "this machine may make no mail lookups; ask your administrator"),
    )
}

Write: TypeAlias = Callable[[], bytes]
"""Writes the true answer, all but its ID, as it is now."""


class Outcome(NamedTuple):
    """What becomes of an answer."""

    tail: bytes | None
    "What to send now, all but the ID; None where it is held."
    enforced: Enforced | None = None
    "What a policy did, if any did something."


class EnforcementPoint:
    """The enforcement point of one worker."""

    def __init__(self, settings: Settings, counters: Counter[str], exchanges: Exchanges) -> None:
        """Enforce nothing yet; which lookups are mail-related, `exchanges` knows."""
        self.marks: dict[bytes, tuple[Mark, ...]] = {}
        "Client to its marks; the last one acts unless it is a dry run, the others are dry runs."
        self.known = KnownAddresses()
        self.held = HeldAnswers(settings.limits)
        self._counters = counters
        self._exchanges = exchanges
        self._askings = Askings()
        self._ledgers: defaultdict[tuple[bytes, bool], Ledger] = defaultdict(Ledger)
        "Client, and whether in dry runs, to what it has had."
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take other settings, for the marks that are there as well."""
        self._exempt = Exempt(settings)
        self._exchanges.is_exempt = self._exempt.domain
        self._bay = Bay(settings.quarantine)
        self._size = settings.serve.udp_size
        self._workers = settings.serve.workers
        self.held.limits = settings.limits
        for client in [client for client in self.marks if self._exempt.client(client)]:
            self._unmark(client)

    def learn(self, news: Marks) -> None:
        """Take news of marks; what is held for a mark that changed is given."""
        marks: defaultdict[bytes, list[Mark]] = defaultdict(list)
        for mark in news.marks:
            if not self._exempt.client(mark.client):
                marks[mark.client].append(replace(mark, terms=mark.terms.shared(self._workers)))
        for client in list(self.marks.keys() - marks.keys() if news.whole else news.unmarked):
            self._unmark(client)
        for client, theirs in marks.items():
            if _acting(self.marks.get(client, ())) != _acting(theirs):
                self.held.release(client)
            self.marks[client] = tuple(theirs)

    def case(self, waiter: Waiter, now: float) -> Case | None:
        """Say what is to be decided on a marked client's query; None where nothing is."""
        client, asked = waiter.client, waiter.query
        if all(mark.until <= now for mark in self.marks[client]):
            self._unmark(client)
            return None
        if asked.qtype == Type.ANY:
            kind, domain = LookupKind.MX, asked.qname  # it brings what an MX question would
        elif found := self._exchanges.kind(client, asked.qname, asked.qtype, now):
            kind, domain = found
        else:
            return None
        if self._exempt.domain(domain) or self._exempt.domain(asked.qname):
            return None
        return Case(kind, domain, asked.qname, self._askings.first(_asking(waiter), now))

    def refuse(self, waiter: Waiter, case: Case, now: float) -> Outcome | None:
        """Refuse what no upstream need be asked for; None where the answer decides."""
        mark = _acting(self.marks[waiter.client])
        if mark is None or not refuses_at_once(mark, case, now):
            return None
        self._counters["policy_refused"] += 1
        tail = self._refusal(waiter, Ede.PROHIBITED)
        return Outcome(tail, Enforced(mark.policy, Decided.REFUSED))

    def apply(
        self, waiter: Waiter, case: Case, response: Response, is_refresh: bool, write: Write,
        now: float,
    ) -> Outcome:  # fmt: skip
        """Decide on the answer to a query, and do it; `write` writes the true one."""
        is_signed = waiter.query.do and response.has(Type.RRSIG)
        answer = Answer(response.rcode, response.exchanges, is_refresh, is_signed)
        try:
            return self._apply(waiter, case, answer, write, now)
        except Exception:  # a fault in a policy must cost nobody an answer
            if not self._counters["policy_faults"]:
                log.exception("a policy failed, and the answer was given")
            self._counters["policy_faults"] += 1
            return Outcome(write())

    def _apply(
        self, waiter: Waiter, case: Case, answer: Answer, write: Write, now: float
    ) -> Outcome:
        """Decide by each mark; the last one acts."""
        tried = None
        for mark in self.marks.get(waiter.client, ()):
            if not mark.dry_run and self.held.get(_asking(waiter)):
                return self._wait(waiter, write)
            ledger = self._ledgers[waiter.client, mark.dry_run]
            decision = decide(mark, case, answer, ledger, now)
            if (decided := _decided(decision)) is None:
                continue
            if mark.dry_run:
                self._counters["policy_dry_runs"] += 1
                tried = Enforced(mark.policy, decided, dry_run=True)
            else:
                return self._act(waiter, decision, Enforced(mark.policy, decided), write, now)
        return Outcome(write(), tried)

    def _act(
        self, waiter: Waiter, decision: Decision, done: Enforced, write: Write, now: float
    ) -> Outcome:
        match decision:
            case Pass():
                return Outcome(write())
            case Refuse(code):
                outcome = Outcome(self._refusal(waiter, code), done)
            case Rewrite():
                outcome = Outcome(self._forgery(waiter), done)
            case Hold(until, then):
                self.held.begin(_asking(waiter), done, until - now, isinstance(then, Refuse))
                return self._wait(waiter, write)
        self._counters[f"policy_{done.decided}"] += 1
        return outcome

    def _wait(self, waiter: Waiter, write: Write) -> Outcome:
        """Let a query wait for an answer that is held, if there is room."""
        held = self.held.get(_asking(waiter))
        assert held is not None, "it has just been found or begun"
        if held.is_refused:
            write = partial(self._refusal, waiter, Ede.BLOCKED)
        if self.held.join(held, waiter, write):
            self._counters["policy_held"] += 1
            return Outcome(None, held.enforced)
        self._counters["policy_held_full"] += 1
        refused = replace(held.enforced, decided=Decided.REFUSED)
        return Outcome(self._refusal(waiter, Ede.BLOCKED), refused)

    def _forgery(self, waiter: Waiter) -> bytes:
        """Write the answer that leads to the holding bay; AD is not set in it."""
        return build.tail(
            self._bay.answer(waiter.query), waiter.query, 0, limit=waiter.limit, max_ttl=TTL,
            size=self._size, extended=_SAID[Ede.FORGED_ANSWER],
        )  # fmt: skip

    def _refusal(self, waiter: Waiter, code: Ede) -> bytes:
        return build.error_tail(waiter.query, Rcode.SERVFAIL, self._size, _SAID[code])

    def _unmark(self, client: bytes) -> None:
        """Forget a client's marks; what was held for it is given."""
        self.marks.pop(client, None)
        for dry_run in (False, True):
            self._ledgers.pop((client, dry_run), None)
        self.held.release(client)


def _acting(marks: "tuple[Mark, ...] | list[Mark]") -> Mark | None:
    """Return the mark that is no dry run, if there is one, without its end."""
    return replace(marks[-1], until=0.0) if marks and not marks[-1].dry_run else None


def _asking(waiter: Waiter) -> Asking:
    return waiter.client, waiter.query.qname, waiter.query.qtype


def _decided(decision: Decision) -> Decided | None:
    """Say in a word what is recorded of a decision."""
    match decision:
        case Pass():
            return None
        case Rewrite():
            return Decided.REWRITTEN
        case Refuse() | Hold(_, Refuse()):
            return Decided.REFUSED
        case Hold():
            return Decided.HELD
