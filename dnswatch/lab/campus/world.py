"""The world: what the DNS outside of the campus answers, and which addresses take mail.

A mail domain is a number, the most popular first.  Half of the domains are at a provider, and share
its exchanges with thousands of others; the rest have one or two exchanges of their own name.  Some
have no MX records, so that their own address takes mail (RFC 5321 section 5.1), and some are dead.

A name of one's own is not an address of one's own: most domains stand at hosting companies, whose
addresses have many names.

Answers are made when they are asked for, from the name alone: a world of ten million domains costs
nothing but what is looked at.  An exchange that turns no mail away today does so tomorrow too.
"""

from collections import OrderedDict
from random import Random
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from dnswatch.codes import Rcode, Type
from dnswatch.lab.campus.chance import Popularity, numbers
from dnswatch.lab.campus.plan import CampusPlan, Ttls, WorldPlan
from dnswatch.model.exchanges import parent_of
from dnswatch.model.mailhosts import MailHosts
from dnswatch.wire.name import from_text

_ENDINGS: Final = ("com", "org", "net", "de", "edu", "co.uk", "fr", "info")
_SHARES: Final = (0.55, 0.12, 0.1, 0.08, 0.06, 0.04, 0.03, 0.02)
_MAIL_HOSTS: Final = ("mx", "mail", "smtp", "mx1")
"""First labels of exchanges; some are the ones that worms guess."""
_PROVIDER_HOSTS: Final = 4


class DomainExchange(NamedTuple):
    """A mail host."""

    name: bytes
    "Lower-case wire form."
    number: int
    "By which its address is made."


class MailDomains:
    """All mail domains."""

    def __init__(self, settings: WorldPlan, seed: int) -> None:
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

    def exchanges(self, number: int) -> tuple[DomainExchange, ...]:
        """Return a domain's exchanges; none where it has no MX records."""
        if not self._has_mx[number] or self._is_dead[number]:
            return ()
        if (provider := self._provider[number]) >= 0:
            return tuple(
                DomainExchange(
                    from_text(f"mx{host}.provider{provider}.net"), provider * _PROVIDER_HOSTS + host
                )
                for host in range(1 + provider % _PROVIDER_HOSTS)
            )
        own = self._providers * _PROVIDER_HOSTS + 2 * self._home[number]
        return tuple(
            DomainExchange(
                from_text(f"{_MAIL_HOSTS[(number + n) % 4]}.{self.text(number)}"), own + n
            )
            for n in range(self._own[number])
        )


def draw_ttls(ttls: Ttls, count: int, drawn: np.random.Generator) -> np.ndarray:
    """Draw TTLs by their weights."""
    weights = np.array([weight for _, weight in ttls])
    return drawn.choice([ttl for ttl, _ in ttls], count, p=weights / weights.sum())


HTTP: Final = 80
"""Port of web sites."""
SSH: Final = 22
"""Port of those that are something else."""
FOREIGN: Final = bytes((198, 41, 0, 4))
"""A root name server (a.root-servers.net), which SoBig asked."""
NEGATIVE_TTL: Final = 900
"""Seconds that a name counts as missing; between the hour and the minute that zones mostly say."""
_KEPT: Final = 50_000
_MAIL_NET: Final = 0x0B000000
_WEB_NET: Final = 0x17000000
_GUESS_NET: Final = 0x2D000000
"""Where exchanges, web sites, and hosts that were guessed right have their addresses."""
_TTLS: Final = 4096
_GOLDEN: Final = 0.6180339887498949
"""Its multiples lie evenly between whole numbers: a share of the sites is that of each rank.  Those
of the first eight, which many pages bring with them, are below 0.86."""
_CALLEES: Final = 1_000_000
"""Web sites from here on are servers of worms."""


class OutsideAnswer(NamedTuple):
    """What an authority answers."""

    rcode: int
    addresses: tuple[tuple[bytes, int], ...] = ()
    "Packed, with TTLs."
    exchanges: tuple[bytes, ...] = ()
    ttl: int = NEGATIVE_TTL
    "Life of the answer, seconds."


NXDOMAIN: Final = OutsideAnswer(Rcode.NXDOMAIN)
NODATA: Final = OutsideAnswer(Rcode.NOERROR)


