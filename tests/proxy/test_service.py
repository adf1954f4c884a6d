"""The service: what a query gets, and what is observed of it, with scripted upstreams."""

import socket
from collections.abc import Iterator

import dns.flags
import dns.message
import pytest

from dnswatch.codes import Ede, Rcode, Type
from dnswatch.model.observation import Observation, Origin
from dnswatch.proxy.reports import Reports
from dnswatch.proxy.service import NEVER, Service
from dnswatch.proxy.upstream.group import Group, Routes
from dnswatch.resolver.cache import RETRY_STALE
from dnswatch.resolver.cookies import Cookies
from dnswatch.seams.batch import Batch, decode
from dnswatch.wire import name
from tests import check
from tests.proxy.invented import InventedLoop
from tests.proxy.scripted import Client, Scripted, configured, exact, local_names, message

HOSTS = "192.168.0.5 printer.lan\nfd00::5 printer.lan\n"
WWW = exact("www.example.")


class Scene:
    """A service with one upstream, and a watch that listens."""

    def __init__(self) -> None:
        """Start in invented time."""
        self.loop = InventedLoop()
        self.line, self.watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.line, self.watch):
            end.setblocking(False)
        self.upstream = Scripted()
        self.reports = Reports(self.line, self.loop.time, 100)
        self.service = Service(
            configured(), self.loop.time, self.reports,
            Routes(Group([self.upstream], "ordered"), {}), local_names([HOSTS]),
            Cookies(bytes(32)),
        )  # fmt: skip
        self.client = Client()

    def ask(
        self, query: bytes, client: Client | None = None, *, udp: bool = True
    ) -> dns.message.Message | None:
        """Ask; give the answer where it comes at once."""
        waiter = (client or self.client).waiter()

        async def answer() -> bytes | None:
            return self.service.answer(query, waiter, udp=udp)

        tail = self.loop.run_until_complete(answer())
        self.ignored = tail == NEVER
        return dns.message.from_wire(b"id" + tail) if tail else None

    def hear(self, wire: bytes, which: int = -1) -> None:
        """Let the upstream answer."""
        asking = self.upstream.asked[which]
        self.loop.call_soon(asking.response, self.upstream, wire, self.loop.time())
        self.loop.let(0)

    def look_up(self, query: bytes, *, rcode: int = 0, ttl: int = 300) -> dns.message.Message:
        """Ask, let the upstream answer, and give what the client gets."""
        assert self.ask(query) is None
        self.hear(message(self.upstream.asked[-1].query, rcode, ttl))
        return self.later()

    def later(self) -> dns.message.Message:
        """What the client got last."""
        assert not self.loop.faults
        return dns.message.from_wire(self.client.got[-1])

    def batches(self) -> list[Batch]:
        """What the watch was told."""
        self.reports.flush([])
        told = []
        try:
            while True:
                told.append(decode(self.watch.recv(1 << 20)))
        except BlockingIOError:
            return told

    def seen(self) -> list[Observation]:
        """The lookups that the watch was told of."""
        return [one for batch in self.batches() for one in batch.observations]

    def close(self) -> None:
        """End it."""
        self.loop.close()
        self.line.close()
        self.watch.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A service with an empty cache."""
    made = Scene()
    yield made
    made.close()


def test_a_lookup_is_answered_and_then_remembered(scene: Scene) -> None:
    """The first client waits for the upstream, the next is answered at once, with less TTL."""
    first = scene.look_up(WWW)
    assert check.data(first) == ["192.0.2.80"]
    assert check.ttl(first) == 300
    scene.loop.let(100)
    second = scene.ask(exact("WWW.Example."), Client("10.0.0.2"))
    assert second is not None
    assert check.ttl(second) == 200
    assert second.question[0].name.to_text() == "WWW.Example."
    assert len(scene.upstream.asked) == 1


def test_lookups_are_observed_and_hits_are_counted(scene: Scene) -> None:
    """The watch hears of the upstream's answer with its addresses, and of hits as a number."""
    scene.look_up(WWW)
    for _ in range(3):
        scene.ask(WWW)
    (batch,) = scene.batches()
    (seen,) = batch.observations
    assert seen.origin is Origin.UPSTREAM
    assert (seen.client, seen.qname) == (scene.client.address, name.from_text("www.example"))
    assert seen.addresses == ((b"\xc0\0\2\x50", 300),)
    assert [(tally.qtype, tally.addresses, tally.count) for tally in batch.tallies] == [(1, 1, 3)]


