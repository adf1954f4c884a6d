"""The campus: a site, the world around it and, if one breaks out, a worm; a whole run of it.

`summary` says what happened in a few lines for a person.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf
from random import Random
from statistics import median
from typing import Final

import numpy as np

from dnswatch.codes import Type
from dnswatch.errors import SettingsError
from dnswatch.lab.campus.calendar import DAY, Calendar
from dnswatch.lab.campus.chance import chance, numbers
from dnswatch.lab.campus.errands import SET_UP_GUESSES, Errand, Scene, What, errands
from dnswatch.lab.campus.plan import CampusPlan
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.post import PLAIN, Letter, Post
from dnswatch.lab.campus.run.resolver import Asking, Resolver, key_of
from dnswatch.lab.campus.run.truth import MailFate, Truth
from dnswatch.lab.campus.run.web import Web
from dnswatch.lab.campus.site import CampusSite
from dnswatch.lab.campus.world import Outside
from dnswatch.lab.campus.worms.outbreak import Outbreak
from dnswatch.lab.campus.worms.shipped import load
from dnswatch.model.observation import Tally
from dnswatch.model.policies.mark import WebNames
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.reading import read_all
from dnswatch.settings import Settings
from dnswatch.watchdog.judging import Judging
from dnswatch.watchdog.pipeline import Judges, Pipeline
from dnswatch.wire.name import from_text

_A: Final = int(Type.A)
_HOURS: Final = 24
_TXT: Final = 16
_INBOUND: Final = (int(Type.PTR), _A, _A, _TXT, _TXT)
"""What a mail server asks about a mail that comes in: the sender's name, two block lists, SPF and
DMARC."""
_STRANGERS: Final = 0.5
"""Share of those mails whose sender's domain is one of spam, made up for the occasion."""


class Campus:
    """One campus, from its first day on."""

    def __init__(
        self,
        plan: CampusPlan,
        seed: int,
        policies: Sequence[tuple[str, str]],
        judges: "Callable[[Campus], Judges] | None" = None,
        *,
        is_detailed: bool = False,
    ) -> None:
        """Build it; `policies` are the texts of all policies that there are.

        In detail, each lookup of the web is an observation.  `judges` makes who is to judge in
        place of dnswatch.
        """
        self.plan = plan
        self.seed = seed
        self.site = CampusSite(plan, seed)
        self.settings: Settings = self.site.settings(plan, plan.learning)
        self.loop = Loop(plan.begin)
        self.truth = Truth()
        self.outside = Outside(plan, seed, self.site.mail_servers)
        self.calendar = Calendar(plan.calendar)
        judging = (judges or _detector)(self)
        web_names = judging.web_names if isinstance(judging, Judging) else lambda _: WebNames()
        self.pipeline = Pipeline(self.settings, key_of, judging, web_names)
        self.pipeline.policing.configure(policies, self.settings)
        self._policies = frozenset(read_all(policies)[0])
        self.enable(plan.policies)
        self.resolver = Resolver(
            self.outside, self.settings, self.loop, self.pipeline, self.truth, plan.site.dns_servers
        )
        self.post = Post(
            self.outside,
            self.resolver,
            self.loop,
            self.truth,
            frozenset(self.site.mail_servers),
            plan.site.redirects,
        )
        self._is_detailed = is_detailed
        self.web = Web(
            plan.web, self.site.clients, seed, self.outside, self.resolver, self.loop, self.calendar
        )
        self.loop.call(plan.begin, self._day)
        if plan.outbreak.worm:
            self.break_out(plan)

    def enable(self, policies: Sequence[str]) -> None:
        """Switch policies on, and no others; raises `SettingsError` for a name that is none's."""
        for name in policies:
            if name not in self._policies:
                raise SettingsError(
                    f"there is no policy '{name}': expected one of"
                    f" {', '.join(sorted(self._policies))}"
                )
        self.pipeline.policing.order(Orders(enabled=frozenset(policies)))

    def break_out(self, plan: CampusPlan) -> None:
        """Let a worm break out on its day."""
        at = plan.begin + plan.outbreak.day * DAY
        outbreak = Outbreak(
            load(plan.outbreak.worm),
            plan.outbreak,
            self.post,
            self.loop,
            self.truth,
            self.calendar,
            self.seed,
        )
        outbreak.begin(at, self.site.clients, self.outside, plan.site.domain)
        self.loop.start(at, outbreak.backscatter(at, self.site.mail_servers))

    def run(self, until: float) -> None:
        """Let time pass up to a moment (Unix seconds)."""
        self.loop.run(until)
        self.resolver.turn()

    def _day(self) -> float:
        """Draw what honest hosts do on the day that begins now."""
        day = self.loop.now
        drawn = chance(self.seed, f"mail of {day:.0f}")
        scene = Scene(self.site.people, self.site.servers, day, day + DAY, self._draw)
        self._play(errands(scene, drawn))
        busy = 1.0 if self.calendar.active(day) == self.plan.calendar.active else 0.5
        self._mail(day, busy, numbers(self.seed, f"mail servers of {day:.0f}"))
        self._programs(day, numbers(self.seed, f"mail programs of {day:.0f}"))
        if self._is_detailed:
            self.web.play(day)
        else:
            self.web.count(day)
        return day + DAY

    def _draw(self, drawn: Random) -> str:
        number = self.outside.mail.draw(drawn)
        self.outside.mail.name(number)
        return self.outside.mail.text(number)

    def _play(self, honest: Iterator[Errand]) -> None:
        for errand in honest:
            self.loop.start(errand.at, self._errand(errand))

    def _errand(self, errand: Errand) -> Process:
        """Run an honest host's errand."""
        _, who, domain, what, is_dead = errand
        name = from_text("nobody." + domain if is_dead else domain)
        if what is What.DELIVER:
            yield from self.post.send(Letter(who, domain, f"friend@{domain}"))
            return
        yield from self.post.ask(who, name, int(Type.MX), PLAIN)
        if what is What.SET_UP:
            for label in SET_UP_GUESSES:
                guess = bytes((len(label),)) + label.encode() + name
                yield from self.post.ask(who, guess, _A, PLAIN)

    def _mail(self, day: float, busy: float, drawn: np.random.Generator) -> None:
        """Let the mail servers deliver, and check what comes in."""
        servers, settings = self.site.mail_servers, self.plan.mail
        used = chance(self.seed, f"recipients of {day:.0f}")
        for at in self.calendar.times(drawn.poisson(settings.outgoing * busy), day, drawn).tolist():
            domain = self._draw(used)
            letter = Letter(used.choice(servers), domain, f"friend@{domain}")
            self.loop.start(at, self._send(letter))
        count = drawn.poisson(settings.incoming * busy)
        for at in self.calendar.times(int(count * settings.checked), day, drawn).tolist():
            is_stranger = used.random() < _STRANGERS
            domain = f"spam{used.getrandbits(30)}.example" if is_stranger else self._draw(used)
            errand = Errand(at, used.choice(servers), domain, What.CHECK)
            self.loop.start(at, self._errand(errand))
        for hour, mails in enumerate(_by_hour(self.calendar.times(count, day, drawn), day)):
            for qtype in _INBOUND:
                tally = Tally(servers[hour % len(servers)], qtype, 0, 0, False, int(mails))
                self.loop.call(day + hour * 3600, partial(self._tally, tally))

    def _send(self, letter: Letter) -> Process:
        yield from self.post.send(letter)

    def _programs(self, day: float, drawn: np.random.Generator) -> None:
        """Let mail programs ask for their server's address."""
        clients, settings = self.site.clients, self.plan.mail
        share = self.calendar.active(day)
        count = drawn.poisson(settings.programs * share * len(clients))
        who = drawn.integers(len(clients), size=count).tolist()
        for at, client in zip(self.calendar.times(count, day, drawn).tolist(), who, strict=True):
            asking = Asking(clients[client], self.outside.mail_host, _A)
            self.loop.call(at, partial(self._ask, asking))

    def _ask(self, asking: Asking) -> None:
        self.resolver.ask(asking)

    def _tally(self, tally: Tally) -> None:
        if tally.count:
            self.resolver.tally(tally)


