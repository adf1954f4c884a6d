"""The core: what a query gets, and what is observed of it, with a scripted upstream."""

import dns.flags
import dns.message
import pytest

from dnswatch.codes import Ede, Rcode, Type
from dnswatch.model.observation import Observation, Origin
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.cache import RETRY_STALE
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.events import DROP, Answer
from dnswatch.resolver.pending import PendingQuery
from dnswatch.wire import name
from tests import check
from tests.resolver.scripted import (
    MIDNIGHT,
    Client,
    configured,
    local_names,
    message,
    query_body,
)

HOSTS = "192.168.0.5 printer.lan\nfd00::5 printer.lan\n"
WWW = query_body("www.example.")


class Scene:
    """A core with one upstream, in invented time."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self.now = MIDNIGHT
        self.core = ResolverCore(configured(), local_names([HOSTS]), Cookies(bytes(32)))
        self.asked: list[Ask] = []
        "What the upstream was asked, in order."
        self.client = Client()

    def ask(
        self, query: bytes, client: Client | None = None, *, udp: bool = True
    ) -> dns.message.Message | None:
        """Ask; give the answer where it comes at once."""
        body = self.core.query(query, (client or self.client).pending(), self.now, udp=udp)
        self._carry_out()
        self.ignored = body == DROP
        return dns.message.from_wire(b"id" + body) if body else None

    def hear(self, wire: bytes, which: int = -1) -> None:
        """Let the upstream answer."""
        self.core.heard(self.asked[which], wire, self.now, self.now)
        self._carry_out()

    def let(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (due := self.core.timer()) <= end:
            self.now = due
            self.core.fire(due)
            self._carry_out()
        self.now = end

    def look_up(self, query: bytes, *, rcode: int = 0, ttl: int = 300) -> dns.message.Message:
        """Ask, let the upstream answer, and give what the client gets."""
        assert self.ask(query) is None
        self.hear(message(self.asked[-1].query, rcode, ttl))
        return self.later()

    def later(self) -> dns.message.Message:
        """What the client got last."""
        return dns.message.from_wire(self.client.got[-1])

    def seen(self) -> list[Observation]:
        """The lookups that were observed since the last time."""
        return self.core.observed.take()

    def _carry_out(self) -> None:
        while self.core.events:
            match self.core.events.popleft():
                case Ask() as ask:
                    self.asked.append(ask)
                case Answer() as answer:
                    assert answer.pending.reply is not None
                    answer.pending.reply(answer.pending, self.core.write(answer, self.now))


@pytest.fixture
def scene() -> Scene:
    """A core with an empty cache."""
    return Scene()


def test_a_lookup_is_answered_and_then_remembered(scene: Scene) -> None:
    """The first client waits for the upstream, the next is answered at once, with less TTL."""
    first = scene.look_up(WWW)
    assert check.data(first) == ["192.0.2.80"]
    assert check.ttl(first) == 300
    scene.let(100)
    second = scene.ask(query_body("WWW.Example."), Client("10.0.0.2"))
    assert second is not None
    assert check.ttl(second) == 200
    assert second.question[0].name.to_text() == "WWW.Example."
    assert len(scene.asked) == 1


def test_lookups_are_observed_and_hits_are_counted(scene: Scene) -> None:
    """The watch hears of the upstream's answer with its addresses, and of hits as a number."""
    scene.look_up(WWW)
    for _ in range(3):
        scene.ask(WWW)
    (seen,) = scene.seen()
    assert seen.origin is Origin.UPSTREAM
    assert (seen.client, seen.qname) == (scene.client.address, name.from_text("www.example"))
    assert seen.addresses == ((b"\xc0\0\2\x50", 300),)
    assert [
        (tally.qtype, tally.addresses, tally.count) for tally in scene.core.observed.take_tallies()
    ] == [(1, 1, 3)]


def test_one_observation_of_many_who_wait_is_the_upstreams(scene: Scene) -> None:
    """Of clients who shared a lookup each is observed; the site cache learns once."""
    clients = [Client(f"10.0.0.{number}") for number in range(1, 5)]
    for client in clients:
        assert scene.ask(WWW, client) is None
    scene.hear(message(scene.asked[0].query))
    assert all(client.got for client in clients)
    origins = [seen.origin for seen in scene.seen()]
    assert origins == [Origin.UPSTREAM, Origin.CACHE, Origin.CACHE, Origin.CACHE]


def test_every_mail_related_lookup_is_observed(scene: Scene) -> None:
    """MX questions and addresses of exchanges take no short cut: each goes out on its own."""
    mx = query_body("example.", "MX")
    assert scene.ask(mx) is None
    scene.hear(_mx_answer(scene.asked[0].query.question))
    for _ in range(2):
        assert scene.ask(mx) is not None
    scene.look_up(query_body("mx.example."))
    for _ in range(2):
        assert scene.ask(query_body("mx.example.")) is not None
    kinds = [(seen.qtype, seen.origin) for seen in scene.seen()]
    assert kinds == [
        (Type.MX, Origin.UPSTREAM),
        (Type.MX, Origin.CACHE),
        (Type.MX, Origin.CACHE),
        (Type.A, Origin.UPSTREAM),
        (Type.A, Origin.CACHE),
        (Type.A, Origin.CACHE),
    ]
    assert not scene.core.packets.answers