class Outside:
    """The DNS outside, and the campus's own mail domain in it."""

    def __init__(self, plan: CampusPlan, seed: int, mail_servers: tuple[bytes, ...]) -> None:
        """Found it; `mail_servers` take the campus's own mail."""
        drawn = numbers(seed, "outside")
        self.mail = MailDomains(plan.world, seed)
        self.campus = plan.site.domain.wire
        self.mail_host = from_text("mail")[:-1] + self.campus
        self._mail_hosts = MailHosts()
        self._guessable = plan.world.guessable
        self._other = plan.web.other
        self._web_ttls: list[int] = draw_ttls(plan.web.ttls, _TTLS, drawn).tolist()
        self._ttls: list[int] = draw_ttls(plan.world.exchange_ttls, _TTLS, drawn).tolist()
        self._exchanges: dict[bytes, DomainExchange] = {}
        self._sites: dict[bytes, tuple[int, int]] = {}
        "Numbers of web sites by name, and TTLs."
        self._kept: OrderedDict[tuple[bytes, int], OutsideAnswer] = OrderedDict()
        self._own = {
            (self.campus, int(Type.MX)): OutsideAnswer(0, (), (self.mail_host,), 3600),
            (self.mail_host, int(Type.A)): OutsideAnswer(
                0, tuple((server, 3600) for server in mail_servers), (), 3600
            ),
        }

    def answer(self, name: bytes, qtype: int) -> OutsideAnswer:
        """Answer a question; the same each time."""
        key = name, qtype
        if own := self._own.get(key):
            return own
        heard = self._kept.get(key)
        if heard is None:
            heard = self._kept[key] = self._made(name, qtype)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return heard

    def web_name(self, number: int) -> bytes:
        """Return a web site's name, by which its address can be asked for from then on."""
        name = from_text(f"www.s{number}.com")
        self._sites[name] = number, self.web_ttl(number)
        return name

    def callee_name(self, number: int, ttl: int) -> bytes:
        """Return the name of a worm's server: a web site that nobody reads."""
        name = from_text(f"h{number}.callees.net")
        self._sites[name] = _CALLEES + number, ttl
        return name

    def web_ttl(self, number: int) -> int:
        """TTL of a web site's address, seconds."""
        return self._web_ttls[number % _TTLS]

    def web_port(self, number: int) -> int:
        """Port of a web site; the sites that are no web sites are as popular as any."""
        return SSH if number * _GOLDEN % 1 > 1 - self._other else HTTP

    @staticmethod
    def web_address(number: int) -> bytes:
        """Address of a web site."""
        return (_WEB_NET + number).to_bytes(4, "big")

    def _made(self, name: bytes, qtype: int) -> OutsideAnswer:
        number = self.mail.number(name)
        if number is not None:
            return self._domain(number, qtype)
        exchange = self._exchanges.get(name)
        if exchange is not None:
            return self._host(_MAIL_NET + exchange.number, exchange.number, qtype)
        if (site := self._sites.get(name)) is not None:
            number, ttl = site
            return OutsideAnswer(0, ((self.web_address(number), ttl),), (), ttl)
        if self._mail_hosts.fits(name):
            return self._guessed(name, qtype)
        return NXDOMAIN

    def _domain(self, number: int, qtype: int) -> OutsideAnswer:
        if not self.mail.exists(number):
            return NXDOMAIN
        if qtype == Type.MX:
            exchanges = self.mail.exchanges(number)
            self._exchanges.update((exchange.name, exchange) for exchange in exchanges)
            names = tuple(exchange.name for exchange in exchanges)
            return OutsideAnswer(0, (), names, self.mail.mx_ttl(number)) if names else NODATA
        home = self.mail.home(number)
        return self._host(_GUESS_NET + home, home, qtype)

    def _guessed(self, name: bytes, qtype: int) -> OutsideAnswer:
        """Answer for a host that somebody guessed in front of a mail domain."""
        number = self.mail.number(parent_of(name))
        if number is None or not self.mail.exists(number):
            return NXDOMAIN
        for exchange in self.mail.exchanges(number):
            if exchange.name == name:
                return self._host(_MAIL_NET + exchange.number, exchange.number, qtype)
        if crc32(name) % 1000 >= 1000 * self._guessable:
            return NXDOMAIN
        home = self.mail.home(number)
        return self._host(_GUESS_NET + home, home, qtype)

    def _host(self, address: int, number: int, qtype: int) -> OutsideAnswer:
        if qtype != Type.A:
            return NODATA
        ttl = self._ttls[number % _TTLS]
        return OutsideAnswer(0, ((address.to_bytes(4, "big"), ttl),), (), ttl)


def takes_mail(address: bytes) -> bool:
    """Say whether an SMTP server listens at an address outside; guessed hosts mostly have none."""
    first = address[0]
    return first == _MAIL_NET >> 24 or (first == _GUESS_NET >> 24 and crc32(address) % 4 == 0)
