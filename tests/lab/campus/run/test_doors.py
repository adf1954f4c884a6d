"""One rule of what a client gets: worker's core, campus and dry run of a policy decide alike."""

from ipaddress import ip_address
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dnswatch.codes import Type
from dnswatch.lab.campus.run.loop import Loop
from dnswatch.lab.campus.run.resolver import Asking, Reply, Resolver, key_of
from dnswatch.lab.campus.run.truth import Truth
from dnswatch.lab.campus.world import OutsideAnswer
from dnswatch.model.changes import Changes, MailLookup
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Observation
from dnswatch.model.policies.mark import Action, Mark, Marks, Terms
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.events import Answer, Form, Held
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.pending import PendingQuery
from dnswatch.settings import Server
from dnswatch.store.clients import RecordedLookup
from dnswatch.store.trials import DryRun
from dnswatch.watchdog.judging import Judge
from dnswatch.watchdog.pipeline import Pipeline
from dnswatch.wire.name import to_text
from tests.lab.campus.scene import campus, plan

BUILT = campus(plan())
BEGIN = BUILT.loop.now
CLIENT, OTHER = BUILT.site.clients[:2]
MX, A = int(Type.MX), int(Type.A)
DOMAINS = 4


class Nobody:
    """Judges nobody."""

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """See nothing."""


class Simulated:
    """The campus's resolver with a client that is marked."""

    def __init__(self, mark: Mark) -> None:
        self.loop = Loop(BEGIN)
        self.pipeline = Pipeline(BUILT.settings, key_of, Nobody())
        self.resolver = Resolver(BUILT.outside, BUILT.settings, self.loop, self.pipeline, Truth())
        for core in self.resolver._cores:
            core.enforcement.learn(Marks([mark]))
        self.seen: list[Observation] = []
        self.resolver.hear = self.seen.append

    def ask(self, qname: bytes, qtype: int, now: float, client: bytes = CLIENT) -> Reply:
        self.loop.now = now
        return self.resolver.ask(Asking(client, qname, qtype))

    def lookups(self) -> list[MailLookup]:
        """What the watch took for mail-related."""
        return self.pipeline.watch.drain().lookups


class Worker:
    """A core as a worker has it, with messages on both sides."""

    def __init__(self, mark: Mark) -> None:
        upstream = replace(BUILT.settings.upstream, servers=(Server("192.0.2.1"),))
        chosen = replace(BUILT.settings, upstream=upstream)
        self.core = ResolverCore(chosen, LocalNames({}, {}), Cookies(bytes(32)))
        self.core.enforcement.learn(Marks([mark]))
        self.seen: list[Observation] = []

    def ask(
        self, qname: bytes, qtype: int, now: float, client: bytes = CLIENT
    ) -> tuple[float, int, bool]:
        """Ask; return when the answer is there, its rcode, and whether it leads to the bay."""
        self.core.fire(now)
        self.core.events.clear()
        pending = PendingQuery(client, is_proven=True)
        question = qname + qtype.to_bytes(2, "big") + b"\0\1"
        body = self.core.query(b"\1\0\0\1\0\0\0\0\0\0" + question, pending, now, udp=False)
        at, form = now, Form.TRUE
        while body is None:
            match self.core.events.popleft():
                case Ask() as ask:
                    heard = BUILT.outside.answer(qname, qtype)
                    self.core.heard(ask, message(question, heard), now, now)
                case Held(answer, until):
                    at, form, body = until, answer.form, self.core.write(answer, now)
                case Answer() as answer:
                    form, body = answer.form, self.core.write(answer, now)
        self.seen += self.core.observed.take()
        is_bay = form is Form.FORGED or bytes(ip_address(BUILT.site.bay).packed) in body
        return at, body[1] & 15, is_bay


def message(question: bytes, heard: OutsideAnswer) -> bytes:
    """Write what the outside answers."""
    records = b""
    life = heard.ttl.to_bytes(4, "big")
    for host in heard.exchanges:
        data = b"\0\x0a" + host
        records += b"\xc0\x0c\0\x0f\0\1" + life + len(data).to_bytes(2, "big") + data
    for address, ttl in heard.addresses:
        records += b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4" + address
    answers = len(heard.exchanges) + len(heard.addresses)
    soa = b""
    if not answers:
        soa = b"\xc0\x0c\0\6\0\1" + life + b"\0\x16\0\0" + bytes(16) + life
    counts = b"\0\1" + answers.to_bytes(2, "big") + (b"\0\1" if soa else b"\0\0") + b"\0\0"
    return b"\0\0\x81" + bytes((0x80 | heard.rcode,)) + counts + question + records + soa


def stored(seen: MailLookup) -> RecordedLookup:
    """The lookup as the store has it."""
    return RecordedLookup(
        seen.at,
        key_of(seen.client),
        seen.kind,
        to_text(seen.domain),
        to_text(seen.qname),
        seen.qtype,
        seen.rcode,
        seen.origin,
        seen.new,
        seen.refreshed,
        seen.hits,
        False,
        None,
        None,
        False,
        (),
        tuple(map(to_text, seen.exchanges)),
    )


marks = st.builds(
    Mark,
    st.just(CLIENT),
    st.just("p"),
    st.sampled_from(Action),
    st.builds(
        Terms,
        hold=st.sampled_from([0.0, 2.0]),
        bucket=st.sampled_from([1.0, 3.0]),
        refill=st.just(60.0),
        excess=st.just(4.0),
        refuses=st.booleans(),
        refreshes=st.sampled_from([0.0, 10.0]),
    ),
    st.just(tuple(LookupKind)),
    st.just(inf),
    st.booleans(),
)
steps = st.tuples(
    st.integers(0, DOMAINS - 1),
    st.sampled_from(["MX", "MX", "exchange", "domain"]),
    st.sampled_from([0.0, 0.5, 3.0, 30.0, 300.0]),
)


@settings(max_examples=40)
@given(marks, st.lists(steps, max_size=12))
def test_all_three_decide_alike(mark: Mark, happened: list[tuple[int, str, float]]) -> None:
    """A marked client gets the same from each, at the same moment, and the same is recorded; the
    dry run says of what is stored what was done."""
    simulated, worker, now = Simulated(mark), Worker(mark), BEGIN
    dry_run = DryRun(lambda client: mark if client == CLIENT else None, BUILT.settings)
    for number in range(DOMAINS):  # so that the watch knows their exchanges, and stores all
        for door in (simulated, worker):
            door.ask(BUILT.outside.mail.name(number), MX, now, OTHER)
    for lookup in simulated.lookups():
        dry_run.put(stored(lookup))
    for number, what, wait in happened:
        now += wait
        qname, qtype = BUILT.outside.mail.name(number), MX
        if what != "MX":
            qtype = A
            hosts = BUILT.outside.answer(qname, MX).exchanges
            qname = hosts[0] if what == "exchange" and hosts else qname
        reply = simulated.ask(qname, qtype, now)
        assert worker.ask(qname, qtype, now) == (reply.at, reply.rcode, reply.is_bay)
        for lookup in simulated.lookups():
            done, _ = dry_run.put(stored(lookup))
            assert done == (lookup.enforced.decided if lookup.enforced else None)
    told = [(one.at, one.qname, one.origin, one.enforced) for one in simulated.seen]
    heard = [(one.at, one.qname, one.origin, one.enforced) for one in worker.seen]
    assert [one for one in told if one in heard] == heard
