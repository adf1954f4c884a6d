"""The plan: what a campus is, from one TOML file; each setting with default, limits and reason.

The defaults are the site of "A Study of Mass-mailing Worms" (1,128 hosts, 4 mail servers, 3 DNS
servers) with the web and the mail of its time, which the paper counts (sections 5.1, 5.2 and 5.4).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec

from dnswatch.settings import Domain, Fault, Range, Subnet, read_as

Text = Annotated[str, msgspec.Meta(min_length=1)]
Share = Annotated[float, Range("0", "1", "it is a share")]
Count = Annotated[float, Range("0", "1e9", "it is a number of things")]
Ttls = Annotated[tuple[tuple[int, float], ...], msgspec.Meta(min_length=1)]
"""TTLs in seconds, each with its weight."""


class _PlanTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class SitePlan(_PlanTable, frozen=True):
    """Who is there."""

    hosts: Annotated[int, Range(20, 1_000_000, "a site has some hosts")] = 1128
    "All hosts."
    mail_servers: Annotated[int, Range(1, 100, "mail goes through one")] = 4
    "Of them, mail servers."
    dns_servers: Annotated[int, Range(1, 100, "the watch stands in one")] = 3
    "Of them, DNS servers: each has a cache of its own, and one dnswatch watches all of them."
    network: Subnet = Subnet("10.64.0.0/12")
    "Where they are."
    domain: Domain = Domain("campus.example")
    "Their mail domain."
    senders: Share = 0.1
    "New mail domains that an honest client looks up by itself on a day, in the mean."
    redirects: bool = True
    "Port 53 to foreign servers is redirected to dnswatch."


class CalendarPlan(_PlanTable, frozen=True):
    """When it is."""

    begin: Text = "2026-01-05"
    "First day; a Monday makes plots easy to read."
    weekend: Share = 0.35
    "What a weekend day is worth of a weekday."
    active: Share = 0.72
    "Clients in use on a weekday: 810 of 1,121 in the paper's January (400 flows each, its 5.2)."
    weekend_active: Share = 0.4
    "Clients in use on a weekend day."


class WebPlan(_PlanTable, frozen=True):
    """What people do with a browser on a day."""

    pages: Count = 42.0
    "Pages of an active client (WORM'04, 5.2: some 400 flows to some 20 addresses)."
    flows: Annotated[int, Range(1, 1000, "a page takes one")] = 10
    "Connections a page."
    sites: Annotated[int, Range(1, 1000, "a person reads one")] = 12
    "Sites of a client on a day."
    other: Share = 0.1
    "Share of sites that are reached by other ways than HTTP: shells, chat, news (HTTP is 90 % of"
    " all TCP; WORM'04, 5.4); the hosts that sites share are none of these."
    popularity: Annotated[float, Range("0", "3", "above, one site is the web")] = 0.9
    "Exponent of Zipf's law for sites (Breslau et al., INFOCOM 1999: 0.64 to 0.83 for pages)."
    caching: Share = 0.6
    "Share of clients whose system keeps answers for their TTL (Windows does, glibc does not)."
    ttls: Ttls = ((60, 0.2), (300, 0.2), (1800, 0.15), (3600, 0.15), (14400, 0.15), (86400, 0.15))
    "TTLs of addresses: 40 % up to 5 min, 70 % up to 1 h (OpenDNS 2012, by name)."


class MailPlan(_PlanTable, frozen=True):
    """What the mail servers do on a weekday, all together."""

    outgoing: Count = 5700.0
    "Mails to other sites, a fifth of which fails (WORM'04: 10,000 flows less 6 infected hosts')."
    incoming: Count = 6000.0
    "Mails from other sites."
    checked: Share = 0.3
    "Share of those whose sender's domain is asked MX for."
    programs: Count = 3.0
    "Times that a client's mail program asks for its server's address, on a day."


class WorldPlan(_PlanTable, frozen=True):
    """The DNS outside."""

    domains: Annotated[int, Range(100, 10_000_000, "people write to some")] = 40_000
    "Mail domains."
    popularity: Annotated[float, Range("0", "3", "above, one domain is all mail")] = 0.9
    "Exponent of Zipf's law for mail domains (honeypots: the first takes 11 % of all mails)."
    providers: Annotated[int, Range(1, 10_000, "somebody hosts mail")] = 60
    "Mail providers that share their exchanges among domains."
    hosters: Annotated[int, Range(1, 100_000, "somebody hosts domains")] = 300
    "Machines of hosting companies; an assumption."
    shared: Share = 0.87
    "Share of domains whose own names stand for such a machine: names that share their address with"
    " others (Edelman, Web Sites Sharing IP Addresses, 2003)."
    hosted: Share = 0.5
    "Share of domains at a provider."
    without_mx: Share = 0.22
    "Share without MX records: 0.6 of 2.7 million had none (Ruohonen)."
    dead: Share = 0.04
    "Share that do not exist any more."
    mx_ttls: Ttls = ((300, 0.1), (3600, 0.45), (14400, 0.2), (86400, 0.25))
    "TTLs of MX answers; an assumption: longer than those of the web (WORM'04, 5.3)."
    exchange_ttls: Ttls = ((3600, 0.1), (14400, 0.1), (86400, 0.6), (172800, 0.2))
    "TTLs of exchanges' addresses: a day and more, as recommended (RFC 1912, section 2.2); those of"
    " mail servers are large (WORM'04, 5.3); the shares are an assumption."
    guessable: Share = 0.4
    "Share of guessed mail hosts that exist; an assumption, half of MyDoom's guesses fail."


class OutbreakPlan(_PlanTable, frozen=True):
    """Which worm breaks out, and when."""

    worm: str = ""
    "Its name, or the path of its file; empty is a campus without one."
    day: Annotated[float, Range("0", "10000", "it is a day of the campus")] = 12.0
    "Day on which the first hosts are infected, counted from 0."
    first: Annotated[int, Range(1, 100_000, "without one there is no outbreak")] = 2
    "Hosts infected within its first hours, from outside."
    backscatter: Share = 1.0
    "How much of the worm's backscatter comes."
    susceptible: Share = 1.0
    "Share of clients on which it runs at all."


class CampusPlan(_PlanTable, frozen=True):
    """A campus."""

    days: Annotated[int, Range(1, 3650, "no campus is simulated for more")] = 30
    "How long it is simulated."
    learning: Annotated[float, Range("0", "90", "as in detection.learning")] = 7.0
    "Days for which dnswatch learns the site before it judges."
    policies: tuple[Text, ...] = ()
    "Policies of dnswatch that are switched on."
    bay: Literal["yes", "no"] = "yes"
    "Whether there is a holding bay."
    site: SitePlan = SitePlan()
    calendar: CalendarPlan = CalendarPlan()
    web: WebPlan = WebPlan()
    mail: MailPlan = MailPlan()
    world: WorldPlan = WorldPlan()
    outbreak: OutbreakPlan = OutbreakPlan()

    @property
    def begin(self) -> float:
        """The first day's begin, Unix seconds."""
        return datetime.fromisoformat(self.calendar.begin).replace(tzinfo=UTC).timestamp()


def read(text: str, where: str) -> CampusPlan:
    """Read a plan from TOML; `where` names the text in errors."""
    return read_as(CampusPlan, text, where, _faults)


_ROOM: Final = 10
"""Addresses that are nobody's: the bay's, the gateway's, that of the network and the like."""


def _faults(plan: CampusPlan) -> Iterable[Fault]:
    yield from _date(plan.calendar.begin)
    servers = plan.site.mail_servers + plan.site.dns_servers
    if servers >= plan.site.hosts:
        yield Fault(
            ("site", "hosts"), f"is {plan.site.hosts}, and {servers} of them are servers: too few"
        )
    room = plan.site.network.network.num_addresses - _ROOM
    if plan.site.hosts > room:
        yield Fault(("site", "network"), f"has room for {room} hosts: too small for all")


def _date(text: str) -> Iterator[Fault]:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        yield Fault(("calendar", "begin"), f'is "{text}": expected a date like "2026-01-05"')