def _mx_answer(question: bytes) -> bytes:
    data = b"\0\x0a\2mx\xc0\x0c"
    head = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + question
    return head + b"\xc0\x0c\0\x0f\0\1\0\0\1\x2c" + len(data).to_bytes(2, "big") + data


def test_a_name_that_becomes_an_exchange_leaves_the_short_cut(scene: Scene) -> None:
    """From the moment an MX answer names it, each lookup of its address is observed."""
    host = query_body("mx.example.")
    scene.look_up(query_body("x.example."))
    scene.look_up(host)
    scene.seen()
    scene.ask(query_body("x.example."))
    assert query_body("x.example.")[10:] in {query[10:] for query in scene.core.packets.answers}
    scene.ask(query_body("example.", "MX"))
    scene.hear(_mx_answer(scene.asked[-1].query.question))
    assert not any(b"\2mx\7example" in query for query in scene.core.packets.answers)


@pytest.mark.parametrize("qtype", ["AXFR", "IXFR", "OPT", "TKEY", "TSIG", "MAILA", "MAILB"])
def test_what_no_forwarder_is_asked_for_is_refused(scene: Scene, qtype: str) -> None:
    """A forwarder has no zone to give; other types are parts of messages, or of no use any more."""
    got = scene.ask(query_body("example.", qtype, use_edns=0), udp=False)
    assert got is not None
    check.rcode(got, "REFUSED")
    assert check.errors(got) == [Ede.NOT_SUPPORTED]
    assert not scene.asked


def test_special_names_do_not_leave_the_site(scene: Scene) -> None:
    """They are answered here, and observed like other lookups."""
    for qname, rcode in (
        ("x.onion.", 3),
        ("_dns.resolver.arpa.", 0),
        ("9.0.0.10.in-addr.arpa.", 3),
    ):
        got = scene.ask(query_body(qname, "SVCB", use_edns=0))
        assert got is not None
        assert got.rcode() == rcode
    assert not scene.asked
    assert {seen.origin for seen in scene.seen()} == {Origin.LOCAL}


def test_who_asks_to_go_round_is_counted(scene: Scene) -> None:
    """Each question counts, and each client once: that somebody asks is a sign."""
    for client in (Client("10.0.0.1"), Client("10.0.0.2"), Client("10.0.0.1")):
        got = scene.ask(query_body("use-application-dns.net."), client)
        assert got is not None
        check.rcode(got, "NXDOMAIN")
    assert scene.core.observed.counters["kept_here_queries"] == 3
    assert scene.core.observed.counters["kept_here_clients"] == 2


def test_nonsense_is_refused_and_counted(scene: Scene) -> None:
    """A query that cannot be read gets its rcode; a response gets nothing."""
    got = scene.ask(WWW + b"\0")
    assert got is not None
    check.rcode(got, "FORMERR")
    assert scene.ask(b"\x81" + WWW[1:]) is None
    assert scene.ignored
    assert scene.core.observed.counters["refused_formerr"] == 1
    assert scene.core.observed.counters["ignored_no_query"] == 1


def test_local_names_are_answered_without_asking(scene: Scene) -> None:
    """Both families and the way back come from the hosts file; the watch hears of it."""
    for qname, qtype, data in (
        ("Printer.lan.", "A", ["192.168.0.5"]),
        ("printer.lan.", "AAAA", ["fd00::5"]),
        ("5.0.168.192.in-addr.arpa.", "PTR", ["printer.lan."]),
    ):
        got = scene.ask(query_body(qname, qtype))
        assert got is not None
        check.noerror(got)
        assert check.data(got, qtype) == data
        assert got.question[0].name.to_text() == qname
    assert not scene.asked
    assert {seen.origin for seen in scene.seen()} == {Origin.LOCAL}


def test_an_ended_answer_serves_while_upstreams_fail(scene: Scene) -> None:
    """It is marked as stale (RFC 8767, 8914), and upstreams are left alone for a while."""
    query = query_body("www.example.", use_edns=0)
    scene.look_up(query, ttl=10)
    scene.let(20)
    stale = scene.look_up(query, rcode=Rcode.SERVFAIL)
    assert check.data(stale) == ["192.0.2.80"]
    assert check.ttl(stale) == 30
    assert check.errors(stale) == [Ede.STALE_ANSWER]
    asked = len(scene.asked)
    scene.let(RETRY_STALE - 1)
    assert scene.ask(query) is not None
    assert len(scene.asked) == asked
    scene.let(2)
    assert scene.ask(query) is None
    assert [seen.origin for seen in scene.seen()] == [Origin.UPSTREAM, Origin.STALE, Origin.STALE]


