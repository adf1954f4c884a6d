"""Mail domains: which there are, where their exchanges are, and for how long answers live.

A domain is a number, the most popular first.  Half of the domains are at a provider, and share its
exchanges with thousands of others; the rest have one or two exchanges of their own name.  Some have
no MX records, so that their own address takes mail (RFC 5321 section 5.1), and some are dead.

A name of one's own is not an address of one's own: most domains stand at hosting companies, whose
addresses have many names.
"""

from random import Random
from typing import Final, NamedTuple

import numpy as np

from dnswatch.lab.campus.chance import numbers
from dnswatch.lab.campus.plan import Ttls
from dnswatch.lab.campus.plan import World as Settings
from dnswatch.lab.campus.world.popularity import Popularity
from dnswatch.wire.name import from_text

_ENDINGS: Final = ("com", "org", "net", "de", "edu", "co.uk", "fr", "info")
_SHARES: Final = (0.55, 0.12, 0.1, 0.08, 0.06, 0.04, 0.03, 0.02)
_MAIL_HOSTS: Final = ("mx", "mail", "smtp", "mx1")
"""First labels of exchanges; some are the ones that worms guess."""
_PROVIDER_HOSTS: Final = 4


class Exchange(NamedTuple):
    """A mail host."""

    name: bytes
    "Lower-case wire form."
    number: int
    "By which its address is made."


class MailDomains:
    """All mail domains."""

    def __init__(self, settings: Settings, seed: int) -> None:
        """Found them."""
        drawn = numbers(seed, "domains")
        count = settings.domains
        self._popularity = Popularity(count, settings.popularity)
        providers = Popularity(settings.providers, 1.0).draws(count, drawn)
        is_hosted = drawn.random(count) < settings.hosted
        self._provider: list[int] = np.where(is_hosted, providers, -1).tolist()
        self._has_mx: list[bool] = (drawn.random(count) >= settings.without_mx).tolist()
        self._is_dead: list[bool] = (drawn.random(count) < settings.dead).tolist()
        self._own: list[int] = drawn.integers(1, 3, count).tolist()
        self._ending: list[int] = drawn.choice(len(_ENDINGS), count, p=_SHARES).tolist()
        self._mx_ttl: list[int] = draw_ttls(settings.mx_ttls, count, drawn).tolist()
        hosters = Popularity(settings.hosters, 1.0).draws(count, drawn)
        is_shared = drawn.random(count) < settings.shared
        alone = settings.hosters + np.arange(count)
        self._home: list[int] = np.where(is_shared, hosters, alone).tolist()
        self._numbers: dict[bytes, int] = {}
        self._providers = settings.providers

    def __len__(self) -> int:
        """Count them."""
        return len(self._provider)

    def draw(self, chance: Random) -> int:
        """Draw a domain by its popularity."""
        return self._popularity.draw(chance)

    def text(self, number: int) -> str:
        """Write a domain's name."""
        return f"d{number}.{_ENDINGS[self._ending[number]]}"

    def name(self, number: int) -> bytes:
        """Return a domain's name in wire form, by which `number` finds it from then on."""
        name = from_text(self.text(number))
        self._numbers[name] = number
        return name

    def number(self, name: bytes) -> int | None:
        """Return the domain that a name was given of, or None."""
        return self._numbers.get(name)

    def exists(self, number: int) -> bool:
        """Say whether a domain exists."""
        return not self._is_dead[number]

    def mx_ttl(self, number: int) -> int:
        """TTL of the domain's MX answer, seconds."""
        return self._mx_ttl[number]

    def home(self, number: int) -> int:
        """Return the number of the machine that a domain's own names stand for."""
        return self._home[number]

    def exchanges(self, number: int) -> tuple[Exchange, ...]:
        """Return a domain's exchanges; none where it has no MX records."""
        if not self._has_mx[number] or self._is_dead[number]:
            return ()
        if (provider := self._provider[number]) >= 0:
            return tuple(
                Exchange(
                    from_text(f"mx{host}.provider{provider}.net"), provider * _PROVIDER_HOSTS + host
                )
                for host in range(1 + provider % _PROVIDER_HOSTS)
            )
        own = self._providers * _PROVIDER_HOSTS + 2 * self._home[number]
        return tuple(
            Exchange(from_text(f"{_MAIL_HOSTS[(number + n) % 4]}.{self.text(number)}"), own + n)
            for n in range(self._own[number])
        )


def draw_ttls(ttls: Ttls, count: int, drawn: np.random.Generator) -> np.ndarray:
    """Draw TTLs by their weights."""
    weights = np.array([weight for _, weight in ttls])
    return drawn.choice([ttl for ttl, _ in ttls], count, p=weights / weights.sum())
