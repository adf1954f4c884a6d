"""An outbreak: what an infected host does, who is infected when, and how it spreads.

An infected host harvests mail domains, mails to them and calls home.  A worm's mail that a
colleague gets infects with a probability, after a while (users' vigilance and delay: Wang and
Wang, WORM 2003).  The site's mail servers bounce the mails that infected hosts all over the world
send to people who are not there, to senders who never wrote (WORM'04, section 5.1).
"""

from collections import deque
from collections.abc import Callable, Sequence
from math import exp
from random import Random
from typing import Final

from dnswatch.lab.campus.calendar import DAY, Calendar
from dnswatch.lab.campus.chance import Popularity, chance
from dnswatch.lab.campus.plan import OutbreakPlan
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.post import Letter, Post
from dnswatch.lab.campus.run.truth import Infected as Infected
from dnswatch.lab.campus.run.truth import MailFate, Truth
from dnswatch.lab.campus.world import MailDomains, Outside
from dnswatch.lab.campus.worms.worm import Worm
from dnswatch.model.week import hour_of
from dnswatch.settings import Domain

_TRIES: Final = 20
"""Draws for each domain that is to be harvested; the most popular ones come again and again."""
_RECIPIENTS: Final = 40
"""People at one domain whose addresses a worm finds or makes up."""


class Infection:
    """One infected host."""

    def __init__(self, host: bytes, worm: Worm, post: Post, loop: Loop, chance: Random) -> None:
        """Infect a host."""
        self.host = host
        self._worm = worm
        self._post = post
        self._loop = loop
        self._chance = chance
        sigma = worm.unevenness
        self._activity = chance.lognormvariate(-(sigma**2) / 2, sigma)
        self._since = loop.now
        self._sent = 0
        self._targets: list[int] = []
        self._favour = Popularity(worm.domains, worm.favour)
        self._begun: deque[float] = deque()
        "When domains were new to it, on the last day."
        self._open = 0
        "Targets that it has begun with."

    def harvest(self, domains: MailDomains, is_mine: Callable[[int], bool]) -> None:
        """Find targets; `is_mine` says which of them are this host's."""
        found: dict[int, None] = {}
        for _ in range(_TRIES * self._worm.domains):
            number = domains.draw(self._chance)
            if is_mine(number):
                found[number] = None
            if len(found) == self._worm.domains:
                break
        self._targets = list(found)
        self._chance.shuffle(self._targets)
        self._texts = [domains.text(number) for number in self._targets]
        for number in self._targets:
            domains.name(number)

    def act(
        self,
        colleague: Callable[[Random], bytes],
        deliver: Callable[[bytes], None],
        campus: str,
        calendar: Calendar,
    ) -> Process:
        """Mail until the end; `colleague` draws somebody inside, `deliver` puts a mail there."""
        while self._worm.mails_in_all == 0 or self._sent < self._worm.mails_in_all:
            yield self._next(calendar)
            self._sent += 1
            if self._chance.random() < self._worm.inside:
                to = colleague(self._chance)
                fate = yield from self._post.send(self._letter(campus), self._worm.way)
                if fate is MailFate.INSIDE:
                    deliver(to)
            elif (domain := self._target()) is not None:
                yield from self._post.send(self._letter(domain), self._worm.way)

    def call(self, name: Callable[[int, int], bytes], chance: Random) -> Process:
        """Connect to the worm's servers for ever; `name` gives their names, by number and TTL."""
        while self._worm.calls:
            yield self._loop.now + chance.expovariate(self.rate(self._worm.calls)) * DAY
            callee = name(chance.randrange(self._worm.callees), self._worm.callee_ttl)
            yield from self._post.call(self.host, callee, self._worm.way)

    def _next(self, calendar: Calendar) -> float:
        """Return when the next mail goes."""
        at = self._loop.now
        if self._worm.hours == "always":
            return at + self._chance.expovariate(self.rate(self._worm.mails)) * DAY
        most = max(calendar.pace)
        while True:
            at += self._chance.expovariate(self.rate(self._worm.mails) * most) * DAY
            if self._chance.random() * most < calendar.pace[hour_of(at)]:
                return at

    def rate(self, first: float) -> float:
        """Return what this host does now of what hosts do on their first day, times a day."""
        if not self._worm.lasts:
            return first * self._activity
        age = (self._loop.now - self._since) / DAY
        return first * self._activity * exp(-age / self._worm.lasts)

    def _letter(self, domain: str) -> Letter:
        unreachable = self._chance.random() < self._worm.unreachable
        recipient = f"p{self._chance.randrange(_RECIPIENTS)}@{domain}"
        return Letter(self.host, domain, recipient, self._worm.name, unreachable)

    def _target(self) -> str | None:
        """Choose whom to mail; None where it holds itself back and has nobody it knows."""
        place = self._favour.draw(self._chance) % max(1, len(self._targets))
        if not self._worm.novel:
            return self._texts[place] if self._texts else None
        while self._begun and self._loop.now - self._begun[0] > DAY:
            self._begun.popleft()
        if self._open < len(self._texts) and len(self._begun) < self._allowed():
            self._begun.append(self._loop.now)
            self._open += 1
            return self._texts[self._open - 1]
        return self._texts[place % self._open] if self._open else None

    def _allowed(self) -> float:
        """New domains that it may begin on this day: a share of one is a chance of one."""
        whole, rest = divmod(self._worm.novel, 1)
        return whole + (self._chance.random() < rest / max(1.0, self._worm.mails))


