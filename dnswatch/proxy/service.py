"""Service: what a query gets: a refusal, a local name, a cached answer, or a lookup.

Listeners for UDP and TCP hand every query here that they cannot answer by themselves; upstreams
hand back what they heard.  What is observed on the way goes to the reports.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from dnswatch.codes import Class, Ede, Rcode, Type
from dnswatch.errors import WireError
from dnswatch.model.exchanges import Exchanges
from dnswatch.model.observation import Enforced, Fate, Observation, Origin
from dnswatch.model.policies.mark import Doubts
from dnswatch.proxy.enforcement.point import EnforcementPoint
from dnswatch.proxy.lookup import Lookups, Waiter
from dnswatch.proxy.reports import Reports, kind, turned_away
from dnswatch.proxy.upstream.group import Routes
from dnswatch.resolver.askings import Askings
from dnswatch.resolver.cache import FAILURES, RETRY_STALE, AnswerCache
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.packets import PacketCache
from dnswatch.resolver.special import SpecialNames
from dnswatch.settings import Settings
from dnswatch.wire import build, query
from dnswatch.wire.build import MAX_TCP
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

NEVER: Final = b""
"""The answer to what is no query."""

_STALE: Final = build.ede(Ede.STALE_ANSWER)
_STALE_NXDOMAIN: Final = build.ede(Ede.STALE_NXDOMAIN)
_TOO_MANY: Final = build.ede(Ede.NOT_READY, "too many of your queries are waiting")
_NOT_FOR_US: Final = build.ede(Ede.NOT_SUPPORTED, "no question for a forwarder")
_BETWEEN_SERVERS: Final = frozenset(
    one.value
    for one in (
        Type.AXFR, Type.IXFR, Type.OPT, Type.TKEY, Type.TSIG, Type.MAILA, Type.MAILB
    )
)  # fmt: skip
"""Types that no forwarder is asked for: transfers, and parts of messages (RFC 6895 section 3.1)."""
_ANSWERED_CLASSES: Final = frozenset((Class.IN.value, Class.ANY.value))


class Service:
    """What all listeners of a worker share."""

    def __init__(
        self, settings: Settings, now: Callable[[], float], reports: Reports, routes: Routes,
        local: LocalNames, cookies: Cookies,
    ) -> None:  # fmt: skip
        """Answer as `settings` say; routes and local names are replaced when they change."""
        self.cookies = cookies
        self.suspects: dict[bytes, float] = {}
        "Clients whose mail-related questions need a proven address, and until when."
        self._challenges = Askings()
        self.ready = PacketCache()
        self.exchanges = Exchanges()
        self.exchanges.relabelled = self.ready.clear
        self.enforcement = EnforcementPoint(settings, reports.counters, self.exchanges)
        self.cache = AnswerCache(settings.cache)
        self.lookups = Lookups(settings, now, reports.counters, self._finished, self._impatient)
        self.routes = routes
        self.local = local
        self._now = now
        self._reports = reports
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take other settings; what is cached and what is in flight goes on."""
        self._size = settings.serve.udp_size
        self._max_ttl = int(settings.cache.max_ttl)
        self._serves_stale = settings.cache.stale > 0
        forwarded = (forward.domain for forward in settings.forward)
        self._special = SpecialNames(forwarded, keep_here=settings.serve.keep_here)
        self.cache.configure(settings.cache)
        self.lookups.configure(settings)
        self.enforcement.configure(settings)
        self.ready.clear()

    def know(self, local: LocalNames) -> None:
        """Take other local names."""
        self.local = local
        self.ready.clear()

    def doubt(self, news: Doubts) -> None:
        """Take news of who is suspect."""
        if news.whole:
            self.suspects.clear()
        self.suspects.update(news.suspects)
        for client in news.cleared:
            self.suspects.pop(client, None)

    def distrust(self, since: float) -> int:
        """Forget the answers that came since a moment, Unix seconds; return how many."""
        self.ready.clear()
        return self.cache.forget(since)

    def answer(self, exact: bytes, waiter: Waiter, *, udp: bool) -> bytes | None:
        """Return the answer to a query, all but its ID; None where it comes later, by `waiter`.

        `exact` is the query without its ID.  What is no query gets no answer, ever: `NEVER`.
        """
        try:
            asked = query.read(b"\0\0" + exact)
        except WireError as error:
            self._reports.counters[f"refused_{Rcode(error.rcode).name.lower()}"] += 1
            return build.refusal(b"\0\0" + exact, error.rcode, self._size)
        if asked is None:
            self._reports.counters["ignored_no_query"] += 1
            return NEVER
        now = self._now()
        waiter.query = asked
        waiter.limit = min(asked.size, self._size) if udp else MAX_TCP
        is_proven = not udp or self.has_cookie(waiter, now)
        waiter.proven |= is_proven
        wants_all = asked.qtype == Type.ANY and asked.qclass in _ANSWERED_CLASSES
        return self._answer(exact, waiter, udp, now, all_in_one=wants_all and not is_proven)

    def has_cookie(self, waiter: Waiter, now: float) -> bool:
        """Say whether a query came with a cookie of ours; have its answer bring a good one."""
        if not waiter.query.cookie:
            return False
        checked = self.cookies.check(waiter.query.cookie, waiter.client, now)
        waiter.query.neighbourly = checked.option
        return checked.is_good

    def _answer(
        self, exact: bytes, waiter: Waiter, udp: bool, now: float, *, all_in_one: bool
    ) -> bytes | None:
        """Answer from local names, by a refusal, from the cache, or later.

        With `all_in_one` a question for all records is answered with one (RFC 8482): nothing is
        gained by asking it in another's name.
        """
        asked = waiter.query
        tail = self._here(waiter, now)
        if tail is not None:
            return tail
        if not waiter.proven and self._needs_proof(waiter, now):
            self._reports.counters["proof_asked"] += 1
            what = turned_away(Fate.CHALLENGED)
            self._reports.count(waiter.client, what, waiter.recorded, waiter.redirected)
            return build.truncated(asked, self._size)
        if waiter.client in self.enforcement.marks:
            tail = self._refused(waiter, now)
            if tail is not None:
                return tail
        if all_in_one and waiter.case is None:
            self._observe(waiter, Response(0, Rcode.NOERROR), Origin.LOCAL, now)
            return build.any_hinfo(asked, self._size)
        response = self.cache.get(asked.key, now)
        if response is None:
            return self._later(waiter, now)
        if self.exchanges.is_candidate(asked.qname, asked.qtype):
            return self._give(waiter, response, Origin.CACHE, now, bool(response.addresses))
        tail = self._tail(response, waiter, now)
        what = kind(asked.qtype, response.rcode, len(response.addresses))
        self._reports.count(waiter.client, what, waiter.recorded, waiter.redirected)
        if udp and not asked.neighbourly:  # a cookie is for one client alone
            self.ready.add(exact, asked, response, tail, what, max_ttl=self._max_ttl, at=now)
        return tail

    def _needs_proof(self, waiter: Waiter, now: float) -> bool:
        """Say whether a question of a suspect, which may be mail-related, has to come by TCP.

        A stub that cannot asks for the address again, and gets it; nothing follows from that.
        """
        client, asked = waiter.client, waiter.query
        if now >= self.suspects.get(client, 0.0):
            self.suspects.pop(client, None)
            return False
        if not self.exchanges.is_candidate(asked.qname, asked.qtype):
            return False
        asking = client, asked.qname, asked.qtype
        return asked.qtype == Type.MX or self._challenges.first(asking, now) == now

    def _here(self, waiter: Waiter, now: float) -> bytes | None:
        """Answer what is never asked of an upstream."""
        asked = waiter.query
        if asked.qtype in _BETWEEN_SERVERS:
            response, extended = Response(0, Rcode.REFUSED), _NOT_FOR_US
        else:
            found = self._find_here(waiter, now)
            if found is None:
                return None
            response, extended = found, b""
        self._observe(waiter, response, Origin.LOCAL, now)
        return self._tail(response, waiter, now, extended=extended)

    def _find_here(self, waiter: Waiter, now: float) -> Response | None:
        """Look a name up in the hosts files, then among the special ones."""
        asked = waiter.query
        is_local = asked.qname in self.local
        if is_local and (found := self.local.find(asked, waiter.client)) is not None:
            return found
        special = self._special.find(asked, is_local=is_local)
        if special is None:
            return None
        if special.would_go_round:
            self._reports.counters["kept_here_queries"] += 1
            if self._special.is_new_asker(waiter.client, now):
                self._reports.counters["kept_here_clients"] += 1
        return special.response

    def _refused(self, waiter: Waiter, now: float) -> bytes | None:
        """Note what a mark is about; refuse what needs no answer to be refused."""
        waiter.case = self.enforcement.case(waiter, now)
        if waiter.case is None:
            return None
        outcome = self.enforcement.refuse(waiter, waiter.case, now)
        if outcome is None:
            return None
        refused = Response(0, Rcode.SERVFAIL)
        self._observe(waiter, refused, Origin.LOCAL, now, outcome.enforced)
        return outcome.tail

    def _later(self, waiter: Waiter, now: float) -> bytes | None:
        """Ask upstreams; a stale answer is given at once while they are known to fail."""
        stale = self.cache.stale(waiter.query.key, now)
        if stale is not None and now < stale.retry_at:
            return self._give_stale(waiter, stale, now)
        group = self.routes.group(waiter.query.qname)
        if self.lookups.join(waiter, group, self._serves_stale, now):
            return None
        return self._fail(waiter, _TOO_MANY, now)

    def _finished(
        self, asked: Query, heard: Response | None, waiters: list[Waiter], extended: bytes
    ) -> None:
        """Answer those who waited for a lookup that has ended."""
        now = self._now()
        if (heard is None or heard.rcode in FAILURES) and self._impatient(asked, waiters):
            return
        if heard is None:
            self.cache.put(asked.key, _failure(extended), now)
            for waiter in waiters:
                waiter.reply(waiter, self._fail(waiter, extended, now))
            return
        self.cache.put(asked.key, heard, now)
        is_candidate = self.exchanges.is_candidate(asked.qname, asked.qtype)
        is_refresh = is_candidate and self.enforcement.known.note(heard.addresses, now)
        if not waiters:
            self._report(asked, None, heard, Origin.LATE, now, redirected=False)
        origin = Origin.UPSTREAM
        for waiter in waiters:
            self._reply(waiter, self._give(waiter, heard, origin, now, is_refresh))
            origin = Origin.CACHE

    def _impatient(self, asked: Query, waiters: list[Waiter]) -> bool:
        """Give a stale answer to those who waited long enough, if there still is one."""
        now = self._now()
        stale = self.cache.stale_of(asked, now)
        if stale is None:
            return False
        stale.retry_at = now + RETRY_STALE
        for waiter in waiters:
            self._reply(waiter, self._give_stale(waiter, stale, now))
        return True

    def _give_stale(self, waiter: Waiter, stale: Response, now: float) -> bytes | None:
        return self._give(waiter, stale, Origin.STALE, now, bool(stale.addresses))

    def _give(
        self, waiter: Waiter, response: Response, origin: Origin, now: float, is_refresh: bool
    ) -> bytes | None:
        """Answer and observe a lookup; None where the answer is held, and goes by the waiter.

        `is_refresh` says that it brings nothing but addresses that were known.
        """
        if waiter.case is None:
            self._observe(waiter, response, origin, now)
            return self._write(waiter, response, origin)
        write = partial(self._write, waiter, response, origin)
        outcome = self.enforcement.apply(waiter, waiter.case, response, is_refresh, write, now)
        self._observe(waiter, response, origin, now, outcome.enforced)
        return outcome.tail

    def _write(self, waiter: Waiter, response: Response, origin: Origin) -> bytes:
        """Write an answer as it is now."""
        if origin is not Origin.STALE:
            return self._tail(response, waiter, self._now())
        extended = _STALE_NXDOMAIN if response.rcode == Rcode.NXDOMAIN else _STALE
        return self._tail(response, waiter, self._now(), stale=True, extended=extended)

    def _reply(self, waiter: Waiter, tail: bytes | None) -> None:
        """Send an answer, unless it is held."""
        if tail is not None:
            waiter.reply(waiter, tail)

    def _fail(self, waiter: Waiter, extended: bytes, now: float) -> bytes:
        self._observe(waiter, Response(0, Rcode.SERVFAIL), Origin.FAILED, now)
        return build.error_tail(waiter.query, Rcode.SERVFAIL, self._size, extended)

    def _tail(
        self, response: Response, waiter: Waiter, now: float, *,
        stale: bool = False, extended: bytes = b"",
    ) -> bytes:  # fmt: skip
        return build.tail(
            response, waiter.query, now - (response.stored_at or now), limit=waiter.limit,
            max_ttl=self._max_ttl, size=self._size, stale=stale, extended=extended,
        )  # fmt: skip

    def _observe(
        self, waiter: Waiter, response: Response, origin: Origin, now: float,
        enforced: Enforced | None = None,
    ) -> None:  # fmt: skip
        """Report a client's lookup; one of another class than IN says nothing of mail or hosts."""
        if waiter.query.qclass not in _ANSWERED_CLASSES:
            what = kind(waiter.query.qtype, response.rcode, 0)
            self._reports.count(waiter.client, what, waiter.recorded, waiter.redirected)
            return
        client = waiter.client if waiter.recorded else None
        self._report(
            waiter.query, client, response, origin, now, redirected=waiter.redirected,
            enforced=enforced, proven=waiter.proven,
        )  # fmt: skip

    def _report(
        self, asked: Query, client: bytes | None, response: Response, origin: Origin, now: float,
        *, redirected: bool, enforced: Enforced | None = None, proven: bool = True,
    ) -> None:  # fmt: skip
        """Report a lookup, and learn from it which names are mail-related."""
        if asked.qtype == Type.MX:
            self.exchanges.asked_mx(client, asked.qname, now)
            self.exchanges.learn_mx(asked.qname, response.exchanges, response.ttl, now)
            self.ready.forget((asked.qname, *response.exchanges))
        self._reports.observe(
            Observation(
                now, client, asked.qname, asked.qtype, response.rcode, origin,
                response.addresses, response.exchanges, response.ttl,
                redirected, asked.flags & 0x0100 != 0, enforced, None, proven,
            ),
            at_once=self.exchanges.is_candidate(asked.qname, asked.qtype),
        )  # fmt: skip


def _failure(extended: bytes) -> Response:
    """Remember that no upstream answered, for the least time that RFC 9520 section 3.2 allows."""
    response = Response(0, Rcode.SERVFAIL)
    response.ttl = 1
    response.options = extended
    return response