def test_one_observation_of_many_who_wait_is_the_upstreams(scene: Scene) -> None:
    """Of clients who shared a lookup each is observed; the site cache learns once."""
    clients = [Client(f"10.0.0.{number}") for number in range(1, 5)]
    for client in clients:
        assert scene.ask(WWW, client) is None
    scene.hear(message(scene.upstream.asked[0].query))
    assert all(client.got for client in clients)
    origins = [seen.origin for seen in scene.seen()]
    assert origins == [Origin.UPSTREAM, Origin.CACHE, Origin.CACHE, Origin.CACHE]


def test_every_mail_related_lookup_is_observed(scene: Scene) -> None:
    """MX questions and addresses of exchanges take no short cut: each goes out on its own."""
    mx = exact("example.", "MX")
    assert scene.ask(mx) is None
    scene.hear(_mx_answer(scene.upstream.asked[0].query.question))
    for _ in range(2):
        assert scene.ask(mx) is not None
    scene.look_up(exact("mx.example."))
    for _ in range(2):
        assert scene.ask(exact("mx.example.")) is not None
    kinds = [(seen.qtype, seen.origin) for seen in scene.seen()]
    assert kinds == [
        (Type.MX, Origin.UPSTREAM), (Type.MX, Origin.CACHE), (Type.MX, Origin.CACHE),
        (Type.A, Origin.UPSTREAM), (Type.A, Origin.CACHE), (Type.A, Origin.CACHE),
    ]  # fmt: skip
    assert not scene.service.ready.now


def _mx_answer(question: bytes) -> bytes:
    data = b"\0\x0a\2mx\xc0\x0c"
    head = b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + question
    return head + b"\xc0\x0c\0\x0f\0\1\0\0\1\x2c" + len(data).to_bytes(2, "big") + data


def test_a_name_that_becomes_an_exchange_leaves_the_short_cut(scene: Scene) -> None:
    """From the moment an MX answer names it, each lookup of its address is observed."""
    host = exact("mx.example.")
    scene.look_up(exact("x.example."))
    scene.look_up(host)
    scene.seen()
    scene.ask(exact("x.example."))
    assert exact("x.example.")[10:] in {query[10:] for query in scene.service.ready.now}
    scene.ask(exact("example.", "MX"))
    scene.hear(_mx_answer(scene.upstream.asked[-1].query.question))
    assert not any(b"\2mx\7example" in query for query in scene.service.ready.now)


@pytest.mark.parametrize("qtype", ["AXFR", "IXFR", "OPT", "TKEY", "TSIG", "MAILA", "MAILB"])
def test_what_no_forwarder_is_asked_for_is_refused(scene: Scene, qtype: str) -> None:
    """A forwarder has no zone to give; other types are parts of messages, or of no use any more."""
    got = scene.ask(exact("example.", qtype, use_edns=0), udp=False)
    assert got is not None
    check.rcode(got, "REFUSED")
    assert check.errors(got) == [Ede.NOT_SUPPORTED]
    assert not scene.upstream.asked


def test_special_names_do_not_leave_the_site(scene: Scene) -> None:
    """They are answered here, and observed like other lookups."""
    for qname, rcode in (
        ("x.onion.", 3),
        ("_dns.resolver.arpa.", 0),
        ("9.0.0.10.in-addr.arpa.", 3),
    ):
        got = scene.ask(exact(qname, "SVCB", use_edns=0))
        assert got is not None
        assert got.rcode() == rcode
    assert not scene.upstream.asked
    assert {seen.origin for seen in scene.seen()} == {Origin.LOCAL}


def test_who_asks_to_go_round_is_counted(scene: Scene) -> None:
    """Each question counts, and each client once: that somebody asks is a sign."""
    for client in (Client("10.0.0.1"), Client("10.0.0.2"), Client("10.0.0.1")):
        got = scene.ask(exact("use-application-dns.net."), client)
        assert got is not None
        check.rcode(got, "NXDOMAIN")
    assert scene.reports.counters["kept_here_queries"] == 3
    assert scene.reports.counters["kept_here_clients"] == 2


def test_nonsense_is_refused_and_counted(scene: Scene) -> None:
    """A query that cannot be read gets its rcode; a response gets nothing."""
    got = scene.ask(WWW + b"\0")
    assert got is not None
    check.rcode(got, "FORMERR")
    assert scene.ask(b"\x81" + WWW[1:]) is None
    assert scene.ignored
    assert scene.reports.counters["refused_formerr"] == 1
    assert scene.reports.counters["ignored_no_query"] == 1


