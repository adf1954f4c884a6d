"""The arbiter: marks, and what they decide on a lookup and its answer.

The enforcement point has what is decided done: worker, campus and dry run all come here by it.
"""

from collections import defaultdict
from typing import NamedTuple

from msgspec.structs import replace

from dnswatch.codes import Type
from dnswatch.model.exchanges import SERVICES, Exchanges, LookupKind
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.ledger import Ledger
from dnswatch.model.policies.mark import NEW_WEB, Mark, Marks, WebNames
from dnswatch.resolver.askings import Asking, Askings
from dnswatch.resolver.decision import (
    PASS,
    Decision,
    Facts,
    Hold,
    Pass,
    Refuse,
    Rewrite,
    Subject,
    decide,
    refuses_at_once,
)
from dnswatch.settings import Settings

MailRelation = tuple[LookupKind, bytes]
"""In which way a lookup is mail-related, and to which mail domain it belongs."""


class Ruling(NamedTuple):
    """What was decided on an answer."""

    decision: Decision | None
    "What to do; None where a retry waits with the answer that is held already."
    enforced: Enforced | None
    "What is to be recorded."

    @property
    def is_tried(self) -> bool:
        """Whether a dry run decided something; nothing of it is done."""
        return self.enforced is not None and self.enforced.dry_run


