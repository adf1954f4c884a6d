"""The core: what a query gets, whoever asks, without a socket, a clock, chance or a log.

Queries, responses and the time come in; out come answers, questions to upstreams by number, and
what is observed on the way.  Whoever drives it (a worker's sockets, the campus, a test)

1. hands over what came (`query`, `heard`, `failed`) with the time it is;
2. takes what is `observed`, and hands over what is urgent before any answer leaves;
3. carries out the `events`;
4. calls `fire` when `timer` says so.

Rules of this file: time comes in as `now`, Unix seconds.
"""

from collections import deque
from typing import Final

from dnswatch.codes import Class, Ede, Option, Rcode, Type
from dnswatch.errors import WireError
from dnswatch.model.exchanges import Exchanges
from dnswatch.model.observation import Enforced, Fate, Origin
from dnswatch.model.policies.mark import Doubts
from dnswatch.resolver.access import Admission, Admissions
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.askings import Askings
from dnswatch.resolver.cache import FAILURES, RETRY_STALE, AnswerCache
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.enforcement import EnforcementPoint
from dnswatch.resolver.events import DROP, STALE, TRUE, Answer, Event, Form
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.lookups import Lookup, Lookups
from dnswatch.resolver.observed import Observed, kind, turned_away
from dnswatch.resolver.packets import PacketCache
from dnswatch.resolver.pending import PendingQuery
from dnswatch.resolver.rates import Fairness, Rates
from dnswatch.resolver.special import SpecialNames
from dnswatch.resolver.upstreams import Prober, routes
from dnswatch.resolver.writer import Writer, failure
from dnswatch.seams.batch import Briefing
from dnswatch.settings import Settings
from dnswatch.wire import build, query
from dnswatch.wire.build import MAX_TCP
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

_TOO_MANY: Final = build.ede(Ede.NOT_READY, "too many of your queries are waiting")
_NOT_FOR_US: Final = build.ede(Ede.NOT_SUPPORTED, "no question for a forwarder")
_PROHIBITED: Final = build.ede(Ede.PROHIBITED, "this resolver is not for your network")
_BETWEEN_SERVERS: Final = frozenset(
    one.value
    for one in (Type.AXFR, Type.IXFR, Type.OPT, Type.TKEY, Type.TSIG, Type.MAILA, Type.MAILB)
)
"""Types that no forwarder is asked for: transfers, and parts of messages (RFC 6895 section 3.1)."""
_ANSWERED_CLASSES: Final = frozenset((Class.IN.value, Class.ANY.value))

# Looking a member up in its class costs as much as a look-up in the cache.
_MX: Final = Type.MX.value
_ANY: Final = Type.ANY.value
_UPSTREAM: Final = Origin.UPSTREAM
_CACHED: Final = Origin.CACHE
_STALE: Final = Origin.STALE
_ANSWERED: Final = Fairness.ANSWER

_COOKIE: Final = Option.COOKIE.to_bytes(2, "big") + b"\0\x18"
"""What a DNS cookie begins with that may be one of ours: 24 bytes long."""


