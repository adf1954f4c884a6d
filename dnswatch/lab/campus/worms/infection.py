"""Infection: what an infected host does: it harvests mail domains, mails to them, calls home."""

from collections import deque
from collections.abc import Callable
from math import exp
from random import Random
from typing import Final

from dnswatch.lab.campus.calendar import DAY, Calendar
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.post import Letter, Post
from dnswatch.lab.campus.run.truth import Fate
from dnswatch.lab.campus.world.domains import MailDomains
from dnswatch.lab.campus.world.popularity import Popularity
from dnswatch.lab.campus.worms.worm import Worm
from dnswatch.model.week import hour_of

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

    def act(self, colleague: Callable[[Random], bytes], deliver: Callable[[bytes], None],
            campus: str, calendar: Calendar) -> Process:  # fmt: skip
        """Mail until the end; `colleague` draws somebody inside, `deliver` puts a mail there."""
        while self._worm.mails_in_all == 0 or self._sent < self._worm.mails_in_all:
            yield self._next(calendar)
            self._sent += 1
            if self._chance.random() < self._worm.inside:
                to = colleague(self._chance)
                fate = yield from self._post.send(self._letter(campus), self._worm.way)
                if fate is Fate.INSIDE:
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
