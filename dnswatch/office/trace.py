"""Trace: what a client would get for a name now, and why; nobody is asked, nothing is changed.

The resolver's core answers, the very one that a worker has, with the site's settings, the marks of
now, and the mail-related names of the last day.  What an upstream would say is taken from the last
lookup of the name on record, or assumed.  It is as if the lookup were its client's first: what a
worker remembers of this minute, its cache and what each client has had, stands in its memory alone.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import dns.edns
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import msgspec
from msgspec import structs

from dnswatch import clock
from dnswatch.codes import Class, Rcode, Type
from dnswatch.errors import WireError
from dnswatch.model.exchanges import HORIZON, IMPLICIT_WINDOW
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.mark import Doubts, Mark, Marks
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.standing import RUNGS
from dnswatch.model.role import Role
from dnswatch.names.hostname import pack
from dnswatch.names.hosts import HostsFiles
from dnswatch.office import wording
from dnswatch.office.text import moment
from dnswatch.office.whom import Whom
from dnswatch.resolver.ask import Ask
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.events import DROP, Answer, Held, PolicyFault
from dnswatch.resolver.local import site_names
from dnswatch.resolver.pending import PendingQuery
from dnswatch.seams.batch import Briefing
from dnswatch.settings import Server, Settings
from dnswatch.store import orders
from dnswatch.store.clients import last_of_name, last_of_type
from dnswatch.store.mailnames import exchanges_of, mail_domains
from dnswatch.store.sqlite import Database
from dnswatch.store.trials import marks_now
from dnswatch.wire.name import from_text, to_text
from dnswatch.wire.response import Response

MOST_ASKED: Final = 10_000
"""MX lookups of the last minute that are looked at for who asked."""

_HEADER: Final = b"\x01\x00\0\1\0\0\0\0\0\1"
"""What a stub sends behind the ID: one question, recursion desired, an OPT record."""
_OPT: Final = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
_CLASS_IN: Final = Class.IN.to_bytes(2, "big")
_ASSUMED: Final = bytes((192, 0, 2, 1))
"""An address for documentation (RFC 5737): what stands for whatever an upstream would say."""


_UNNAMED: Final = "udp://192.0.2.53:53"
"""Stands for upstreams that the configuration does not name."""


class TraceStep(msgspec.Struct):
    """One reason on the way to the answer."""

    what: str
    said: str


class TracedAnswer(msgspec.Struct):
    """What came out, and the whole way."""

    outcome: str
    "In a few words."
    records: list[str]
    "Of an answer that dnswatch itself makes."
    steps: list[TraceStep]


class Tracer:
    """Traces lookups at one site, at one moment."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        policies: Mapping[str, Policy],
        whom: Whom,
        now: float,
    ) -> None:
        """Read what a worker would know."""
        serve = structs.replace(settings.serve, workers=1)  # no share of what a client may have
        upstream = settings.upstream
        if not upstream.servers:  # `serve` fills them in
            upstream = structs.replace(upstream, servers=(Server(_UNNAMED),))
        self._settings = structs.replace(settings, serve=serve, upstream=upstream)
        self._db, self._policies, self._whom, self._now = db, policies, whom, now
        hosts = HostsFiles(settings.names.hosts).read()
        local = site_names(hosts.names, hosts.addresses, settings.quarantine)
        known = mail_domains(db, now - HORIZON)
        exchanges = exchanges_of(known, Exempt(settings).domain, now)
        self._core = ResolverCore(self._settings, local, Cookies(bytes(32)), exchanges)
        for seen in last_of_type(db, Type.MX, now - IMPLICIT_WINDOW, MOST_ASKED):
            for domain in _wires((seen.qname,)):
                exchanges.asked_mx(pack(seen.key), domain, seen.at)

    def trace(self, client: str, name: str, kind: str, verdict: str) -> TracedAnswer:
        """Trace a name as a client, whose verdict is in words.

        Raises `ValueError` with a sentence where one of them cannot be.
        """
        address, question = pack(client), _question(name, kind)
        if address is None:
            raise ValueError(f"'{client}' is no address: a trace needs the one that would ask")
        key, core = self._whom.key(client), self._core
        admission = core.access.of(address)
        steps = [TraceStep("access", _ACCESS[admission.is_answered])]
        body = _HEADER + question + _OPT
        if admission.is_answered:
            role = self._whom.role_of(key) if key else Role.CLIENT
            marks = self._know(key, address)
            steps.append(TraceStep("role", _role(role)))
            steps.append(TraceStep("verdict", verdict))
            steps.append(TraceStep("policies", _marked(marks)))
        screened = core.screen(body, address, admission, self._now, redirected=False)
        if screened is not None:
            return _ended(steps, screened, 0.0, None, is_own=True)
        for is_udp in (True, False):
            pending = PendingQuery(address, is_proven=admission.is_unforgeable or not is_udp)
            written = core.query(body, pending, self._now, udp=is_udp)
            if written is None or not written[0] & 2:
                break
            steps.append(
                TraceStep("proof", "the first answer is empty: whoever is suspect asks by TCP")
            )
        steps.append(TraceStep("kind of lookup", self._kind(pending)))
        waited, is_own = 0.0, written is not None
        if written is None:
            written, waited = self._asked(pending, steps)
        enforced = next((one.enforced for one in core.observed.observations if one.enforced), None)
        return _ended(steps, written, waited, enforced, is_own=is_own)

    def _know(self, key: str | None, address: bytes) -> list[Mark]:
        """Tell the core of a client's marks and doubts; return the marks."""
        offset, known = clock.offset(self._now), {key: address} if key else {}
        found = marks_now(
            self._db, self._policies.values(), self._settings, self._now, offset, known
        )
        marks = [mark for mark in found if mark.client == address]
        doubted = [
            (address, one.until)
            for one in orders.judgments(self._db, self._now)
            if one.key == key and one.share >= RUNGS["suspect"]
        ]
        self._core.learn(Briefing(marks=Marks(marks), doubts=Doubts(doubted)), self._now)
        return list(self._core.enforcement.marks.get(address, ()))

    def _kind(self, pending: PendingQuery) -> str:
        asked = pending.query
        if pending.subject is not None:
            return f"mail-related ({pending.subject.kind}), and its policies decide"
        found = self._core.exchanges.kind(pending.client, asked.qname, asked.qtype, self._now)
        return "not mail-related" if found is None else f"mail-related ({found[0]})"

    def _asked(self, pending: PendingQuery, steps: list[TraceStep]) -> tuple[bytes, float]:
        """Have the core told what an upstream would say; return the answer, and the wait."""
        core, now = self._core, self._now
        steps.append(TraceStep("known of the name", self._known(pending)))
        while True:
            while core.events:
                match core.events.popleft():
                    case Ask() as ask if not ask.asker.is_done:
                        group = core.routes.group(pending.query.qname)
                        urls = (each.url for each in group.upstreams)
                        servers = ", ".join(urls).replace(_UNNAMED, "whom resolv.conf names")
                        said = f"{servers}, unless a worker has it in its cache"
                        steps.append(TraceStep("asked of", said))
                        core.told(ask, self._said(pending), now)
                    case Answer() as answer:
                        return core.write(answer, now), now - self._now
                    case Held(_, until):
                        steps.append(TraceStep("held", f"for {until - now:.1f} s"))
                    case PolicyFault() as fault:
                        raise fault.error
            now = max(now, core.timer())
            core.fire(now)

    def _known(self, pending: PendingQuery) -> str:
        found = last_of_name(self._db, to_text(pending.query.qname), pending.query.qtype)
        if found is None:
            return "no mail-related lookup of it is on record: any answer is taken"
        return f"asked for last at {moment(found.at)}: that answer is taken"

    def _said(self, pending: PendingQuery) -> Response:
        """Return what an upstream said the last time; else something new and harmless."""
        asked, now = pending.query, self._now
        found = last_of_name(self._db, to_text(asked.qname), asked.qtype)
        response = Response(0, Rcode.NOERROR if found is None else found.rcode)
        if asked.qtype == Type.MX:
            known = () if found is None else tuple(_wires(found.exchanges))
            response.exchanges = known or ((b"\2mx" + asked.qname,) if found is None else ())
        elif asked.qtype in (Type.A, Type.AAAA) and (found is None or found.addresses):
            response.addresses = ((_ASSUMED, 60),)
            if found is not None and not found.new:  # it brought nothing but what was known
                self._core.enforcement.known.note(response.addresses, now)
        return response