def test_local_names_are_answered_without_asking(scene: Scene) -> None:
    """Both families and the way back come from the hosts file; the watch hears of it."""
    for qname, qtype, data in (
        ("Printer.lan.", "A", ["192.168.0.5"]),
        ("printer.lan.", "AAAA", ["fd00::5"]),
        ("5.0.168.192.in-addr.arpa.", "PTR", ["printer.lan."]),
    ):
        got = scene.ask(exact(qname, qtype))
        assert got is not None
        check.noerror(got)
        assert check.data(got, qtype) == data
        assert got.question[0].name.to_text() == qname
    assert not scene.upstream.asked
    assert {seen.origin for seen in scene.seen()} == {Origin.LOCAL}


def test_an_ended_answer_serves_while_upstreams_fail(scene: Scene) -> None:
    """It is marked as stale (RFC 8767, 8914), and upstreams are left alone for a while."""
    query = exact("www.example.", use_edns=0)
    scene.look_up(query, ttl=10)
    scene.loop.let(20)
    stale = scene.look_up(query, rcode=Rcode.SERVFAIL)
    assert check.data(stale) == ["192.0.2.80"]
    assert check.ttl(stale) == 30
    assert check.errors(stale) == [Ede.STALE_ANSWER]
    asked = len(scene.upstream.asked)
    scene.loop.let(RETRY_STALE - 1)
    assert scene.ask(query) is not None
    assert len(scene.upstream.asked) == asked
    scene.loop.let(2)
    assert scene.ask(query) is None
    assert [seen.origin for seen in scene.seen()] == [Origin.UPSTREAM, Origin.STALE, Origin.STALE]


def test_an_ended_denial_is_marked_as_one(scene: Scene) -> None:
    """A stale NXDOMAIN has an extended error of its own (RFC 8914 section 4.20)."""
    query = exact("no.example.", use_edns=0)
    assert scene.ask(query) is None
    asked = scene.upstream.asked[-1].query
    soa = b"\0\0\6\0\1\0\0\0\x0a\0\x16\0\0" + bytes(16) + b"\0\0\0\x0a"
    scene.hear(b"\0\0\x81\x83\0\1\0\0\0\1\0\0" + asked.question + soa)
    scene.loop.let(20)
    stale = scene.look_up(query, rcode=Rcode.SERVFAIL)
    check.rcode(stale, "NXDOMAIN")
    assert check.errors(stale) == [Ede.STALE_NXDOMAIN]


def test_a_slow_upstream_lets_a_stale_answer_out_and_is_heard_later(scene: Scene) -> None:
    """After `stale_after` the client has the old answer; the new one serves from then on."""
    scene.look_up(WWW, ttl=10)
    scene.loop.let(20)
    assert scene.ask(WWW) is None
    scene.loop.let(2)
    assert check.ttl(scene.later()) == 30
    scene.hear(message(scene.upstream.asked[-1].query, ttl=500))
    fresh = scene.ask(WWW)
    assert fresh is not None
    assert check.ttl(fresh) == 500


def test_a_failure_is_not_asked_again_at_once(scene: Scene) -> None:
    """When nobody answered, equal questions fail at once for a second (RFC 9520), and say why."""
    query = exact("www.example.", use_edns=0)
    assert scene.ask(query) is None
    scene.loop.let(5)
    check.servfail(scene.later())
    assert check.errors(scene.later()) == [Ede.NO_REACHABLE_AUTHORITY]
    asked = len(scene.upstream.asked)
    again = scene.ask(query)
    assert again is not None
    check.servfail(again)
    assert check.errors(again) == [Ede.NO_REACHABLE_AUTHORITY]
    assert len(scene.upstream.asked) == asked
    scene.loop.let(1)
    assert scene.ask(query) is None


def test_a_client_that_is_left_out_stands_in_no_observation(scene: Scene) -> None:
    """Its lookups count as nobody's."""
    waiter = scene.client.waiter()
    waiter.recorded = False

    async def answer() -> None:
        scene.service.answer(WWW, waiter, udp=True)

    scene.loop.run_until_complete(answer())
    scene.hear(message(scene.upstream.asked[0].query))
    assert [seen.client for seen in scene.seen()] == [None]


def test_over_udp_an_answer_is_cut_to_what_the_client_takes(scene: Scene) -> None:
    """The same answer is whole over TCP and cut over UDP."""
    query = exact("big.example.", "TXT")
    assert scene.ask(query) is None
    asked = scene.upstream.asked[-1].query
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
    query = exact("www.example.", use_edns=0)
    scene.look_up(query)
    scene.ask(query)
    assert scene.service.ready.now
    scene.service.configure(configured("serve.udp_size = 700"))
    assert not scene.service.ready.now
    got = scene.ask(query)
    assert got is not None
    assert got.payload == 700