def test_an_ended_answer_serves_its_other_forms_at_once_as_well(scene: Scene) -> None:
    """Nobody waits anew for upstreams that are known to fail, because he sets DO or AD."""
    scene.look_up(query_body("www.example.", use_edns=0), ttl=10)
    scene.let(20)
    scene.look_up(query_body("www.example.", use_edns=0), rcode=Rcode.SERVFAIL)
    asked = len(scene.asked)
    given = scene.ask(query_body("www.example.", use_edns=0, want_dnssec=True))
    assert given is not None
    assert check.errors(given) == [Ede.STALE_ANSWER]
    assert scene.ask(query_body("other.example.", use_edns=0)) is None
    assert len(scene.asked) == asked + 1
    scene.let(RETRY_STALE + 1)
    assert scene.ask(query_body("www.example.", use_edns=0, want_dnssec=True)) is None


def test_an_ended_denial_is_marked_as_one(scene: Scene) -> None:
    """A stale NXDOMAIN has an extended error of its own (RFC 8914 section 4.20)."""
    query = query_body("no.example.", use_edns=0)
    assert scene.ask(query) is None
    asked = scene.asked[-1].query
    soa = b"\0\0\6\0\1\0\0\0\x0a\0\x16\0\0" + bytes(16) + b"\0\0\0\x0a"
    scene.hear(b"\0\0\x81\x83\0\1\0\0\0\1\0\0" + asked.question + soa)
    scene.let(20)
    stale = scene.look_up(query, rcode=Rcode.SERVFAIL)
    check.rcode(stale, "NXDOMAIN")
    assert check.errors(stale) == [Ede.STALE_NXDOMAIN]


def test_a_slow_upstream_lets_a_stale_answer_out_and_is_heard_later(scene: Scene) -> None:
    """After `stale_after` the client has the old answer; the new one serves from then on."""
    scene.look_up(WWW, ttl=10)
    scene.let(20)
    assert scene.ask(WWW) is None
    scene.let(2)
    assert check.ttl(scene.later()) == 30
    scene.hear(message(scene.asked[-1].query, ttl=500))
    fresh = scene.ask(WWW)
    assert fresh is not None
    assert check.ttl(fresh) == 500


def test_a_failure_is_not_asked_again_at_once(scene: Scene) -> None:
    """When nobody answered, equal questions fail at once for a second (RFC 9520), and say why."""
    query = query_body("www.example.", use_edns=0)
    assert scene.ask(query) is None
    scene.let(4.5)
    check.servfail(scene.later())
    assert check.errors(scene.later()) == [Ede.NO_REACHABLE_AUTHORITY]
    asked = len(scene.asked)
    again = scene.ask(query)
    assert again is not None
    check.servfail(again)
    assert check.errors(again) == [Ede.NO_REACHABLE_AUTHORITY]
    assert len(scene.asked) == asked
    scene.let(1)
    assert scene.ask(query) is None


def test_a_client_that_is_left_out_stands_in_no_observation(scene: Scene) -> None:
    """Its lookups count as nobody's."""
    pending = PendingQuery(scene.client.address, is_recorded=False, reply=lambda *_: None)
    assert scene.core.query(WWW, pending, scene.now, udp=True) is None
    ask = scene.core.events.popleft()
    assert isinstance(ask, Ask)
    scene.asked.append(ask)
    scene.hear(message(scene.asked[0].query))
    assert [seen.client for seen in scene.seen()] == [None]


def test_over_udp_an_answer_is_cut_to_what_the_client_takes(scene: Scene) -> None:
    """The same answer is whole over TCP and cut over UDP."""
    query = query_body("big.example.", "TXT")
    assert scene.ask(query) is None
    asked = scene.asked[-1].query
    record = b"\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\xc9\xc8" + b"x" * 200
    scene.hear(b"\0\0\x81\x80\0\1\0\5\0\0\0\0" + asked.question + record * 5)
    assert check.is_truncated(scene.later())
    whole = scene.ask(query, udp=False)
    assert whole is not None
    assert not check.is_truncated(whole)
    assert whole.flags & dns.flags.RA
    assert sum(map(len, whole.answer)) >= 1


def test_what_a_reload_forbids_is_forbidden_at_once(scene: Scene) -> None:
    """A smaller EDNS size holds for answers that were ready already."""
    query = query_body("www.example.", use_edns=0)
    scene.look_up(query)
    scene.ask(query)
    assert scene.core.packets.answers
    scene.core.configure(configured("serve.udp_size = 700"), local_names([HOSTS]))
    assert not scene.core.packets.answers
    got = scene.ask(query)
    assert got is not None
    assert got.payload == 700