def _detector(campus: Campus) -> Judges:
    """Return dnswatch's own judgment."""
    return Judging(campus.settings, key_of, campus.loop.now, save_every=inf)


def _by_hour(at: np.ndarray, day: float) -> list[int]:
    counts: list[int] = np.bincount(((at - day) // 3600).astype(int), minlength=_HOURS).tolist()
    return counts


def summary(truth: Truth) -> Iterator[str]:
    """Say what happened."""
    yield (
        f"lookups   {truth.lookups['honest']:,} of honest hosts, {truth.lookups['worm']:,} of"
        " infected ones"
    )
    yield f"mail      {_fates(truth.servers)} of the mail servers; {_touched(truth)}"
    yield f"          {_fates(truth.honest)} of honest clients by themselves"
    yield (
        f"judged    {len(truth.false)} honest hosts infected wrongly, {len(truth.suspects)} suspect"
        " at times"
    )
    senders = list(truth.senders.values())
    if not senders:
        yield "worm      none broke out"
        return
    total = Counter[MailFate]()
    for sender in senders:
        total.update(sender.fates)
    found = [sender for sender in senders if sender.verdict_at is not None]
    yield f"worm      {len(senders)} hosts infected; mails: {_fates(total)}"
    if found:
        seconds = median((sender.verdict_at or 0) - sender.infected_at for sender in found)
        domains = median(sender.domains_before for sender in found)
        yield (
            f"found     {len(found)} of {len(senders)}, in the median after {domains:.0f} mail"
            f" domains and {seconds:,.0f} s"
        )
    else:
        yield "found     none"


def _fates(fates: Counter[MailFate]) -> str:
    said = [f"{fates[fate]:,} {fate.value}" for fate in MailFate if fates[fate]]
    return ", ".join(said) or "no mails"


def _touched(truth: Truth) -> str:
    if not truth.server_waits:
        return "none of them touched"
    return f"{truth.server_waits} of them held up"