_FIRST_HOURS: Final = 6 * 3600.0
"""Seconds within which the first hosts are infected."""
_RISE: Final = DAY
_FADE: Final = 3 * DAY
"""Seconds in which backscatter rises, and falls to a third: it was worst for some three days."""
_BOUNCE_DOMAINS: Final = 20_000
"""Mail domains that backscatter goes to, one as likely as the other, since their people never wrote
here (1,600 addresses on the worst day; WORM'04, 5.2)."""
_SLICE: Final = 3600.0


class Outbreak:
    """A worm at a site."""

    def __init__(
        self,
        worm: Worm,
        settings: OutbreakPlan,
        post: Post,
        loop: Loop,
        truth: Truth,
        calendar: Calendar,
        seed: int,
    ) -> None:
        """Get ready."""
        self._worm = worm
        self._settings = settings
        self._post = post
        self._loop = loop
        self._truth = truth
        self._calendar = calendar
        self._chance = chance(seed, f"outbreak of {worm.name}")
        self._seed = seed

    def begin(self, at: float, clients: Sequence[bytes], outside: Outside, campus: Domain) -> None:
        """Let it break out at a moment."""
        self._outside = outside
        self._domains = outside.mail
        self._campus = str(campus)
        drawn = list(clients)
        self._chance.shuffle(drawn)
        first = drawn[: self._settings.first]
        self._open = {host for host in drawn if self._chance.random() < self._settings.susceptible}
        self._clients = clients
        for host in first:
            self._open.add(host)
            self._infect_later(host, at + self._chance.random() * _FIRST_HOURS, None)

    def backscatter(self, at: float, servers: Sequence[bytes]) -> Process:
        """Let the mail servers bounce what comes in from the world, an hour after the other."""
        drawn = chance(self._seed, f"backscatter of {self._worm.name}")
        since = at
        most = self._worm.bounces * self._settings.backscatter
        while most:
            age = at - since
            height = (1 - exp(-age / _RISE)) * exp(-max(0.0, age - 2 * _RISE) / _FADE)
            for _ in range(round(most * height * _SLICE / DAY)):
                when = at + drawn.random() * _SLICE
                number = drawn.randrange(min(_BOUNCE_DOMAINS, len(self._domains)))
                self._domains.name(number)
                domain = self._domains.text(number)
                letter = Letter(drawn.choice(servers), domain, f"forged@{domain}")
                self._loop.start(when, self._bounce(letter))
            at += _SLICE
            yield at

    def _bounce(self, letter: Letter) -> Process:
        yield from self._post.send(letter)

    def _infect_later(self, host: bytes, at: float, by: bytes | None) -> None:
        self._loop.call(at, lambda: self._infect(host, by))

    def _infect(self, host: bytes, by: bytes | None) -> None:
        if host not in self._open or host in self._truth.senders:
            return
        now = self._loop.now
        self._truth.infect(Infected(now, host, self._worm.name, by))
        drawn = chance(self._seed, f"{self._worm.name} on {host.hex()}")
        infection = Infection(host, self._worm, self._post, self._loop, drawn)
        first, place = self._settings.first, (len(self._truth.senders) - 1) % self._settings.first
        shares = self._worm.shares
        infection.harvest(self._domains, lambda number: not shares or number % first == place)
        deliver = self._delivered(host)
        act = infection.act(self._colleague, deliver, self._campus, self._calendar)
        self._loop.start(now, act)
        calls = chance(self._seed, f"calls of {self._worm.name} on {host.hex()}")
        self._loop.start(now, infection.call(self._outside.callee_name, calls))

    def _colleague(self, drawn: Random) -> bytes:
        return drawn.choice(self._clients)

    def _delivered(self, by: bytes) -> Callable[[bytes], None]:
        def deliver(to: bytes) -> None:
            if self._chance.random() < self._worm.opened:
                wait = self._chance.expovariate(1 / self._worm.patience)
                self._infect_later(to, self._loop.now + wait, by)

        return deliver
