"""Judging: mail-related lookups in; standings for the policies, notes and what to store, out.

The detector knows a client by its key in the store, or by that of its machine, so that what is
stored of it holds no address where the site writes pseudonyms; the keys of those who were seen
lately lead back to addresses.  A verdict goes to all addresses of a machine.

What a new address looks up waits until it was asked whose it is, so that a machine that changes its
address with every mail is judged as one from the first lookup on.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from ipaddress import ip_address
from math import exp, inf
from typing import Final

from msgspec.structs import replace

from dnswatch.codes import Type
from dnswatch.model.changes import Changes, MailLookup, minute_of
from dnswatch.model.detection.detector import Detector, News
from dnswatch.model.detection.servers import Surge
from dnswatch.model.detection.sitewide import Calmed, Warned
from dnswatch.model.detection.tunnels import Tunnels
from dnswatch.model.detection.verdict import Change, Knob, Plan, Rung, Verdict
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.finding import Finding
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.machines import Machines
from dnswatch.model.policies.mark import WebNames
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.standing import RUNGS, Standing
from dnswatch.model.role import Role, role_of
from dnswatch.names.hostname import pack
from dnswatch.names.suffixes import registrable
from dnswatch.settings import Settings
from dnswatch.store.evidence import Evidence
from dnswatch.wire.name import to_text

ROLES: Final = 10_000
"""Clients whose declared role is remembered, since a search takes some microseconds; beyond, all
are searched for again."""

WAIT: Final = 4.0
"""Seconds that lookups of a new address wait at most to be known: it takes two or three to look."""

ADDRESSES: Final = 256
"""Addresses of a machine that its verdict goes to; the one seen longest ago goes first."""

HELD: Final = 10_000
"""Lookups that wait; beyond, nothing waits."""

SAVE_EVERY: Final = 5.0
"""Seconds between two savings; a watch that was killed takes in again the lookups since the last,
which are stored each second, and lacks guessed names, of which no record is kept."""

UNSAVED: Final = 1000
"""Clients whose changes are saved without waiting: ready to be stored each takes a kilobyte."""

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
        self,
        settings: Settings,
        key_of: Callable[[bytes], str],
        now: float,
        save_every: float = SAVE_EVERY,
    ) -> None:
        """Begin to learn a site; `key_of` gives a client's key in the store.

        What must be stored is added to the changes each `save_every` seconds.
        """
        self._settings = settings
        self._key_of = key_of
        self._orders = Orders()
        self._machines = Machines()
        self._addresses: dict[bytes, bytes | tuple[bytes, ...]] = {}
        "Key to packed address, or to addresses, the one seen last last: of all the detector knows."
        self._keys: dict[bytes, bytes] = {}
        "Packed address to the key under which it was judged last."
        self._waiting: dict[bytes, float] = {}
        "Who is new to when it was met, Unix seconds, until it was asked whose address it is."
        self._held: list[MailLookup] = []
        self._judged_until = -inf
        "Time of the last lookup that was judged: one that has waited comes after it."
        self._declared: dict[bytes, Role] = {}
        "Key to the role that the configuration says, as far as it was asked for lately."
        self._saved_at = now
        self._save_every = save_every
        self._looked_at = -inf
        self._is_due = True
        "Whether to store what is known without waiting for the next time."
        self._later: defaultdict[bytes, list[MailLookup]] = defaultdict(list)
        "Lookups by key that what was stored has not taken in: they wait for the client's address."
        self._tunnels = Tunnels()
        self._detector = Detector(
            plan_of(settings),
            now,
            registrable=registrable,
            role_of=self._role,
            write=to_text,
            clock=local,
        )

    def configure(self, settings: Settings) -> None:
        """Take other settings; what is known of the clients stays."""
        self._settings = settings
        self._declared.clear()
        self._detector.plan = plan_of(settings)

    def restore(
        self,
        stored: Evidence,
        roles: Mapping[str, Role],
        judge: Judge,
        machines: Machines | None = None,
    ) -> None:
        """Begin with what was stored; those who are not clean are judged again.

        `roles` are those that persons confirmed.
        """
        if stored.site is None:
            return
        self._machines = machines or Machines()
        self._orders = self._machines.said_of(Orders(roles=roles))
        keys = bring_back(self._detector, stored, self._machines, self._saved_at)
        for lookup in stored.later:
            self._later[self._machine(lookup.client.decode())].append(lookup)
        for key in dict.fromkeys([*keys, *self._later]):
            for client in self._machines.clients(key.decode()):
                if (address := pack(client)) is not None:
                    self._met(address, self._key(address), self._saved_at, judge)

    def order(self, orders: Orders, now: float) -> Orders:
        """Take what persons said since the last time; return it as it holds for each client.

        The marks that follow are not made here.
        """
        orders = self._machines.said_of(orders)
        for key, said in orders.overrules.items():
            if self._machines.key(key) == key and self._orders.overrules.get(key) != said:
                self._detector.overrule(key.encode(), said, now)
                self._is_due = True  # a word is kept as soon as a lookup
        self._orders = orders
        roles = {**orders.roles, **self._lent_roles()}
        return Orders(orders.enabled, orders.overrules, roles, orders.dry_runs)

    def identify(self, machines: Machines, now: float, judge: Judge) -> None:
        """Take whose the addresses are now.

        What an address did that was nobody's becomes its machine's; what a machine did stays with
        it when its address goes to another.
        """
        self._machines = machines
        self._declared.clear()
        for client, old in tuple(self._keys.items()):
            key = self._key(client)
            if key == old:
                continue
            was = self._detector.verdict(old, now).rung
            if old == self._own(client) or machines.called(old.decode()).encode() == key:
                self._detector.move(old, key, now)
                self._is_due = True
            self._leave(client, old)
            self._met(client, key, now, judge, was)

    @property
    def waits(self) -> bool:
        """Whether lookups wait for it to be known whose they are."""
        return bool(self._waiting)

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """Take in what happened; add notes, and from time to time what must be stored."""
        for client in {client for client, _ in changes.accounts} | self._waiting.keys():
            if not self._waits(client, now):
                self._arrive(client, now, judge)
        lookups = self._released(changes.lookups + changes.guesses)
        changes.guesses.clear()
        for at, client, name in changes.visits:
            self._detector.visit(self._key(client), name, at)
        changes.notes += self._tunnels_of(changes)
        changes.visits.clear()
        changes.carried.clear()
        before = self._detector.novel_domains
        news_of_all = self._judged(lookups, now)
        if count := self._detector.novel_domains - before:
            changes.counters[minute_of(now)]["novel_domains"] += count
        for news in news_of_all:
            if isinstance(news, Change):
                self._tell(news, judge)
            else:
                changes.notes.append(self._warning(news))
        # A watch that is killed takes in again what came after it saved, but not what waited then.
        waits = self._held and now < self._saved_at + 2 * self._save_every
        is_due = self._is_due or len(self._detector.unsaved) > UNSAVED
        if not waits and (is_due or now >= self._saved_at + self._save_every):
            self.save(changes, now)

    def contact(self, flows: Iterable[Flow]) -> None:
        """Take in connections, where a recording shows them: who takes others' mail is told so."""
        for flow in flows:
            if flow.port == SMTP and flow.outcome is Outcome.SUCCESS:
                key = self._key(flow.destination)
                self._detector.called(key, flow.source)

    def web_names(self, client: bytes) -> WebNames:
        """Return the mail hosts' names (wire form) that a client uses for the web."""
        return self._detector.web_names(self._key(client))

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
            theirs = replace(finding, client=self._machine(finding.client.decode()))
            for news in self._detector.find(theirs, now):
                if isinstance(news, Change):
                    self._tell(news, judge)

    def save(self, changes: Changes, now: float) -> None:
        """Have what changed since the last time stored."""
        self._saved_at, self._is_due = now, False
        saved = self._detector.export()
        changes.detector, changes.judged = saved.site, len(changes.lookups)
        changes.client_states.update({key.decode(): None for key in saved.gone})
        changes.client_states.update({key.decode(): state for key, state in saved.clients.items()})
        for key in saved.gone:
            if key not in self._detector.presence:
                for client in self._theirs(key):
                    self._leave(client, key)

    def _judged(self, lookups: Iterable[MailLookup], now: float) -> list[News]:
        news = []
        for lookup in lookups:
            if lookup.qtype == Type.ANY:
                continue  # mail-related to policies alone: who asks for all may mean anything
            key = self._key(lookup.client)
            news += self._detector.see(replace(lookup, client=key))
            self._judged_until = lookup.at
            if lookup.kind in _MAIL_HOSTS:
                for address, _ in lookup.addresses[:_FOLLOWED]:
                    self._detector.named(self._key(address), lookup.qname, key)
        if now >= self._looked_at + LOOK_EVERY:
            self._looked_at = now
            news += self._detector.advance(now)
        return news

    def _own(self, client: bytes) -> bytes:
        return self._key_of(client).encode()

    def _key(self, client: bytes) -> bytes:
        """Return the key under which a packed address is judged now."""
        key, known = self._machine(self._key_of(client)), self._keys.get(client)
        return known if known == key else key  # one object for all who keep it

    def _machine(self, key: str) -> bytes:
        return self._machines.key(key).encode()

    def _waits(self, client: bytes, now: float) -> bool:
        """Say whether it is still to be asked whose address this is."""
        if client in self._keys or ip_address(client).is_loopback:
            return False
        since = self._waiting.setdefault(client, now)
        is_known = self._key(client) != self._own(client) or self._machines.asked >= since
        return not is_known and now < since + WAIT and len(self._held) < HELD

    def _arrive(self, client: bytes, now: float, judge: Judge) -> None:
        """Take in that a client is there, of whom it is known whose address it is."""
        self._waiting.pop(client, None)
        key = self._key(client)
        self._detector.meet(key, now)
        if client not in self._keys:
            self._met(client, key, now, judge)
        key = self._keys[client]
        theirs = self._theirs(key)
        if theirs[-1] != client:
            self._addresses[key] = (*(one for one in theirs if one != client), client)

    def _released(self, lookups: list[MailLookup]) -> list[MailLookup]:
        """Return what is to be judged now, in order of time; the rest waits."""
        held, self._held = self._held, [one for one in lookups if one.client in self._waiting]
        free = [one for one in lookups if one.client not in self._waiting]
        for one in held:
            if one.client in self._waiting:
                self._held.append(one)
            else:
                free.append(replace(one, at=max(one.at, self._judged_until)))
        return sorted(free, key=lambda lookup: lookup.at)

    def _met(
        self, client: bytes, key: bytes, now: float, judge: Judge, was: Rung = Rung.WATCHED
    ) -> None:
        """Remember a client's address; judge it if it, or its machine, is not clean, or was not."""
        self._keys[client] = key
        theirs = self._theirs(key)
        if client not in theirs:
            theirs = (*theirs, client)
            self._addresses[key] = theirs if len(theirs) > 1 else client
        self._declared.pop(key, None)
        if len(theirs) > ADDRESSES:
            self._leave(theirs[0], key)
        for lookup in self._later.pop(key, ()):
            self._detector.see(replace(lookup, client=key))  # what came of it is in the log already
        verdict = self._detector.verdict(key, now)
        if verdict.rung or was:
            judge(client, standing_of(verdict, now), "as it, or its machine, stood before")

    def _leave(self, client: bytes, key: bytes) -> None:
        """Forget that a client has, or had, that key."""
        del self._keys[client]
        self._declared.pop(key, None)
        if left := tuple(one for one in self._theirs(key) if one != client):
            self._addresses[key] = left if len(left) > 1 else left[0]
        else:
            del self._addresses[key]

    def _theirs(self, key: bytes) -> tuple[bytes, ...]:
        """Return the addresses of a key; most have one, which needs no tuple around it."""
        found = self._addresses.get(key, ())
        return (found,) if isinstance(found, bytes) else found

    def _lent_roles(self) -> dict[str, Role]:
        """Return the role that each address of a machine has, where one of them is declared."""
        return {
            self._key_of(client): role
            for key, theirs in self._addresses.items()
            if not isinstance(theirs, bytes)
            if (role := self._role(key)) is not Role.CLIENT
            for client in theirs
        }

    def _tell(self, change: Change, judge: Judge) -> None:
        """Tell how all addresses of a machine stand, and of the one seen last, why."""
        theirs = self._theirs(change.client)
        standing = standing_of(change.verdict, change.at)
        for client in theirs[:-1]:
            judge(client, standing, None)
        for client in theirs[-1:]:
            why = change.verdict.evidence[0] if change.verdict.evidence else change.cause
            judge(client, standing, why if change.is_new else None)

    def _tunnels_of(self, changes: Changes) -> Iterator[Note]:
        """Tell who seems to run a tunnel: nothing follows from it."""
        asked = [(one.at, one.client, one.qname, one.qtype) for one in changes.lookups]
        for at, client, qname, qtype in sorted(asked + changes.carried):
            key = self._key(client)
            domain = registrable(qname)
            if qtype in _ADDRESSES:
                self._tunnels.followed(key, domain, at)
                continue
            found = self._tunnels.see(key, qname, qtype, domain, at)
            if found and self._detector.tunnels(key, found):
                below = to_text(found.domain) if domain else "no domain that anybody registered"
                text = f"tunnel: client '{self._key_of(client)}' {found}"
                logger.warning("%s, below %s", text, below)
                yield Note(at, About.WARNING, text, f"below {below}", client=client)

    def _warning(self, news: Surge | Warned | Calmed) -> Note:
        """Put what is told of the whole site, or of a declared server, into the log."""
        logger.warning("%s", news)
        client = self._last(news.client) if isinstance(news, Surge) else None
        cause = self._contributors(news) if isinstance(news, Warned) else ""
        return Note(news.at, About.WARNING, str(news), cause, client=client)

    def _contributors(self, warned: Warned) -> str:
        """Name the clients to look at, the likeliest first."""
        found = warned.contributors[:_SHOWN]
        named = [f"{self._shown(client)} ({chance:.0%})" for client, chance in found]
        return f"likely among those with more: {', '.join(named)}" if named else ""

    def address_of(self, key: str) -> bytes | None:
        """Return the address at which the machine of a client's key was seen last."""
        return self._last(self._machine(key))

    def _last(self, key: bytes) -> bytes | None:
        """Return the address at which a client was seen last."""
        return next(reversed(self._theirs(key)), None)

    def _shown(self, key: bytes) -> str:
        last = self._last(key)
        return key.decode() if last is None else self._key_of(last)

    def _role(self, key: bytes) -> Role:
        """Return a client's role: as it is configured, or as a person confirmed it."""
        role = self._declared.get(key)
        if role is None:
            role = Role.CLIENT
            if len(self._declared) >= ROLES:
                self._declared.clear()
            for client in self._theirs(key):
                declared = role_of(client, self._settings.roles)
                role = declared if role is Role.CLIENT else role
                self._declared[key] = role
        return self._orders.roles.get(key.decode(), role) if role is Role.CLIENT else role


def bring_back(detector: Detector, stored: Evidence, machines: Machines, now: float) -> list[bytes]:
    """Give a detector what was stored, each client's state under the key that it has now.

    Returns the keys; lookups that were stored later are not taken in.
    """
    if stored.site is None:
        return []
    detector.restore(stored.site, stored.client_states.values())
    keys = []
    for key in stored.client_states:
        keys.append(machines.called(machines.key(key)).encode())
        if keys[-1] != key.encode():
            detector.move(key.encode(), keys[-1], now)
    return keys


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


def local(at: float) -> str:
    """Write a moment in local time, with its zone."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
