"""The enforcement point: marks, and what becomes of an answer.

Only a lookup that may be mail-related, of a client that has a mark, comes here; no other waits for
it.  Nothing here enters the answer cache.  Whatever goes wrong, the answer is given.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from dnswatch.codes import Class, Ede, Rcode, Type
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.mark import Marks
from dnswatch.resolver.arbiter import Arbiter, MailRelation, Ruling
from dnswatch.resolver.askings import Asking
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.decision import Facts, Hold, Pass, Refuse, Rewrite, Subject
from dnswatch.resolver.events import Answer, Event, Form, Held, PolicyFault
from dnswatch.resolver.held import HeldAnswers, HeldQuestion
from dnswatch.resolver.known import KnownAddresses
from dnswatch.resolver.pending import PendingQuery
from dnswatch.settings import Settings
from dnswatch.wire import build
from dnswatch.wire.response import Response

_SAID: Final = {
    code: build.ede(code, text)
    for code, text in (
        (Ede.BLOCKED, "mail lookups from this machine are limited; ask your administrator"),
        (Ede.PROHIBITED, "this machine may make no mail lookups; ask your administrator"),
    )
}

UNTIL_HTTPS: Final = 0.05
"""Seconds that the forged address of a mail host which no MX answer names waits: a browser asks for
HTTPS records along with the address, and the order in which they come is left to chance."""

_WEAK: Final = frozenset((LookupKind.GUESS, LookupKind.IMPLICIT))


class EnforcedAnswer(NamedTuple):
    """What becomes of an answer."""

    answer: Answer | None
    "What to send now; None where it is held."
    enforced: Enforced | None = None
    "What a policy did, if any did something."


class EnforcementPoint:
    """The enforcement point of one worker."""

    def __init__(
        self,
        settings: Settings,
        exchanges: Exchanges,
        deadlines: Deadlines,
        events: deque[Event],
        counters: Counter[str],
    ) -> None:
        """Enforce nothing yet; which lookups are mail-related, `exchanges` knows."""
        self._arbiter = Arbiter(settings, exchanges)
        self.marks = self._arbiter.marks
        "Client to its marks."
        self.known = KnownAddresses()
        self.held = HeldAnswers(settings.limits, deadlines, self._give)
        self._events = events
        self._counters = counters

    def configure(self, settings: Settings) -> None:
        """Take other settings, for the marks that are there as well."""
        self.held.limits = settings.limits
        self._release(self._arbiter.configure(settings))

    def learn(self, news: Marks) -> None:
        """Take news of marks; what is held for a mark that changed is given."""
        self._release(self._arbiter.learn(news))

    def subject(
        self, pending: PendingQuery, now: float, known: MailRelation | None = None
    ) -> Subject | None:
        """Say what is to be decided on a marked client's query; None where nothing is.

        `known` says in which way it is mail-related, where somebody found that out before.

        Mail is a matter of the class IN; whoever asks for any class is given that.
        """
        if pending.query.qclass not in (Class.IN, Class.ANY):
            return None
        subject = self._arbiter.subject(_asking(pending), now, known)
        if pending.client not in self.marks:  # its last one has just ended
            self.held.release(pending.client)
        return subject

    def refuse(
        self, pending: PendingQuery, subject: Subject, now: float
    ) -> tuple[Answer, Enforced] | None:
        """Refuse what no upstream need be asked for; None where the answer decides."""
        enforced = self._arbiter.refuses(pending.client, subject, now)
        if enforced is None:
            return None
        self._counters["policy_refused"] += 1
        return _refusal(pending, Ede.PROHIBITED), enforced

    def apply(
        self, answer: Answer, subject: Subject, is_refresh: bool, now: float
    ) -> EnforcedAnswer:
        """Decide on the true answer to a query, and do it.

        `is_refresh` says that it brings nothing but addresses that were known.
        """
        try:
            return self._apply(answer, subject, is_refresh, now)
        except Exception as error:  # noqa: BLE001 - a fault must cost nobody an answer
            self._counters["policy_faults"] += 1
            self._events.append(PolicyFault(error))
            return EnforcedAnswer(answer)

    def _apply(
        self, answer: Answer, subject: Subject, is_refresh: bool, now: float
    ) -> EnforcedAnswer:
        pending, response = answer.pending, answer.response
        is_signed = pending.query.do and response.has(Type.RRSIG)
        facts = Facts(response.rcode, response.exchanges, is_refresh, is_signed)
        held = self.held.get(_asking(pending))
        ruling = self._arbiter.rule(pending.client, subject, facts, now, is_held=held is not None)
        if held is not None and ruling.decision is None:
            return self._wait(held, answer)
        if ruling.is_tried:
            self._counters["policy_dry_runs"] += 1
        return self._act(answer, subject, ruling, now)

    def _act(self, answer: Answer, subject: Subject, ruling: Ruling, now: float) -> EnforcedAnswer:
        decision, done, pending = ruling.decision, ruling.enforced, answer.pending
        if done is None or isinstance(decision, Pass | None):
            return EnforcedAnswer(answer, done)
        match decision:
            case Refuse(code):
                outcome = EnforcedAnswer(_refusal(pending, code), done)
            case Rewrite() if pending.query.qclass != Class.IN:  # no record is of the class asked
                refused = replace(done, decided=Decided.REFUSED)
                outcome = EnforcedAnswer(_refusal(pending, Ede.BLOCKED), refused)
            case Rewrite() if subject.kind in _WEAK:
                asking, until = _asking(pending), now + UNTIL_HTTPS
                return self._hold(HeldQuestion(asking, done, until, is_forged=True), answer)
            case Rewrite():
                outcome = EnforcedAnswer(_forged(answer), done)
            case Hold(until, then):
                is_refused = isinstance(then, Refuse)
                question = HeldQuestion(_asking(pending), done, until, is_refused)
                return self._hold(question, answer)
        self._counters[f"policy_{done.decided}"] += 1
        return outcome

    def _hold(self, question: HeldQuestion, answer: Answer) -> EnforcedAnswer:
        self.held.begin(question)
        return self._wait(question, answer)

    def _wait(self, held: HeldQuestion, answer: Answer) -> EnforcedAnswer:
        """Let a query wait for an answer that is held, if there is room."""
        if self.held.join(held, answer):
            self._counters["policy_rewritten" if held.is_forged else "policy_held"] += 1
            self._events.append(Held(self._due(held, answer), held.until))
            return EnforcedAnswer(None, held.enforced)
        self._counters["policy_held_full"] += 1
        refused = replace(held.enforced, decided=Decided.REFUSED)
        return EnforcedAnswer(_refusal(answer.pending, Ede.BLOCKED), refused)

    def _give(self, held: HeldQuestion) -> None:
        self._events.extend(self._due(held, answer) for answer in held.answers)

    def _due(self, held: HeldQuestion, answer: Answer) -> Answer:
        """Return what follows the wait, as things stand.

        Nothing leads to the bay where the client has shown that it wants the web.
        """
        if held.is_refused:
            return _refusal(answer.pending, Ede.BLOCKED)
        client, qname, _ = held.asking
        if held.is_forged and not self._arbiter.is_visited(client, qname):
            return _forged(answer)
        return answer

    def _release(self, clients: Iterable[bytes]) -> None:
        """Give what is held for some clients."""
        for client in clients:
            self.held.release(client)


def _forged(answer: Answer) -> Answer:
    return Answer(answer.pending, answer.response, Form.FORGED)


def _refusal(pending: PendingQuery, code: Ede) -> Answer:
    response = Response(0, Rcode.SERVFAIL)
    response.options = _SAID[code]
    return Answer(pending, response)


def _asking(pending: PendingQuery) -> Asking:
    return pending.client, pending.query.qname, pending.query.qtype