class Arbiter:
    """The marks of one worker's clients."""

    def __init__(self, settings: Settings, exchanges: Exchanges) -> None:
        """Know no mark yet; which lookups are mail-related, `exchanges` knows."""
        self.marks: dict[bytes, tuple[Mark, ...]] = {}
        "Client to its marks; the last one acts unless it is a dry run, the others are dry runs."
        self._exchanges = exchanges
        self._askings = Askings()
        self._ledgers: defaultdict[tuple[bytes, bool], Ledger] = defaultdict(Ledger)
        "Client, and whether in dry runs, to what it has had."
        self._visited: defaultdict[bytes, set[bytes]] = defaultdict(set)
        "Marked client to the first `NEW_WEB` mail hosts' names that it asked HTTPS records of."
        self.configure(settings)

    def configure(self, settings: Settings) -> list[bytes]:
        """Take other settings; return the clients that lost their marks by it."""
        self._exempt = Exempt(settings)
        self._exchanges.is_exempt = self._exempt.domain
        self._workers = settings.serve.workers
        spared = [client for client in self.marks if self._exempt.client(client)]
        for client in spared:
            self._unmark(client)
        return spared

    def learn(self, news: Marks) -> list[bytes]:
        """Take news of marks; return the clients for whom another mark, or none, acts now."""
        marks: defaultdict[bytes, list[Mark]] = defaultdict(list)
        for mark in news.marks:
            if not self._exempt.client(mark.client):
                marks[mark.client].append(replace(mark, terms=mark.terms.shared(self._workers)))
        changed = list(self.marks.keys() - marks.keys() if news.whole else news.unmarked)
        for client in changed:
            self._unmark(client)
        for client, theirs in marks.items():
            if _effect(self.marks.get(client, ())) != _effect(theirs):
                changed.append(client)
            self.marks[client] = tuple(theirs)
        return changed

    def visit(self, asking: Asking) -> None:
        """Note that a marked client uses a name for the web, if a question shows it."""
        client, qname, qtype = asking
        if not self._exchanges.visited(qname, qtype) or self.is_visited(client, qname):
            return
        if len(visited := self._visited[client]) < NEW_WEB:
            visited.add(qname)

    def is_web(self, subject: Subject, client: bytes, now: float) -> bool:
        """Say whether a lookup that could be about mail is about the web to this client.

        It used the name for the web before there was evidence against it, or asks HTTPS records of
        it, and no MX answer names it; or a domain's exchange is called like its web site, and the
        client has not asked for the domain's MX.
        """
        qname = subject.qname
        if subject.kind is LookupKind.MX:
            return False
        if any(qname in mark.web.used for mark in self.marks.get(client, ())):
            return True
        is_known = subject.kind is LookupKind.EXCHANGE
        if is_known and self._exchanges.is_site(qname):
            return not self._exchanges.is_asked(client, qname, now)
        return not is_known and self.is_visited(client, qname)

    def is_visited(self, client: bytes, qname: bytes) -> bool:
        """Say whether a client has asked HTTPS records of a name, or has no mark any more."""
        if client not in self.marks or qname in self._visited.get(client, ()):
            return True
        return any(qname in mark.web.visited for mark in self.marks[client])

    def subject(
        self, asking: Asking, now: float, known: MailRelation | None = None
    ) -> Subject | None:
        """Say what is to be decided on a marked client's lookup; None where nothing is.

        `known` says in which way it is mail-related, where somebody found that out before.
        """
        client, qname, qtype = asking
        if all(mark.until <= now for mark in self.marks[client]):
            self._unmark(client)
            return None
        if known is not None:
            kind, domain = known
        elif qtype == Type.ANY:
            kind, domain = LookupKind.MX, qname  # it brings what an MX question would
        elif found := self._mail_related(asking, now):
            kind, domain = found
        elif guessed := self._exchanges.guessed(qname, qtype):
            kind, domain = LookupKind.GUESS, guessed  # whoever asked MX for it, or nobody
        else:
            self.visit(asking)
            return None
        if self._exempt.domain(domain) or self._exempt.domain(qname):
            return None
        subject = Subject(kind, domain, qname, self._askings.first(asking, now))
        return None if self.is_web(subject, client, now) else subject

    def _mail_related(self, asking: Asking, now: float) -> MailRelation | None:
        """Say in which way a lookup is mail-related; one for a service is where hints would lead.

        A name that is only shaped like a mail host's is the web's to whoever asks that.
        """
        client, qname, qtype = asking
        if qtype not in SERVICES:
            return self._exchanges.kind(client, qname, qtype, now)
        found = self._exchanges.kind(client, qname, Type.A, now)
        return None if found is None or found[0] is LookupKind.GUESS else found

    def refuses(self, client: bytes, subject: Subject, now: float) -> Enforced | None:
        """Say what refuses a lookup that no upstream need be asked for, if anything does."""
        mark = _acting(self.marks[client])
        if mark is None or not refuses_at_once(mark, subject, now):
            return None
        return Enforced(mark.policy, Decided.REFUSED)

    def rule(
        self,
        client: bytes,
        subject: Subject,
        answer: Facts,
        now: float,
        *,
        is_held: bool = False,
    ) -> Ruling:
        """Decide on an answer by each mark; `is_held`: the same question waits for it already."""
        tried = None
        for mark in self.marks.get(client, ()):
            if not mark.dry_run and is_held:
                return Ruling(None, None)
            ledger = self._ledgers[client, mark.dry_run]
            decision = decide(mark, subject, answer, ledger, now)
            if (decided := _decided(decision)) is None:
                continue
            if not mark.dry_run:
                return Ruling(decision, Enforced(mark.policy, decided))
            tried = Enforced(mark.policy, decided, dry_run=True)
        return Ruling(PASS, tried)

    def _unmark(self, client: bytes) -> None:
        """Forget a client's marks."""
        self.marks.pop(client, None)
        self._visited.pop(client, None)
        for dry_run in (False, True):
            self._ledgers.pop((client, dry_run), None)


def _acting(marks: "tuple[Mark, ...] | list[Mark]") -> Mark | None:
    """Return the mark that is no dry run, if there is one."""
    return marks[-1] if marks and not marks[-1].dry_run else None


def _effect(marks: "tuple[Mark, ...] | list[Mark]") -> Mark | None:
    """Return what acts, without its end and the web sites: news of those release nothing."""
    mark = _acting(marks)
    return None if mark is None else replace(mark, until=0.0, web=WebNames())


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