def _ended(
    steps: list[TraceStep],
    written: bytes,
    waited: float,
    enforced: Enforced | None,
    *,
    is_own: bool,
) -> TracedAnswer:
    """Say what came out; `is_own`: no upstream was asked."""
    did = ""
    if enforced is not None:
        would = "would have been " if enforced.dry_run else ""
        steps.append(TraceStep(f"policy '{enforced.policy}'", f"{would}{enforced.decided}"))
        if not enforced.dry_run and enforced.decided is not Decided.HELD:
            is_own, did = True, f", {enforced.decided}"
    after = f" after {waited:.1f} s" if waited else ""
    if written == DROP:
        return TracedAnswer("no answer at all", [], steps)
    if not is_own:
        return TracedAnswer(f"the answer as it comes{after}", [], steps)
    message = dns.message.from_wire(b"\0\0" + written, ignore_trailing=True)
    records = [line for rrset in message.answer for line in rrset.to_text().splitlines()]
    why = [one.to_text() for one in message.options if isinstance(one, dns.edns.EDEOption)]
    empty = "" if records or message.rcode() else ", nothing of that type"
    rcode = dns.rcode.to_text(message.rcode())
    return TracedAnswer(f"{rcode}{empty}{did}{after}", [*records, *why], steps)


_ACCESS: Final = {
    True: "it is in access.networks, and is answered",
    False: "it is in none of access.networks",
}


def _role(role: Role) -> str:
    told = "" if role is Role.CLIENT else ": declared servers are only ever observed"
    return f"{role.value}{told}"


def _marked(marks: Iterable[Mark]) -> str:
    told = [f"'{mark.policy}': {wording.marked(mark)}" for mark in marks]
    return ", ".join(told) or "none that is switched on fits this client"


def _question(name: str, kind: str) -> bytes:
    """Write a question; raises `ValueError` with a sentence."""
    try:
        qname = from_text(name)
    except WireError as error:
        raise ValueError(str(error)) from None
    try:
        qtype = dns.rdatatype.from_text(kind)
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"'{kind}' is no type: expected one like MX, A or TYPE65") from None
    return qname + int(qtype).to_bytes(2, "big") + _CLASS_IN


def _wires(names: Iterable[str]) -> Iterable[bytes]:
    """Write names that can be; odd bytes are nobody's mail host."""
    for name in names:
        try:
            yield from_text(name)
        except WireError:
            continue
