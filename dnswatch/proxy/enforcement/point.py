"""The enforcement point: marks, and what becomes of an answer.

Only a lookup that may be mail-related, of a client that has a mark, comes here; no other waits for
it.  Nothing here enters the answer cache.  Whatever goes wrong, the answer is given.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from dnswatch.codes import Class, Ede, Rcode, Type
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.mark import Mark, Marks
from dnswatch.proxy.enforcement.held import HeldAnswers
from dnswatch.proxy.lookup import Waiter
from dnswatch.resolver.arbiter import Arbiter, Ruling
from dnswatch.resolver.askings import Asking
from dnswatch.resolver.decision import (
    Facts,
    Hold,
    Pass,
    Refuse,
    Rewrite,
    Subject,
)
from dnswatch.resolver.known import KnownAddresses
from dnswatch.resolver.rewrite import TTL, BayAnswers
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

UNTIL_HTTPS: Final = 0.05
"""Seconds that the forged address of a mail host which no MX answer names waits: a browser asks for
HTTPS records along with the address, and the order in which they come is left to chance."""

_WEAK: Final = frozenset((LookupKind.GUESS, LookupKind.IMPLICIT))

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
        self._arbiter = Arbiter(settings, exchanges)
        self.known = KnownAddresses()
        self.held = HeldAnswers(settings.limits)
        self._counters = counters
        self.configure(settings)

    @property
    def marks(self) -> dict[bytes, tuple[Mark, ...]]:
        """Client to its marks."""
        return self._arbiter.marks

    def configure(self, settings: Settings) -> None:
        """Take other settings, for the marks that are there as well."""
        self._bay = BayAnswers(settings.quarantine)
        self._size = settings.serve.udp_size
        self.held.limits = settings.limits
        self._release(self._arbiter.configure(settings))

    def learn(self, news: Marks) -> None:
        """Take news of marks; what is held for a mark that changed is given."""
        self._release(self._arbiter.learn(news))

    def case(self, waiter: Waiter, now: float) -> Subject | None:
        """Say what is to be decided on a marked client's query; None where nothing is.

        Mail is a matter of the class IN; whoever asks for any class is given that.
        """
        if waiter.query.qclass not in (Class.IN, Class.ANY):
            return None
        case = self._arbiter.case(_asking(waiter), now)
        if waiter.client not in self.marks:  # its last one has just ended
            self.held.release(waiter.client)
        return case

    def refuse(self, waiter: Waiter, case: Subject, now: float) -> Outcome | None:
        """Refuse what no upstream need be asked for; None where the answer decides."""
        enforced = self._arbiter.refuses(waiter.client, case, now)
        if enforced is None:
            return None
        self._counters["policy_refused"] += 1
        return Outcome(self._refusal(waiter, Ede.PROHIBITED), enforced)

    def apply(
        self, waiter: Waiter, case: Subject, response: Response, is_refresh: bool, write: Write,
        now: float,
    ) -> Outcome:  # fmt: skip
        """Decide on the answer to a query, and do it; `write` writes the true one."""
        is_signed = waiter.query.do and response.has(Type.RRSIG)
        answer = Facts(response.rcode, response.exchanges, is_refresh, is_signed)
        try:
            return self._apply(waiter, case, answer, write, now)
        except Exception:  # a fault in a policy must cost nobody an answer
            if not self._counters["policy_faults"]:
                log.exception("a policy failed, and the answer was given")
            self._counters["policy_faults"] += 1
            return Outcome(write())

    def _apply(
        self, waiter: Waiter, case: Subject, answer: Facts, write: Write, now: float
    ) -> Outcome:
        is_held = self.held.get(_asking(waiter)) is not None
        ruling = self._arbiter.rule(waiter.client, case, answer, now, is_held=is_held)
        if ruling.decision is None:
            return self._wait(waiter, case, write)
        if ruling.is_tried:
            self._counters["policy_dry_runs"] += 1
        return self._act(waiter, case, ruling, write, now)

    def _act(
        self, waiter: Waiter, case: Subject, ruling: Ruling, write: Write, now: float
    ) -> Outcome:
        decision, done = ruling.decision, ruling.enforced
        if done is None or isinstance(decision, Pass):
            return Outcome(write(), done)
        match decision:
            case Refuse(code):
                outcome = Outcome(self._refusal(waiter, code), done)
            case Rewrite() if waiter.query.qclass != Class.IN:  # no record is of the class asked
                refused = replace(done, decided=Decided.REFUSED)
                outcome = Outcome(self._refusal(waiter, Ede.BLOCKED), refused)
            case Rewrite() if case.kind in _WEAK:
                self.held.begin(_asking(waiter), done, UNTIL_HTTPS, False, is_forged=True)
                return self._wait(waiter, case, write)
            case Rewrite():
                outcome = Outcome(self._forgery(waiter), done)
            case Hold(until, then):
                self.held.begin(_asking(waiter), done, until - now, isinstance(then, Refuse))
                return self._wait(waiter, case, write)
        self._counters[f"policy_{done.decided}"] += 1
        return outcome

    def _wait(self, waiter: Waiter, case: Subject, write: Write) -> Outcome:
        """Let a query wait for an answer that is held, if there is room."""
        held = self.held.get(_asking(waiter))
        assert held is not None, "it has just been found or begun"
        if held.is_refused:
            write = partial(self._refusal, waiter, Ede.BLOCKED)
        elif held.is_forged:
            write = partial(self._forgery_unless_web, waiter, case, write)
        if self.held.join(held, waiter, write):
            self._counters["policy_rewritten" if held.is_forged else "policy_held"] += 1
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

    def _forgery_unless_web(self, waiter: Waiter, case: Subject, write: Write) -> bytes:
        """Lead to the bay, unless the client has shown by now that it wants the web."""
        is_web = self._arbiter.is_visited(waiter.client, case.qname)
        return write() if is_web else self._forgery(waiter)

    def _refusal(self, waiter: Waiter, code: Ede) -> bytes:
        return build.error_tail(waiter.query, Rcode.SERVFAIL, self._size, _SAID[code])

    def _release(self, clients: Iterable[bytes]) -> None:
        """Give what is held for some clients."""
        for client in clients:
            self.held.release(client)


def _asking(waiter: Waiter) -> Asking:
    return waiter.client, waiter.query.qname, waiter.query.qtype
