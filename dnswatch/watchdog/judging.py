"""Judging: mail-related lookups in; standings for the policies, notes and what to store, out.

The detector knows a client by its key in the store, so that what is stored of it holds no address
where the site writes pseudonyms; the keys of those who were seen lately lead back to addresses.
"""

import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from math import exp, inf
from typing import Final

from msgspec.structs import replace

from dnswatch import addresses
from dnswatch.codes import Type
from dnswatch.model.changes import Changes, MailLookup
from dnswatch.model.detection.detector import Detector, News
from dnswatch.model.detection.fleet import Calmed, Warned
from dnswatch.model.detection.servers import Surge
from dnswatch.model.detection.tunnels import Tunnels
from dnswatch.model.detection.verdict import Change, Knob, Plan, Verdict
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.finding import Finding
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.policies.mark import WebNames
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.standing import RUNGS, Standing
from dnswatch.model.role import Role, role_of
from dnswatch.names.suffixes import registrable
from dnswatch.settings import Settings
from dnswatch.store.evidence import Evidence
from dnswatch.wire.name import to_text

KNOWN: Final = 200_000
"""Clients whose address is remembered; the one seen longest ago goes first."""

SAVE_EVERY: Final = 5.0
"""Seconds between two savings; a watch that was killed takes in again the lookups since the last,
which are stored each second, and lacks guessed names, of which no record is kept."""

LOOK_EVERY: Final = 60.0
"""Seconds between two looks at those who are not clean and do nothing: time only lets verdicts
fade, which is known beforehand to the minute, and a large site has hundreds of them."""

_ADDRESSES: Final = (Type.A, Type.AAAA)

SMTP: Final = 25
"""TCP port of mail servers."""

_SHOWN: Final = 5
"""Contributing clients that the log names."""

_MAIL_HOSTS: Final = (LookupKind.EXCHANGE, LookupKind.GUESS)
_FOLLOWED: Final = 8
"""Addresses of one mail host that are looked at: to see whether it is a client of the site."""

logger: Final = logging.getLogger("dnswatch.watchdog")

Judge = Callable[[bytes, Standing, str | None], None]
"""Takes a client (packed), how it stands from now on, and why; None where it stood so before, and
may fade later."""


