"""The detector: mail-related lookups in, changes of verdicts out.

Rules of this file: time comes in as `now` or with a lookup, and never runs backwards; a lookup
costs O(1), and once a day `advance` walks over the clients; all that changes comes out as a
returned value.

A declared mail server is never marked: no verdict but clean is ever given of it, whatever it does,
and only a person's word declares it.

What anybody may have sent in a client's name (a UDP datagram without a cookie) makes no more than
a suspect: such lookups raise the statistic to the first rung, and from there on count for nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Final, NamedTuple

import msgspec

from dnswatch.codes import Type
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.baselines import Baseline
from dnswatch.model.detection.client_state import ClientState, Judge
from dnswatch.model.detection.explain import Clock, Write, evidence, explain, summary
from dnswatch.model.detection.learning import DAY, JUDGED, Learning, judged_as
from dnswatch.model.detection.novelty import MEMORY, Followed, Guess, Novel, Registrable, Round
from dnswatch.model.detection.presence import Presence
from dnswatch.model.detection.resting import ClientStates
from dnswatch.model.detection.roles import Proposal, behaviour_of, propose, signs_of
from dnswatch.model.detection.servers import Load, Surge
from dnswatch.model.detection.shiryaev_roberts import COMPONENTS, Statistic, score
from dnswatch.model.detection.sitewide import (
    WINDOW,
    Calmed,
    Member,
    Sitewide,
    SitewideState,
    Warned,
)
from dnswatch.model.detection.strict import is_breach
from dnswatch.model.detection.tunnels import Tunnel
from dnswatch.model.detection.verdict import SUSPECT, Change, Plan, Rung, State, Verdict, rung_of
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.finding import Finding
from dnswatch.model.policies.mark import WebNames
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role

CLIENTS: Final = 20_000
"""Clients with mail-related lookups of which the state is kept, 0.1 to 1 kB each; beyond, the one
goes whose last novel mail domain is longest ago, of those that are clean."""

SILENCE: Final = 4 * WINDOW
"""Days after which a silence of the whole site holds nothing new; longer than days wait to be
learned from, too."""

TELL_EVERY: Final = 60.0
"""Seconds after which a verdict is told again: more evidence has put off when it fades."""

News = Change | Surge | Warned | Calmed


class Saved(NamedTuple):
    """A detector, to be stored."""

    site: bytes
    clients: dict[bytes, bytes]
    "Those that changed since the last time."
    gone: frozenset[bytes]
    "Clients that were forgotten since the last time."


class SiteState(msgspec.Struct):
    """What is stored of the site."""

    started: float
    swept: int
    met: dict[bytes, int]
    baselines: list[Baseline]
    loads: list[Load]
    sitewide: SitewideState = msgspec.field(name="fleet")
    seen: dict[bytes, int] = {}
    here: list[tuple[int, int]] = []


class Detector:
    """What is thought of each client of a site."""

    def __init__(
        self,
        plan: Plan,
        started: float,
        *,
        registrable: Registrable,
        role_of: Callable[[bytes], Role],
        write: Write,
        clock: Clock,
    ) -> None:
        """Begin to learn a site; `write` and `clock` put names and times into sentences."""
        self.plan, self.role_of = plan, role_of
        self._registrable = registrable
        self._write, self._clock = write, clock
        self._started = started
        self._learning = Learning(started, plan.learning)
        self._swept = int(started // DAY)
        "Unix day up to which days have been closed."
        self.presence = Presence()
        self._clients = ClientStates()
        "The one whose last novel domain is longest ago first."
        self._loads: dict[bytes, Load] = {}
        self._sitewide = Sitewide()
        self._watchful: set[bytes] = set()
        "Clients that are not clean, or that a person has spoken of."
        self.unsaved: set[bytes] = set()
        "Clients whose states `export` would tell."
        self._gone: set[bytes] = set()
        self.heard = self.novel_domains = 0
        "Number of the bay's last finding; how often a domain was new to who asked, since it began."

    @property
    def learned_at(self) -> float:
        """When the learning period ends and verdicts begin, Unix seconds."""
        return self._learning.ends

    def meet(self, client: bytes, now: float) -> None:
        """Note that a client is there; call it at its first lookup of each day, of any kind."""
        self._clients.rest(self._watchful)
        if (crowded_out := self.presence.meet(client, int(now // DAY))) is not None:
            self._forget(crowded_out)

    def move(self, old: bytes, new: bytes, now: float) -> None:
        """Know a client by another key from now on.

        Where there is evidence under both keys the heavier stays, with all that is known of that
        client, and the lighter goes: added up, one session would count twice.
        """
        if old not in self.presence:
            return
        self.presence.move(old, new)
        load, state = self._loads.get(old), self._clients.get(old)
        self._forget(old)
        if load:
            load.client = new
            self._loads.setdefault(new, load)
        if state and not self._is_heavier(self._clients.get(new), state, now):
            state.client, self._clients[new] = new, state
            self._watchful.add(new)
            self.unsaved.add(new)

    def see(self, lookup: MailLookup) -> list[News]:
        """Fold in a mail-related lookup; return what changed by it."""
        news = self._end_days(lookup.at)
        client, now = lookup.client, lookup.at
        self.meet(client, now)
        role = self.role_of(client)
        if role == Role.MAIL_SERVER:
            return news + self._serve(lookup)
        state = self._client(client, role, now)
        self._refresh(state, role, now)
        judge = self._judge(role, now)
        state.settle(now, judge)
        if not lookup.proven and not state.provisional and self._needs_proof(state, now):
            state.unproven += 1
            return news + self._judged(state, now, "a lookup that anybody may have sent")
        found = state.novelty.see(lookup, self._registrable)
        if lookup.qtype == Type.MX:
            state.conduct.note(now, isinstance(found, Novel))
        if lookup.qtype == Type.MX or isinstance(found, Round):
            state.go_on(now, self.plan.fade)
        if self.plan.is_strict and is_breach(lookup, role):
            self._break_rule(state, lookup)
        self._weigh(state, lookup, found, judge)
        if not lookup.proven:
            state.clip(self._limit * SUSPECT)
        return news + self._judged(state, now, "a mail-related lookup")

    def advance(self, now: float) -> list[News]:
        """Let time pass: close days, let verdicts fade; call it now and then."""
        news = self._end_days(now)
        for client in tuple(self._watchful):
            news += self._judged(self._clients[client], now, "time passed")
        return news

    def verdict(self, client: bytes, now: float, *, is_told: bool = False) -> Verdict:
        """Judge a client; where its rung is told already, without the sentences."""
        state = self._clients.get(client)
        limit = score(self._limit)
        if state is None or self.role_of(client) == Role.MAIL_SERVER:
            return Verdict(self._state(client, Rung.WATCHED, now), Rung.WATCHED, -inf, limit)
        days = self._days(state, now)
        rung = self._rung(state, now)
        return Verdict(
            self._state(client, rung, now),
            rung,
            score(days),
            limit,
            self._fades_at(state, now, rung),
            () if is_told else evidence(state, self._write, self._clock),
            self._reached(state, now) if state.provisional else rung,
        )

    def explain(self, client: bytes, now: float, *, is_short: bool = False) -> list[str]:
        """Explain the verdict on a client, with all that is needed to reckon it again."""
        if self.role_of(client) == Role.MAIL_SERVER:
            return ["clean: it is declared a mail server, and those are never marked"]
        state = self._clients.get(client)
        if state is None:
            is_judged = now >= self.learned_at
            word = "clean" if is_judged else f"learning until {self._clock(self.learned_at)}"
            return [f"{word}: it has made no mail-related lookup"]
        told, say = self.verdict(client, now), summary if is_short else explain
        return say(state, told, self._write, self._clock, self.learned_at)

    def provisional(self, now: float) -> list[tuple[bytes, Verdict]]:
        """Rank those that would be suspect, were the site not being learned; the worst first."""
        told = [
            (state.client, self.verdict(state.client, now))
            for state in self._clients.values()
            if state.provisional and self._reached(state, now)
        ]
        return sorted(told, key=lambda one: (-one[1].provisional, -one[1].score))

    def overrule(self, client: bytes, said: Overrule, now: float) -> list[News]:
        """Take a person's word on a client."""
        self.meet(client, now)
        state = self._client(client, judged_as(self.role_of(client)), now)
        state.overrule = said if said.word != Word.CLEAR else None
        if said.word == Word.CLEAR and said.at > state.cleared_at:
            state.cleared_at = said.at  # the word is heard again after each restart of the watch
            state.restart(now)
        self._watchful.add(client)
        return self._judged(state, now, f"a person's word: {said.word} {said.why}".strip())

    def find(self, finding: Finding, now: float) -> list[News]:
        """Weigh what the holding bay found of a message; each finding counts once."""
        self.heard, role = max(self.heard, finding.number), self.role_of(finding.client)
        if role == Role.MAIL_SERVER:
            return []
        self.meet(finding.client, now)
        state = self._client(finding.client, role, now)
        state.find(finding, self.plan.fade)
        return self._judged(state, now, "a message that the holding bay judged")

    def tunnels(self, client: bytes, found: Tunnel) -> bool:
        """Note that a client seems to run a tunnel; False of a declared mail server."""
        self.meet(client, found.at)
        if (role := self.role_of(client)) == Role.MAIL_SERVER:
            return False
        self._client(client, role, found.at).tunnel = found
        return True

    def visit(self, client: bytes, name: bytes, now: float) -> None:
        """Note that a client uses a name that looks like a mail host for the web."""
        self.meet(client, now)
        if (role := self.role_of(client)) != Role.MAIL_SERVER:
            self._client(client, role, now).novelty.visit(name, now)

    def web_names(self, client: bytes) -> WebNames:
        """Return the mail hosts' names that a client uses for the web, as far as is known."""
        state = self._clients.get(client)
        return state.novelty.web_names(state.began()) if state else WebNames()

    def named(self, client: bytes, name: bytes, asker: bytes) -> None:
        """Note that a client was led to another as to a mail host of that name."""
        if (state := self._clients.get(client)) and asker != client:
            state.conduct.named(name, asker)
            self.unsaved.add(client)

    def called(self, client: bytes, caller: bytes) -> None:
        """Note that a client took an SMTP connection; the caller's is a packed address."""
        if state := self._clients.get(client):
            state.conduct.called(caller)
            self.unsaved.add(client)

    def proposals(
        self, counts: Mapping[bytes, Mapping[str, int]], given_names: Mapping[bytes, str]
    ) -> list[Proposal]:
        """Propose to declare hosts.

        `counts` has each client's lookups by measure (changes.py), `given_names` the mail hosts'
        names that the site's administrators gave some.
        """
        found = []
        for state in self._clients.values():
            if self.role_of(state.client) == Role.CLIENT:
                mail_name = self._write(state.conduct.mail_name or b"\0")
                signs = signs_of(state.conduct, mail_name, given_names.get(state.client))
                host = behaviour_of(state.conduct, counts.get(state.client, {}), signs)
                if proposal := propose(state.client, host):
                    found.append(proposal)
        return sorted(found, key=lambda one: -one.odds)

    def export(self) -> Saved:
        """Return what must be stored to go on later; of the clients, those that changed."""
        met, seen = self.presence.export()
        site = SiteState(
            self._started,
            self._swept,
            met,
            self._learning.export(),
            list(self._loads.values()),
            self._sitewide.export(),
            seen,
            self.presence.days,
        )
        changed = {who: self._clients.encoded(who) for who in self.unsaved if who in self._clients}
        saved = Saved(msgspec.msgpack.encode(site), changed, frozenset(self._gone))
        self.unsaved.clear()
        self._gone.clear()
        return saved

    def restore(self, site: bytes, clients: Iterable[bytes]) -> None:
        """Begin with what was stored; call it before anything else."""
        stored = msgspec.msgpack.decode(site, type=SiteState)
        self._started, self._swept = stored.started, stored.swept
        self.presence.restore(stored.met, stored.seen, stored.here, stored.swept)
        self._learning = Learning(stored.started, self.plan.learning)
        self._learning.restore(stored.baselines)
        self._loads = {load.client: load for load in stored.loads}
        self._sitewide.restore(stored.sitewide)
        states = [msgspec.msgpack.decode(client, type=ClientState) for client in clients]
        for state in states:
            if state.statistic and len(state.statistic.parts) != len(COMPONENTS):
                state.restart(state.statistic.since)  # reckoned by components of before an upgrade
        for state in sorted(states, key=lambda state: state.last_novel or 0):
            self._clients[state.client] = state
            self.heard = max(self.heard, state.heard)
            if state.rung or state.overrule or state.infected_until is not None:
                self._watchful.add(state.client)
            self._clients.rest(self._watchful)

    def _state(self, client: bytes, rung: Rung, now: float) -> State:
        """Name a rung; nobody is called clean who has not been judged."""
        is_judged = now >= self._learning.ends or self.role_of(client) == Role.MAIL_SERVER
        return rung.state if rung or is_judged else State.LEARNING

    @property
    def _limit(self) -> float:
        """Statistic at which a client is infected, days."""
        return self.plan.knob.limit(self.presence.most() - len(self._loads))

    def _judge(self, role: Role, now: float) -> Judge:
        used = frozenset(indicator.name for indicator in self.plan.indicators)
        return Judge(used, self._learning.week(role), now >= self._learning.listens)

    def _serve(self, lookup: MailLookup) -> list[News]:
        """Fold in a lookup of a declared mail server."""
        load = self._loads.setdefault(lookup.client, Load.begin(lookup.client, lookup.at))
        self._sitewide.remember(self._registrable(lookup.domain) or lookup.domain, lookup.at)
        surge = load.see(lookup.at)
        return [surge] if surge else []

    def _break_rule(self, state: ClientState, lookup: MailLookup) -> None:
        """Note an MX question that a strict site allows to declared servers only."""
        state.breach = lookup.at, lookup.qname
        if lookup.proven:
            state.infected_until = lookup.at + self.plan.fade
        else:
            state.accused_until = lookup.at + self.plan.fade

    def _needs_proof(self, state: ClientState, now: float) -> bool:
        """Say whether what anybody may have sent says nothing more of a client.

        It is not even remembered: a worm could else make its domains known under a source that
        nobody proved, and then ask for them again.
        """
        is_suspect = rung_of(self._days(state, now), self._limit) >= Rung.SUSPECT
        return is_suspect or now < max(state.infected_until or 0.0, state.accused_until)

    def _weigh(self, state: ClientState, lookup: MailLookup, found: object, judge: Judge) -> None:
        """Fold a lookup into each statistic that it is evidence for."""
        now = lookup.at
        if isinstance(found, Followed):
            state.follow(lookup, found, judge)
        elif isinstance(found, Novel) and not self._is_usual_here(found.domain, state.client, now):
            self._novel(state, lookup, found, judge)
        elif isinstance(found, Guess) and now >= self._learning.listens:
            self._guess(state, found, now)
        domain = self._registrable(lookup.qname) if lookup.kind == LookupKind.MX else None
        if domain and state.count(domain, now, judge.week):
            self._guard(state, now)

    def _is_usual_here(self, domain: bytes, client: bytes, now: float) -> bool:
        """Say whether a domain is news only because its client is: others here know it.

        A machine with another address asks for what its owner always asks for.
        """
        return self._is_new(client, now) and self._sitewide.knows(domain, client, now)

    def _is_new(self, client: bytes, now: float) -> bool:
        """Say whether a client is younger than a memory, at a site that is older."""
        is_old_site = now - self._started >= MEMORY
        return is_old_site and (int(now // DAY) - self.presence.met(client)) * DAY < MEMORY

    def _novel(self, state: ClientState, lookup: MailLookup, found: Novel, judge: Judge) -> None:
        self.novel_domains += 1
        state.see(lookup, found, judge)
        self._clients.move_to_end(state.client)
        self._guard(state, lookup.at)
        if judge.learns and state.rung < Rung.INFECTED:  # a verdict needs no test of the site
            self._sitewide.see(state.client, found.domain, lookup.at)
        state.go_on(lookup.at, self.plan.fade)

    def _guess(self, state: ClientState, found: Guess, now: float) -> None:
        state.guess(found.domain, now, self._learning.week(state.role))
        self._clients.move_to_end(state.client)
        self._guard(state, now)
        state.go_on(now, self.plan.fade)

    def _guard(self, state: ClientState, now: float) -> None:
        """Have nothing learned of a client that may be infected."""
        least = Rung.SUSPECT if state.provisional else Rung.LIKELY
        if rung_of(self._days(state, now), self._limit) >= least:
            state.taint()

    def _client(self, client: bytes, role: Role, now: float) -> ClientState:
        """Return the state of a client, begun where there is none."""
        state = self._clients.get(client)
        if state is None or state.role != role:
            today = int(now // DAY)
            history = self._learning.history(role, self.presence.met(client), today)
            bounds = self._learning.bounds(role, history, today)
            if state is None:
                self._make_room()
                state = self._clients[client] = ClientState(client, role, history, bounds, today)
            else:
                state.declare(role, history, bounds, now)
            state.shares = self._learning.shares(role, history)
        if state.statistic is None:
            state.statistic = Statistic.begin(now, state.bounds)
            state.provisional = now < self._learning.ends
        self.unsaved.add(client)
        return state

    def _refresh(self, state: ClientState, role: Role, now: float) -> None:
        """Draw a client's bounds anew, once a day."""
        today = int(now // DAY)
        if state.bounded_on != today:
            state.bounds = self._learning.bounds(role, state.history, today)
            state.shares = self._learning.shares(role, state.history)
            state.bounded_on = today

    def _days(self, state: ClientState, now: float) -> float:
        """Return a client's statistic at a moment, days."""
        return state.score_days(now, self._learning.week(state.role))

    def _is_heavier(self, state: ClientState | None, other: ClientState, now: float) -> bool:
        """Say whether a client has a verdict where another has none, or else more evidence."""
        return state is not None and (
            (state.infected_until is not None, self._days(state, now))
            >= (other.infected_until is not None, self._days(other, now))
        )

    def _rung(self, state: ClientState, now: float) -> Rung:
        """Place a client on the ladder, as it stands at a moment."""
        if self.role_of(state.client) == Role.MAIL_SERVER:
            return Rung.WATCHED
        if word := state.word(now):
            return Rung.INFECTED if word == Word.DISTRUST else Rung.WATCHED
        if state.provisional and not state.breach:
            return Rung.WATCHED
        return self._reached(state, now)

    def _reached(self, state: ClientState, now: float) -> Rung:
        """Place a client by its evidence alone, whether or not the site is still being learned."""
        if state.infected_until is not None:
            return Rung.INFECTED if now < state.infected_until else Rung.WATCHED
        least = Rung.SUSPECT if now < state.accused_until else Rung.WATCHED
        return max(least, rung_of(self._days(state, now), self._limit))

    def _judged(self, state: ClientState, now: float, cause: str) -> list[News]:
        """Judge a client; say whether its rung changed, and each minute how a bad one stands."""
        if (role := self.role_of(state.client)) != Role.MAIL_SERVER:
            state.settle(now, self._judge(role, now))
            self._stand(state, now)
        before, state.rung = state.rung, self._rung(state, now)
        if state.rung and state.conduct.suspect_on is None:
            state.conduct.suspect_on = state.conduct.days
        if state.rung or state.overrule or state.infected_until is not None:
            self._watchful.add(state.client)
        else:
            self._watchful.discard(state.client)
        if state.rung == before and (not state.rung or now < state.told_at + TELL_EVERY):
            return []
        state.told_at = now
        self.unsaved.add(state.client)
        verdict = self.verdict(state.client, now, is_told=state.rung == before)
        return [Change(state.client, now, before, verdict, cause)]

    def _stand(self, state: ClientState, now: float) -> None:
        """Let a verdict that the evidence reached stand for its time, and then begin anew."""
        if state.provisional and now >= self._learning.ends:
            state.judge_by_learned(now)
        if state.overrule and now >= state.overrule.until:
            state.overrule = None
        if state.infected_until is not None:
            if now >= state.infected_until:
                state.restart(now)
        elif rung_of(self._days(state, now), self._limit) == Rung.INFECTED:
            state.infected_until = (state.last_evidence or now) + self.plan.fade
        if state.infected_until is not None:
            state.clip(self._limit)

    def _fades_at(self, state: ClientState, now: float, rung: Rung) -> float | None:
        if rung == Rung.WATCHED:
            return None
        if state.word(now) == Word.DISTRUST and state.overrule:
            return state.overrule.until
        if state.infected_until is not None:
            return state.infected_until
        sinks_at = state.sinks_at(self._limit, self._learning.week(state.role), now)
        return max(sinks_at, state.accused_until)

    def _end_days(self, now: float) -> list[News]:
        """End the days up to a moment; of a long silence no more than its begin and its end.

        By then all that waited was learned and all windows are empty: the days between only fade
        what is known, which a baseline does for all of them at once.
        """
        news: list[News] = []
        silent_from, today = self._swept + SILENCE, int(now // DAY)
        while self._swept < today:
            if self._swept == silent_from:
                self._swept = max(self._swept, today - SILENCE)
            self._swept += 1
            news += self._end_day(self._swept * DAY)
            for client in self.presence.end_day(self._swept):
                if client not in self._watchful:
                    self._forget(client)
        return news

    def _end_day(self, now: float) -> list[News]:
        """Close the day that ends at `now`: learn what is old enough, judge the whole site."""
        news: list[News] = []
        for load in self._loads.values():
            surge = load.advance(now)
            news += [surge] if surge else []
        told = self._end_site_day(now)
        news += [told] if told else []
        if now >= self._learning.listens:
            today = int(now // DAY)
            self._learning.learn(self._clients.changing(), self.role_of, today)
            for role in JUDGED:
                self._fit(role, today)
        return news

    def _end_site_day(self, now: float) -> Warned | Calmed | None:
        week = self._learning.week(Role.CLIENT)
        worked = [week.days(now - (n + 1) * DAY, now - n * DAY) for n in reversed(range(WINDOW))]
        if now < self._learning.listens + DAY:
            self._sitewide.forget_day()
        elif now < self._learning.ends + DAY or not self._learning.knows_the_week(Role.CLIENT):
            self._sitewide.learn_day(worked[-1])
        else:
            members = [
                self._member(state, now)
                for state in self._clients.values()
                if state.days and state.rung < Rung.INFECTED and not self._is_new(state.client, now)
            ]
            quiet = self.presence.now - len(self._loads) - len(members)
            limit = self.plan.knob.site_limit()
            return self._sitewide.end_day(now, worked, members, max(0, quiet), limit)
        return None

    def _member(self, state: ClientState, now: float) -> Member:
        today = int(now // DAY)
        role = judged_as(self.role_of(state.client))
        shape, days = self._learning.rate(role, state.history, today)
        bursts = {day.number: day.bursts for day in state.days}
        counts = tuple(bursts.get(today - WINDOW + n, 0) for n in range(WINDOW))
        return Member(state.client, shape, days, counts)

    def _fit(self, role: Role, today: int) -> None:
        histories = [
            (state.history, self.presence.known_days(state.client, today)[1])
            for state in self._clients.values()
            if self.role_of(state.client) == role
        ]
        # Whoever never made a mail-related lookup has no state, and is nobody's server.
        quiet = [
            self.presence.known_days(client, today)
            for client in (self.presence if role == Role.CLIENT else ())
            if client not in self._clients and client not in self._loads
        ]
        self._learning.fit(role, histories, quiet, today)

    def _make_room(self) -> None:
        if len(self._clients) >= CLIENTS:
            clean = (client for client in self._clients if client not in self._watchful)
            client = next(clean, next(iter(self._clients)))
            self._clients.discard(client)
            self._watchful.discard(client)
            self._gone.add(client)

    def _forget(self, client: bytes) -> None:
        self.presence.forget(client)
        self._clients.discard(client)
        self._loads.pop(client, None)
        self._watchful.discard(client)
        self._gone.add(client)
