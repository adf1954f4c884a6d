"""An outbreak: who is infected when, from outside and by mails of colleagues.

A worm's mail that a colleague gets infects with a probability, after a while (users' vigilance and
delay: Wang and Wang, WORM 2003).  The site's mail servers bounce the mails that infected hosts all
over the world send to people who are not there, to senders who never wrote (WORM'04, section 5.1).
"""

from collections.abc import Callable, Sequence
from math import exp
from random import Random
from typing import Final

from dnswatch.lab.campus.calendar import DAY, Calendar
from dnswatch.lab.campus.chance import chance
from dnswatch.lab.campus.plan import Outbreak as Settings
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.post import Letter, Post
from dnswatch.lab.campus.run.truth import Infection as Infected
from dnswatch.lab.campus.run.truth import Truth
from dnswatch.lab.campus.world.outside import Outside
from dnswatch.lab.campus.worms.infection import Infection
from dnswatch.lab.campus.worms.worm import Worm
from dnswatch.settings import Domain

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
        self, worm: Worm, settings: Settings, post: Post, loop: Loop, truth: Truth,
        calendar: Calendar, seed: int,
    ) -> None:  # fmt: skip
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
        crew, place = self._settings.first, (len(self._truth.senders) - 1) % self._settings.first
        shares = self._worm.shares
        infection.harvest(self._domains, lambda number: not shares or number % crew == place)
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