class Judging:
    """What the detector makes of a site, as it runs."""

    def __init__(
        self, settings: Settings, key_of: Callable[[bytes], str], now: float,
        save_every: float = SAVE_EVERY,
    ) -> None:  # fmt: skip
        """Begin to learn a site; `key_of` gives a client's key in the store.

        What must be stored is added to the changes each `save_every` seconds.
        """
        self._settings = settings
        self._key_of = key_of
        self._orders = Orders()
        self._addresses: OrderedDict[bytes, bytes] = OrderedDict()
        "Key to packed address."
        self._declared: dict[bytes, Role] = {}
        "Key to the role that the configuration says, as far as it was asked for."
        self._saved_at = now
        self._save_every = save_every
        self._looked_at = -inf
        self._is_due = True
        "Whether to store what is known without waiting for the next time."
        self._later: defaultdict[bytes, list[MailLookup]] = defaultdict(list)
        "Lookups by key that what was stored has not taken in: they wait for the client's address."
        self._tunnels = Tunnels()
        self._detector = Detector(
            plan_of(settings), now, registrable=registrable, role_of=self._role, write=to_text,
            clock=local,
        )  # fmt: skip

    def configure(self, settings: Settings) -> None:
        """Take other settings; what is known of the clients stays."""
        self._settings = settings
        self._declared.clear()
        self._detector.plan = plan_of(settings)

    def restore(self, stored: Evidence, roles: Mapping[str, Role], judge: Judge) -> None:
        """Begin with what was stored; those who are not clean are judged again.

        `roles` are those that persons confirmed.
        """
        if stored.site is None:
            return
        self._orders = Orders(roles=roles)
        self._detector.restore(stored.site, stored.cases.values())
        for lookup in stored.later:
            self._later[lookup.client].append(lookup)
        for key in dict.fromkeys([*map(str.encode, stored.cases), *self._later]):
            if not key.startswith(b"~"):
                self._met(key, addresses.read(key.decode()).packed, judge)

    def order(self, orders: Orders, now: float) -> None:
        """Take what persons said since the last time; the marks that follow are not made here."""
        for key, said in orders.overrules.items():
            if self._orders.overrules.get(key) != said:
                self._detector.overrule(key.encode(), said, now)
                self._is_due = True  # a word is kept as soon as a lookup
        self._orders = orders

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """Take in what happened; add notes, and from time to time what must be stored."""
        for client in {client for client, _ in changes.accounts}:
            key = self._key_of(client).encode()
            self._detector.meet(key, now)
            if key not in self._addresses:
                self._met(key, client, judge)
            self._addresses.move_to_end(key)
        lookups = sorted(changes.lookups + changes.guesses, key=lambda lookup: lookup.at)
        changes.guesses.clear()
        for at, client, name in changes.visits:
            self._detector.visit(self._key_of(client).encode(), name, at)
        changes.notes += self._tunnels_of(changes)
        changes.visits.clear()
        changes.carried.clear()
        for news in self._judged(lookups, now):
            if isinstance(news, Change):
                self._tell(news, judge)
            else:
                changes.notes.append(self._warning(news))
        if self._is_due or now >= self._saved_at + self._save_every:
            self.save(changes, now)

    def contact(self, flows: Iterable[Flow]) -> None:
        """Take in connections, where a recording shows them: who takes others' mail is told so."""
        for flow in flows:
            if flow.port == SMTP and flow.outcome is Outcome.SUCCESS:
                key = self._key_of(flow.destination).encode()
                self._detector.called(key, flow.source)

    def web_names(self, client: bytes) -> WebNames:
        """Return the mail hosts' names (wire form) that a client uses for the web."""
        return self._detector.web_names(self._key_of(client).encode())

    @property
    def learned_at(self) -> float:
        """When the learning period ends and verdicts begin, Unix seconds."""
        return self._detector.learned_at

    @property
    def heard(self) -> int:
        """Number of the last finding of the bay that was weighed."""
        return self._detector.heard

    def find(self, findings: Iterable[Finding], now: float, judge: Judge) -> None:
        """Weigh what the holding bay found of messages."""
        for finding in findings:
            for news in self._detector.find(finding, now):
                if isinstance(news, Change):
                    self._tell(news, judge)

    def save(self, changes: Changes, now: float) -> None:
        """Have what changed since the last time stored."""
        self._saved_at, self._is_due = now, False
        saved = self._detector.export()
        changes.detector, changes.judged = saved.site, len(changes.lookups)
        changes.cases.update({key.decode(): case for key, case in saved.clients.items()})
        changes.cases.update({key.decode(): None for key in saved.gone})

    def _judged(self, lookups: Iterable[MailLookup], now: float) -> list[News]:
        news = []
        for lookup in lookups:
            if lookup.qtype == Type.ANY:
                continue  # mail-related to policies alone: who asks for all may mean anything
            key = self._key_of(lookup.client).encode()
            news += self._detector.see(replace(lookup, client=key))
            if lookup.kind in _MAIL_HOSTS:
                for address, _ in lookup.addresses[:_FOLLOWED]:
                    self._detector.named(self._key_of(address).encode(), lookup.qname, key)
        if now >= self._looked_at + LOOK_EVERY:
            self._looked_at = now
            news += self._detector.advance(now)
        return news

    def _met(self, key: bytes, client: bytes, judge: Judge) -> None:
        """Remember a client's address; judge it if it was not clean when it was last seen."""
        self._addresses[key] = client
        for lookup in self._later.pop(key, ()):
            self._detector.see(lookup)  # what came of it is in the log already
        if len(self._addresses) > KNOWN:
            self._declared.pop(self._addresses.popitem(last=False)[0], None)
        verdict = self._detector.verdict(key, self._saved_at)
        if verdict.rung:
            judge(client, standing_of(verdict, self._saved_at), "as it stood before")

    def _tell(self, change: Change, judge: Judge) -> None:
        client = self._addresses.get(change.client)
        if client is not None:
            why = change.verdict.evidence[0] if change.verdict.evidence else change.cause
            judge(client, standing_of(change.verdict, change.at), why if change.is_new else None)

    def _tunnels_of(self, changes: Changes) -> Iterator[Note]:
        """Tell who seems to run a tunnel: nothing follows from it."""
        asked = [(one.at, one.client, one.qname, one.qtype) for one in changes.lookups]
        for at, client, qname, qtype in sorted(asked + changes.carried):
            key = self._key_of(client).encode()
            domain = registrable(qname)
            if qtype in _ADDRESSES:
                self._tunnels.followed(key, domain, at)
                continue
            found = self._tunnels.see(key, qname, qtype, domain, at)
            if found and self._detector.tunnels(key, found):
                below = to_text(found.domain) if domain else "no domain that anybody registered"
                text = f"tunnel: client '{key.decode()}' {found}"
                logger.warning("%s, below %s", text, below)
                yield Note(at, About.WARNING, text, f"below {below}", client=client)

    def _warning(self, news: Surge | Warned | Calmed) -> Note:
        """Put what is told of the whole site, or of a declared server, into the log."""
        logger.warning("%s", news)
        client = self._addresses.get(news.client) if isinstance(news, Surge) else None
        cause = _contributors(news) if isinstance(news, Warned) else ""
        return Note(news.at, About.WARNING, str(news), cause, client=client)

    def _role(self, key: bytes) -> Role:
        """Return a client's role: as it is configured, or as a person confirmed it."""
        role = self._declared.get(key)
        if role is None:
            client = self._addresses.get(key)
            if client is None:
                role = Role.CLIENT
            else:
                role = self._declared[key] = role_of(client, self._settings.roles)
        return self._orders.roles.get(key.decode(), role) if role is Role.CLIENT else role


def plan_of(settings: Settings) -> Plan:
    """Turn settings into the detector's plan."""
    detection = settings.detection
    knob = Knob(alarms=detection.false_alarms)
    return Plan(knob=knob, is_strict=detection.strict, learning=detection.learning)


def standing_of(verdict: Verdict, at: float) -> Standing:
    """Turn a verdict into what policies go by: the share of the alarm's threshold."""
    share = exp(min(0.0, verdict.score - verdict.limit))
    least = RUNGS[verdict.rung.name.lower()] if verdict.rung else 0.0
    until = inf if verdict.fades_at is None else verdict.fades_at
    return Standing(max(share, least), until, at)


def _contributors(warned: Warned) -> str:
    """Name the clients to look at, the likeliest first."""
    named = [f"{client.decode()} ({chance:.0%})" for client, chance in warned.contributors[:_SHOWN]]
    return f"likely among those with more: {', '.join(named)}" if named else ""


def local(at: float) -> str:
    """Write a moment in local time, with its zone."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