class ResolverCore:
    """One worker's core."""

    def __init__(
        self,
        settings: Settings,
        local: LocalNames,
        cookies: Cookies,
        exchanges: Exchanges | None = None,
    ) -> None:
        """Answer as `settings` say; several may learn the mail-related names together."""
        self.events: deque[Event] = deque()
        "What is to be done now, in order."
        self.observed = Observed(settings.limits.clients)
        self.access = Admissions(settings)
        self.rates = Rates(settings.limits)
        self.cookies = cookies
        self.cache = AnswerCache(settings.cache)
        self.packets = PacketCache(self.cache.touch)
        self.exchanges = Exchanges() if exchanges is None else exchanges
        self.exchanges.relabelled = self.packets.clear
        self.suspects: dict[bytes, float] = {}
        "Clients whose mail-related questions need a proven address, and until when."
        self._challenges = Askings()
        self._deadlines = Deadlines()
        counters = self.observed.counters
        self.enforcement = EnforcementPoint(
            settings, self.exchanges, self._deadlines, self.events, counters
        )
        self._marks = self.enforcement.marks
        self._lookups = Lookups(
            settings, self._deadlines, self.events, counters, self._ended, self._impatient
        )
        self._local = local
        self._numbered = 0
        self._fails_until = 0.0
        "Until then upstreams are known to fail for some name, Unix seconds."
        self._configure(settings)

    def configure(self, settings: Settings, local: LocalNames) -> None:
        """Take other settings and names; what is cached and what is in flight goes on.

        Upstreams get new numbers; those of the old ones may still be answered.
        """
        self._local = local
        self.access.configure(settings)
        self.rates.configure(settings.limits)
        self.cache.configure(settings.cache)
        self._lookups.configure(settings)
        self.enforcement.configure(settings)
        self._configure(settings)
        self.packets.clear()

    def _configure(self, settings: Settings) -> None:
        self._writer = Writer(settings)
        self._serves_stale = settings.cache.stale > 0
        forwarded = (forward.domain for forward in settings.forward)
        self._special = SpecialNames(forwarded, keep_here=settings.serve.keep_here)
        self.routes = routes(settings, self._numbered)
        self._numbered += len(self.routes.servers)
        self._prober = Prober(self.routes, self.events)

    @property
    def waiting(self) -> int:
        """Count what is in flight and what is held."""
        return len(self._lookups) + len(self.enforcement.held)

    # What time brings.

    def timer(self) -> float:
        """Return when to fire next, Unix seconds; infinity where nothing waits."""
        return self._deadlines.timer()

    def fire(self, now: float) -> None:
        """Do all that is due: ask again, give stale and held answers, end at the deadline."""
        self._deadlines.fire(now)

    def probe(self, now: float) -> None:
        """See to the health of upstreams; to be called ten times a second, or never."""
        self._prober.round(now)

    def new_second(self, now: float) -> None:
        """Let go of what was good for a second."""
        self.rates.new_second()
        self.exchanges.forget(now)

    # What others know.

    def know(self, local: LocalNames) -> None:
        """Take other local names."""
        self._local = local
        self.packets.clear()

    def learn(self, briefing: Briefing, now: float) -> None:
        """Learn which names are mail-related, and which clients are marked or suspect."""
        lessons = briefing.lessons
        self.exchanges.teach(lessons, now)
        self.packets.forget(name for name, *_ in lessons.exchanges)
        self.packets.forget(name for name, _ in lessons.domains)
        if briefing.marks is not None:
            self.enforcement.learn(briefing.marks)
        if briefing.doubts is not None:
            self._doubt(briefing.doubts)

    def distrust(self, since: float) -> int:
        """Forget the answers that came since a moment, Unix seconds; return how many."""
        self.packets.clear()
        return self.cache.forget(since)

    def _doubt(self, news: Doubts) -> None:
        if news.whole:
            self.suspects.clear()
        self.suspects.update(news.suspects)
        for client in news.cleared:
            self.suspects.pop(client, None)

    # What clients bring.

    def screen(
        self, body: bytes, client: bytes, admission: Admission, now: float, *, redirected: bool
    ) -> bytes | None:
        """Answer a datagram without a thought, turn it away, or return None: it is to be read.

        `body` is the query without its ID, `client` a packed address.
        """
        if not admission.is_answered:
            return self._turn_away(body)
        ready = self.packets.find(body, now)
        if ready is not None:
            self.observed.count(client, ready.kind, admission.is_recorded, redirected)
            return ready.answer
        fairness = self.rates.judge(client, is_server=admission.is_server)
        if fairness is _ANSWERED or self._is_proven(body, client, admission, now):
            return None
        limited = turned_away(Fate.LIMITED)
        self.observed.count(client, limited, admission.is_recorded, redirected)
        if fairness is Fairness.SILENCE:
            self.observed.counters["rate_dropped"] += 1
            return DROP
        self.observed.counters["rate_truncated"] += 1
        return build.come_by_tcp(b"\0\0" + body, query.MIN_UDP)

    def is_slowed(self, client: bytes, admission: Admission, *, redirected: bool) -> bool:
        """Count a query of a connection; say whether it has to wait, beyond its client's rate."""
        is_server = admission.is_server
        if self.rates.judge(client, is_server=is_server, proven=True) is _ANSWERED:
            return False
        self.observed.counters["rate_slowed"] += 1
        limited = turned_away(Fate.LIMITED)
        self.observed.count(client, limited, admission.is_recorded, redirected)
        return True

    def query(self, body: bytes, pending: PendingQuery, now: float, *, udp: bool) -> bytes | None:
        """Return the answer to a query, all but its ID; None where it comes later, as an event.

        `body` is the query without its ID.  What is no query gets no answer, ever: `DROP`.
        """
        try:
            asked = query.read(b"\0\0" + body)
        except WireError as error:
            self.observed.counters[f"refused_{Rcode(error.rcode).name.lower()}"] += 1
            return build.refusal(b"\0\0" + body, error.rcode, self._writer.size)
        if asked is None:
            self.observed.counters["ignored_no_query"] += 1
            return DROP
        pending.query = asked
        pending.limit = min(asked.size, self._writer.size) if udp else MAX_TCP
        is_proven = not udp or self._has_cookie(pending, now)
        pending.is_proven |= is_proven
        wants_all = asked.qtype == _ANY and asked.qclass in _ANSWERED_CLASSES
        answer = self.ask(pending, now, all_in_one=wants_all and not is_proven)
        if answer is None:
            return None
        written = self._writer.body(answer, now)
        # A mail-related lookup is never only counted, and a cookie is for one client alone.
        if answer.tally is not None and udp and not asked.neighbourly:
            self.packets.add(body, asked, answer.response, written, answer.tally, now)
        return written

    def ask(self, pending: PendingQuery, now: float, *, all_in_one: bool = False) -> Answer | None:
        """Answer a query that was read: from here, by a refusal, from the cache; None for later.

        With `all_in_one` a question for all records is answered with one (RFC 8482): nothing is
        gained by asking it in another's name.
        """
        asked = pending.query
        response = self._find_here(pending, now)
        if response is not None:
            self._observe(pending, response, Origin.LOCAL, now)
            return Answer(pending, response)
        if not pending.is_proven and self._needs_proof(pending, now):
            self.observed.counters["proof_asked"] += 1
            self._count(pending, turned_away(Fate.CHALLENGED))
            return Answer(pending, Response(0, Rcode.NOERROR), Form.TRUNCATED)
        if pending.client in self._marks:
            answer = self._refused(pending, now)
            if answer is not None:
                return answer
        if all_in_one and pending.subject is None:
            response = Response(0, Rcode.NOERROR)
            self._observe(pending, response, Origin.LOCAL, now)
            return Answer(pending, response, Form.MINIMAL_ANY)
        response = self.cache.get(asked.key, now)
        if response is None:
            return self._later(pending, now)
        if self.exchanges.is_candidate(asked.qname, asked.qtype):
            return self._give(pending, response, _CACHED, now, True, bool(response.addresses))
        what = kind(asked.qtype, response.rcode, len(response.addresses))
        self._count(pending, what)
        return Answer(pending, response, TRUE, what)

    def write(self, answer: Answer, now: float) -> bytes:
        """Put an answer into bytes, all but its ID, as it is at `now`."""
        return self._writer.body(answer, now)

    # What upstreams bring.

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Take a message that answers `ask`: its ID and question were compared."""
        asker = ask.asker
        if isinstance(asker, Lookup):  # compiled, a call through the protocol is many times as dear
            asker.heard(ask, message, sent_at, now)
        else:
            asker.heard(ask, message, sent_at, now)

    def told(self, ask: Ask, response: Response, now: float) -> None:
        """Take what an upstream says to a lookup, at once and without a message."""
        assert isinstance(ask.asker, Lookup)
        ask.asker.told(ask, response, now, now, has_opt=True)

    def failed(self, ask: Ask, now: float) -> None:
        """Take it that an upstream will not answer `ask`."""
        ask.asker.failed(ask, now)

    # Who may ask.

    def _turn_away(self, body: bytes) -> bytes:
        """Answer a client outside the configured networks: nothing, or REFUSED."""
        self.observed.counters["not_allowed"] += 1
        if not self.access.refuse_others:
            return DROP
        try:
            asked = query.read(b"\0\0" + body)
        except WireError:
            return DROP
        if asked is None:
            return DROP
        return build.error_body(asked, Rcode.REFUSED, query.MIN_UDP, _PROHIBITED)

    def _is_proven(self, body: bytes, client: bytes, admission: Admission, now: float) -> bool:
        """Say whether a query beyond its client's rate has a cookie, and so a rate of its own."""
        if _COOKIE not in body:
            return False
        try:
            asked = query.read(b"\0\0" + body)
        except WireError:
            return False
        if asked is None or not self.cookies.check(asked.cookie, client, now).is_good:
            return False
        fairness = self.rates.judge(client, is_server=admission.is_server, proven=True)
        return fairness is _ANSWERED

    def _has_cookie(self, pending: PendingQuery, now: float) -> bool:
        """Say whether a query came with a cookie of ours; have its answer bring a good one."""
        if not pending.query.cookie:
            return False
        checked = self.cookies.check(pending.query.cookie, pending.client, now)
        pending.query.neighbourly = checked.option
        return checked.is_good

    def _needs_proof(self, pending: PendingQuery, now: float) -> bool:
        """Say whether a question of a suspect, which may be mail-related, has to come by TCP.

        A stub that cannot asks for the address again, and gets it; nothing follows from that.
        """
        client, asked = pending.client, pending.query
        until = self.suspects.get(client)
        if until is None:
            return False
        if now >= until:
            del self.suspects[client]
            return False
        if not self.exchanges.is_candidate(asked.qname, asked.qtype):
            return False
        asking = client, asked.qname, asked.qtype
        return asked.qtype == _MX or self._challenges.first(asking, now) == now

    # What is answered without an upstream.

    def _find_here(self, pending: PendingQuery, now: float) -> Response | None:
        """Answer what is never asked of an upstream; from the hosts files, then special names."""
        asked = pending.query
        if asked.qtype in _BETWEEN_SERVERS:
            return failure(Rcode.REFUSED, _NOT_FOR_US)
        is_local = asked.qname in self._local
        if is_local and (found := self._local.find(asked, pending.client)) is not None:
            return found
        special = self._special.find(asked, is_local=is_local)
        if special is None:
            return None
        if special.would_go_round:
            self.observed.counters["kept_here_queries"] += 1
            if self._special.is_new_asker(pending.client, now):
                self.observed.counters["kept_here_clients"] += 1
        return special.response

    def _refused(self, pending: PendingQuery, now: float) -> Answer | None:
        """Note what a mark is about; refuse what needs no answer to be refused."""
        pending.subject = self.enforcement.subject(pending, now)
        if pending.subject is None:
            return None
        refused = self.enforcement.refuse(pending, pending.subject, now)
        if refused is None:
            return None
        answer, enforced = refused
        self._observe(pending, answer.response, Origin.LOCAL, now, enforced=enforced)
        return answer

    # What an upstream is asked for.

    def _later(self, pending: PendingQuery, now: float) -> Answer | None:
        """Ask upstreams; a stale answer is given at once while they are known to fail."""
        stale = self.cache.stale(pending.query.key, now)
        if stale is None and now < self._fails_until:
            stale = self.cache.stale_of(pending.query, now)
        if stale is not None and now < stale.retry_at:
            return self._give_stale(pending, stale, now)
        group = self.routes.group(pending.query.qname)
        if self._lookups.join(pending, group, self._serves_stale, now):
            return None
        return self._fail(pending, _TOO_MANY, now)

    def _ended(
        self,
        asked: Query,
        heard: Response | None,
        waiting: list[PendingQuery],
        extended: bytes,
        now: float,
    ) -> None:
        """Answer those who waited for a lookup that has ended."""
        if (heard is None or heard.rcode in FAILURES) and self._impatient(asked, waiting, now):
            return
        if heard is None:
            failed = failure(Rcode.SERVFAIL, extended)
            failed.ttl = 1  # the least time that RFC 9520 section 3.2 allows
            self.cache.put(asked.key, failed, now)
            self.events.extend(self._fail(pending, extended, now) for pending in waiting)
            return
        self.cache.put(asked.key, heard, now)
        is_candidate = self.exchanges.is_candidate(asked.qname, asked.qtype)
        is_refresh = is_candidate and self.enforcement.known.note(heard.addresses, now)
        if not waiting:
            self._note(asked, heard, Origin.LATE, now, is_candidate)
        origin = _UPSTREAM
        for pending in waiting:
            self._emit(self._give(pending, heard, origin, now, is_candidate, is_refresh))
            origin = _CACHED

    def _impatient(self, asked: Query, waiting: list[PendingQuery], now: float) -> bool:
        """Give a stale answer to those who waited long enough, if there still is one."""
        stale = self.cache.stale_of(asked, now)
        if stale is None:
            return False
        self._fails_until = now + RETRY_STALE
        self.cache.postpone(stale, self._fails_until)
        for pending in waiting:
            self._emit(self._give_stale(pending, stale, now))
        return True

    def _emit(self, answer: Answer | None) -> None:
        """Have an answer sent, unless it is held."""
        if answer is not None:
            self.events.append(answer)

    def _give_stale(self, pending: PendingQuery, stale: Response, now: float) -> Answer | None:
        is_candidate = self.exchanges.is_candidate(pending.query.qname, pending.query.qtype)
        return self._give(pending, stale, _STALE, now, is_candidate, bool(stale.addresses))

    def _give(
        self,
        pending: PendingQuery,
        response: Response,
        origin: Origin,
        now: float,
        is_candidate: bool,
        is_refresh: bool,
    ) -> Answer | None:
        """Answer and observe a lookup; None where the answer is held.

        `is_candidate` says that it may be mail-related, `is_refresh` that it brings nothing but
        addresses that were known.
        """
        answer = Answer(pending, response, STALE if origin is _STALE else TRUE)
        if pending.subject is None:
            self._observe(pending, response, origin, now, is_candidate)
            return answer
        outcome = self.enforcement.apply(answer, pending.subject, is_refresh, now)
        self._observe(pending, response, origin, now, is_candidate, outcome.enforced)
        return outcome.answer

    def _fail(self, pending: PendingQuery, extended: bytes, now: float) -> Answer:
        response = failure(Rcode.SERVFAIL, extended)
        self._observe(pending, response, Origin.FAILED, now)
        return Answer(pending, response)

    # What is observed.

    def _count(self, pending: PendingQuery, what: int) -> None:
        self.observed.count(pending.client, what, pending.is_recorded, pending.is_redirected)

    def _observe(
        self,
        pending: PendingQuery,
        response: Response,
        origin: Origin,
        now: float,
        is_candidate: bool | None = None,
        enforced: Enforced | None = None,
    ) -> None:
        """Note a client's lookup; one of another class than IN says nothing of mail or hosts.

        Whether it may be mail-related is found out where `is_candidate` does not say.
        """
        asked = pending.query
        if asked.qclass not in _ANSWERED_CLASSES:
            self._count(pending, kind(asked.qtype, response.rcode, 0))
            return
        if is_candidate is None:
            is_candidate = self.exchanges.is_candidate(asked.qname, asked.qtype)
        self._note(asked, response, origin, now, is_candidate, pending, enforced)

    def _note(
        self,
        asked: Query,
        response: Response,
        origin: Origin,
        now: float,
        is_candidate: bool,
        pending: PendingQuery | None = None,
        enforced: Enforced | None = None,
    ) -> None:
        """Note a lookup, and learn from it which names are mail-related."""
        seen = self.observed.lookup(asked, response, origin, now, pending, enforced)
        if asked.qtype == _MX:
            self.exchanges.learn(seen)
            self.packets.forget((asked.qname, *response.exchanges))
        self.observed.is_urgent |= is_candidate
