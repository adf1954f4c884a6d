"""The pipeline: the watch, who judges and what polices, in step.

All that turns lookups into marks, with a clock that its owner brings: the watch process the one on
the wall, a replay that of a capture, the simulated campus its own.  So whatever is told live and
afterwards of the same lookups is the same.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from dnswatch.model.changes import Changes
from dnswatch.model.finding import Finding
from dnswatch.model.flow import Flow
from dnswatch.model.machines import Machines
from dnswatch.model.observation import Observation
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.mark import Marks, WebNames
from dnswatch.model.policies.marking import WebNamesOf
from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Orders
from dnswatch.model.watch import Watch
from dnswatch.settings import Settings, Source, combine
from dnswatch.store.mailnames import exchanges_of
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.judging import Judge, Judging
from dnswatch.watchdog.mailnotes import AGAIN, MailNotes
from dnswatch.watchdog.policing import Policing


class Judges(Protocol):
    """Who makes verdicts out of what happened: `Judging`, or a rule that it is compared with."""

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """Take in what happened, and tell `judge` whose verdict changed."""


class Turn(NamedTuple):
    """What came of a turn."""

    changes: Changes
    "What happened, with notes and standings: ready to be stored."
    news: Marks | None
    "What enforcement points must be told now."


class Pipeline:
    """What is known, thought and ordered of a site, whoever is to judge."""

    def __init__(
        self,
        settings: Settings,
        key_of: Callable[[bytes], str],
        judges: Judges,
        web_names: WebNamesOf = lambda _: WebNames(),
        *,
        is_dry: bool = False,
    ) -> None:
        """Know nothing yet; `key_of` gives a client's key in the store.

        `web_names` returns the mail hosts' names that a client uses for the web.

        Where all is dry, policies only tell what they would do.
        """
        self.watch = Watch(settings.limits.addresses)
        self.policing = Policing(key_of, web_names, is_dry=is_dry)
        self._judges = judges

    def fold(self, seen: Observation) -> None:
        """Fold in one lookup; in order of time."""
        self.watch.fold(seen)

    def turn(self, now: float) -> Turn:
        """Judge what happened since the last turn, and mark by it; some times a second, live."""
        changes = self.watch.drain()
        visitors = {client for _, client, _ in changes.visits}
        self._judges.see(changes, now, self.policing.judge)
        self.policing.meet({client for client, _ in changes.accounts})
        self.policing.look_again(visitors)
        news = self.policing.news(now)
        notes, standings = self.policing.changes()
        changes.notes.extend(notes)
        changes.standings.update(standings)
        changes.quarantine.update(self.policing.quarantine())
        return Turn(changes, news)


class SitePipeline:
    """The pipeline of a real site: our own detector judges, with orders, findings and the store."""

    def __init__(
        self, source: Source, key_of: Callable[[bytes], str], now: float, *, is_dry: bool = False
    ) -> None:
        """Begin to learn a site; `key_of` gives a client's key in the store.

        Where all is dry, policies only tell what they would do.
        """
        settings = combine(source)
        judging = self._judging = Judging(settings, key_of, now)
        self._pipeline = Pipeline(settings, key_of, judging, judging.web_names, is_dry=is_dry)
        self.watch = self._pipeline.watch
        self.policing = self._pipeline.policing
        self.exempt = Exempt(settings)
        self._mail = MailNotes(judging.address_of)
        self._said = self._orders = Orders()
        "What persons said, and as it holds for each client."

    def restore(self, archive: Archive, now: float) -> None:
        """Begin with what was stored; raises `StoreError` where that cannot be read."""
        known = archive.restore(now)
        self._mail.restore(archive.told(About.MESSAGE, now - AGAIN))
        roles = archive.orders(now).roles
        self._judging.restore(archive.evidence(), roles, self.policing.judge, archive.machines())
        exchanges = exchanges_of(known.domains, self.exempt.domain, now)
        self.watch.restore(known.entries, exchanges)

    def configure(self, source: Source, settings: Settings) -> None:
        """Take settings and policies, the first ones or others."""
        self.watch.resize(settings.limits.addresses)
        self._judging.configure(settings)
        self.exempt = Exempt(settings)
        self.watch.spare(self.exempt.domain)
        self.policing.configure(source.policies, settings)

    def order(self, orders: Orders, now: float) -> None:
        """Take what persons say now."""
        self._said, self._orders = orders, self._judging.order(orders, now)
        self.policing.order(self._orders)

    def identify(self, machines: Machines, now: float) -> None:
        """Take which clients are one machine: they have one verdict, one role, one word."""
        self._judging.identify(machines, now, self.policing.judge)
        if self._judging.order(self._said, now) != self._orders:
            self.order(self._said, now)

    @property
    def waits(self) -> bool:
        """Whether lookups wait for it to be known whose they are."""
        return self._judging.waits

    @property
    def learned_at(self) -> float:
        """When the learning period ends and verdicts begin, Unix seconds."""
        return self._judging.learned_at

    @property
    def heard(self) -> int:
        """Number of the last finding of the bay that was weighed."""
        return self._judging.heard

    def find(self, findings: Iterable[Finding], now: float) -> None:
        """Weigh what the holding bay found of messages."""
        found = list(findings)
        self._judging.find(found, now, self.policing.judge)
        self._mail.see(found)

    def contact(self, flows: Iterable[Flow]) -> None:
        """Take in connections, where a recording shows them."""
        self._judging.contact(flows)

    def drain(self, now: float, *, is_last: bool = False) -> tuple[Changes, Marks | None]:
        """Judge what happened since the last time; return it, and what marks are new."""
        changes, marks = self._pipeline.turn(now)
        changes.notes += self._mail.drain(now)
        if is_last and not self._judging.waits:  # the next watch takes in again what waits
            self._judging.save(changes, now)
        return changes, marks
