"""Sections: each setting with its default, its limits, their unit and reason."""

from typing import Annotated, Literal

import msgspec

from dnswatch.settings.bay import Bay
from dnswatch.settings.events import Sink
from dnswatch.settings.fleet import Fleet
from dnswatch.settings.remote import UnixSocket
from dnswatch.settings.table import File, Range, Table
from dnswatch.settings.units import (
    ConsoleEndpoint,
    Domain,
    Duration,
    Endpoint,
    Host,
    Server,
    Size,
    Subnet,
)
from dnswatch.settings.vantages import Follow, Tap


class Serve(Table, frozen=True):
    """Where dnswatch listens, and with how many workers."""

    listen: tuple[Endpoint, ...] = (Endpoint("127.0.0.1:5353"), Endpoint("[::1]:5353"))
    "UDP and TCP endpoints that the site's clients are pointed at."
    redirected: tuple[Endpoint, ...] = ()
    "Endpoints that a firewall redirects foreign port-53 traffic to: what comes in there is marked."
    proxied: tuple[Endpoint, ...] = ()
    "Endpoints for fronts (dnsdist, HAProxy) that name the client in a PROXY protocol header (v2)."
    trusted_proxies: tuple[Subnet, ...] = ()
    "Fronts whose headers are believed; what others send to `proxied` is dropped."
    udp_size: Annotated[int, Range(512, 4096, "512 is DNS without EDNS, more is fragmented")] = 1232
    "EDNS size offered to clients, bytes; a longer answer is cut, and the client comes by TCP."
    keep_here: bool = True
    "Tell browsers and relays that ask (Firefox, iCloud Private Relay) not to go round dnswatch."
    workers: Annotated[int, Range(1, 64, "each is a process with a cache of its own")] = 1
    "Processes that answer; more than the machine's cores brings nothing."

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All that dnswatch listens on."""
        return (*self.listen, *self.redirected, *self.proxied)


class Upstream(Table, frozen=True):
    """Whom dnswatch asks."""

    servers: tuple[Server, ...] = ()
    "In order of preference; none means those of /etc/resolv.conf."
    strategy: Literal["fastest", "ordered"] = "fastest"
    "`fastest` prefers the shortest smoothed round-trip time, `ordered` the first that is up."
    deadline: Annotated[
        Duration, Range("100ms", "30s", "a round trip takes time, and no stub waits longer")
    ] = Duration(4.0)
    "A client is answered by then, with a stale answer or SERVFAIL: below the 5 s of most stubs."
    udp_size: Annotated[int, Range(512, 4096, "512 is DNS without EDNS, more is fragmented")] = 1232
    "EDNS size offered to upstreams, bytes: 1232 crosses every path unfragmented."
    sockets: Annotated[int, Range(1, 4096, "each is an open file of every worker")] = 256
    "UDP ports open at a time towards each upstream; above, questions share them (RFC 5452)."
    mixed_case: bool = False
    "Ask over UDP in random case (0x20): harder to forge, if the upstream gives it back as it came."
    ca_file: str = ""
    "Certificate authorities (PEM) for tls and https; none means the system's."


class Forward(Table, frozen=True):
    """A domain whose names are asked elsewhere."""

    domain: Domain
    "The domain and all names below it; the longest one that fits a name decides."
    servers: Annotated[tuple[Server, ...], msgspec.Meta(min_length=1)]
    "Upstreams for that domain."


class Access(Table, frozen=True):
    """Who may ask."""

    networks: Annotated[tuple[Subnet, ...], msgspec.Meta(min_length=1)] = tuple(
        Subnet(text)
        for text in (
            "127.0.0.0/8",
            "::1/128",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
            "fe80::/10",
        )
    )
    "Networks whose clients are answered: loopback and private ranges (RFC 1918, 4193, 6598)."
    others: Literal["ignore", "refuse"] = "ignore"
    "What the rest gets: nothing, or REFUSED."
    unforgeable: tuple[Subnet, ...] = (Subnet("127.0.0.0/8"), Subnet("::1/128"))
    "Networks where nobody can forge a source: UDP is proof there; else TCP or a DNS cookie is."


class Cache(Table, frozen=True):
    """The answer cache of each worker."""

    size: Annotated[Size, Range("1MB", "1TB", "less holds no page's names")] = Size(256_000_000)
    "Bytes of memory for answers, in each worker; the least useful go first."
    max_ttl: Annotated[Duration, Range("1s", "30d", "addresses change owners within weeks")] = (
        Duration(7 * 86400)
    )
    "Longest life believed (RFC 8767 section 4)."
    max_negative_ttl: Annotated[
        Duration, Range("0", "1d", "RFC 2308 section 5 found more to be trouble")
    ] = Duration(3 * 3600)
    "Longest life of a negative answer (RFC 2308 section 5)."
    stale: Annotated[Duration, Range("0", "7d", "RFC 8767 section 5 suggests 1 to 3 days")] = (
        Duration(86400)
    )
    "How long after its end an answer may still serve while upstreams fail (RFC 8767); 0 is never."
    stale_after: Annotated[
        Duration, Range("100ms", "30s", "a round trip takes time, and no stub waits longer")
    ] = Duration(1.8)
    "How long upstreams may take before a stale answer is given (RFC 8767 section 5)."


class Limits(Table, frozen=True):
    """Bounds on all that a stranger can make grow, in each worker."""

    in_flight: Annotated[int, Range(10, 1_000_000, "each holds memory for seconds")] = 10_000
    "Queries that wait for upstreams; at the bound the oldest are answered SERVFAIL."
    in_flight_per_client: Annotated[int, Range(1, 1_000_000, "a client needs one")] = 512
    "Queries of one client that wait; above, SERVFAIL at once."
    rate_per_client: Annotated[int, Range(0, 10_000_000, "no site has more")] = 1000
    "Queries a second of one client (a /64) past the short cut; above, TC, then silence; 0: any."
    rate_per_network: Annotated[int, Range(0, 10_000_000, "no site has more")] = 10_000
    "Queries a second of one IPv4 /24 or IPv6 /48 whose senders are unproven; above, TC; 0: any."
    rate_per_server: Annotated[int, Range(0, 10_000_000, "no site has more")] = 0
    "Queries a second of a declared resolver or mail server, or of loopback, counted apart; 0: any."
    tcp_connections: Annotated[int, Range(1, 1_000_000, "each is an open file")] = 1000
    "Clients' TCP connections; at the bound the one that is idle longest is closed."
    tcp_per_client: Annotated[int, Range(1, 1_000_000, "a client needs one")] = 50
    "TCP connections of one client; above, its own longest idle one is closed."
    tcp_idle: Annotated[
        Duration, Range("100ms", "10m", "RFC 7766 section 6.2.3 speaks of a few seconds")
    ] = Duration(10.0)
    "A silent TCP connection is closed after that (RFC 7766 section 6.2.3)."
    held: Annotated[int, Range(1, 1_000_000, "each holds memory for seconds")] = 4096
    "Queries whose answers a policy holds back; above, SERVFAIL at once."
    held_per_client: Annotated[int, Range(1, 1_000_000, "a policy that may hold none is none")] = 32
    "Queries of one client whose answers are held back; above, SERVFAIL at once."
    clients: Annotated[int, Range(1, 10_000_000, "each holds memory")] = 100_000
    "Clients remembered at a time; at the bound all are looked at anew."
    addresses: Annotated[int, Range(1000, 100_000_000, "each holds memory")] = 2_000_000
    "Entries of the site cache; at the bound the one that expires first goes early."


class Names(Table, frozen=True):
    """Local names, and who is who at the site."""

    hosts: tuple[File, ...] = ("/etc/hosts",)
    "Files in the format of /etc/hosts; their names and addresses are answered by dnswatch."
    leases: tuple[File, ...] = ()
    "DHCP lease files of dnsmasq, ISC dhcpd or Kea; the format is recognised."
    neighbours: bool = True
    "Read the kernel's neighbour table: one machine's IPv4 and IPv6 addresses are one client."
    pointers: bool = True
    "Ask upstreams for the PTR name of a client that has no name yet."


class Records(Table, frozen=True):
    """What is kept, and for how long."""

    retention: Annotated[
        Duration, Range("1m", "3650d", "less shows nothing, more is no retention")
    ] = Duration(30 * 86400)
    "Nothing about a client is kept longer."
    minutes: Annotated[
        Duration, Range("1m", "3650d", "less shows nothing, more is no retention")
    ] = Duration(2 * 86400)
    "Counts by the minute are summed up to hours after that."
    size: Annotated[Size, Range("1MB", "100TB", "an empty store takes some")] = Size(1_000_000_000)
    "Bytes of the store's files; what is worth least goes first, verdicts and evidence last."
    tail: bool = False
    "Keep the last 10,000 lookups in memory, for `dnswatch tail`; nothing of them is written."


class Privacy(Table, frozen=True):
    """Who does not stand in the records."""

    pseudonyms: bool = False
    "Write keyed pseudonyms (HMAC-SHA-256, key in the state directory) instead of addresses."
    leave_out: tuple[Subnet, ...] = ()
    "Clients that are not recorded at all."


class Roles(Table, frozen=True):
    """What a client is for; whoever stands in none of these has the role `client`.

    Of two networks that hold a client the narrower one decides.
    """

    mail_servers: tuple[Subnet, ...] = ()
    "Machines that send mail for others: they look up mail servers all day."
    resolvers: tuple[Subnet, ...] = ()
    "Other resolvers of the site: they ask for the machines behind them."
    servers: tuple[Subnet, ...] = ()
    "Servers of other kinds: they are compared with each other, not with people's machines."


class Detection(Table, frozen=True):
    """How infected clients are found."""

    false_alarms: Annotated[
        float, Range("0.01", "100", "0 would find nobody, and many would be heeded by nobody")
    ] = 1.0
    "False alarms that the site tolerates in 30 days, all clients together."
    strict: bool = False
    "The first MX question of a client that is no declared server is a verdict already."
    learning: Annotated[
        Duration, Range("0s", "90d", "a site is not learned in a minute, nor for ever")
    ] = Duration(14 * 86400)
    "A new site is only observed for that long; its bounds stay wide until a whole week is learned."


class Policies(Table, frozen=True):
    """What policies there are, and what none of them may touch."""

    act: bool = True
    "`false`: no policy acts, whatever is switched on; the way out that needs no command."
    directory: str = ""
    "The site's own policies, a TOML file each; one with the name of a shipped one replaces it."
    exempt: tuple[Domain, ...] = ()
    "The site's own mail domains and those of its partners: no lookup for them is ever touched."


class Quarantine(Table, frozen=True):
    """The holding bay that stands in for the exchanges of a quarantined client."""

    i_have_authority: bool = False
    "You may redirect the mail of your clients: law, contract and works council allow it."
    host: Domain = Domain("holding-bay.internal")
    "Name of the holding bay; dnswatch itself answers its addresses."
    addresses: tuple[Host, ...] = ()
    "Addresses at which the holding bay takes mail, on port 25; what it asks itself is untouched."


class WebConsole(Table, frozen=True):
    """The web console: pages for persons, in a process of its own.

    It runs where the extra `web` is installed; see [console.md](console.md).
    """

    enabled: bool = True
    "Run it, where its libraries are installed."
    listen: ConsoleEndpoint = ConsoleEndpoint("127.0.0.1:8053")
    "Where browsers reach it; beyond this machine only with a certificate, or behind a proxy."
    names: tuple[Domain, ...] = ()
    "Host names under which browsers reach it, besides its address; others are refused."
    certificate: str = ""
    "File with the certificate (PEM, with its chain) for HTTPS; none means plain HTTP."
    key: str = ""
    "File with its key (PEM); none means that the certificate's file holds it too."
    behind_proxy: bool = False
    "A proxy in front of it speaks HTTPS with browsers, and says in X-Forwarded-For for whom."


class Ingest(Table, frozen=True):
    """Where other vantage points hand in what they see."""

    listen: UnixSocket = UnixSocket("")
    "A seqpacket socket for local programs, `unix:PATH`; empty is off. See docs/extending.md."
    users: tuple[str, ...] = ()
    "Users (names or numbers) that may connect, besides the one that dnswatch runs as."


class Settings(Table, frozen=True):
    """All settings of a site."""

    serve: Serve = Serve()
    upstream: Upstream = Upstream()
    forward: tuple[Forward, ...] = ()
    access: Access = Access()
    cache: Cache = Cache()
    limits: Limits = Limits()
    names: Names = Names()
    records: Records = Records()
    privacy: Privacy = Privacy()
    ingest: Ingest = Ingest()
    roles: Roles = Roles()
    groups: dict[str, tuple[Subnet, ...]] = {}  # noqa: RUF012 msgspec copies it
    "Named networks, for reports and policies."
    detection: Detection = Detection()
    policies: Policies = Policies()
    quarantine: Quarantine = Quarantine()
    bay: Bay = Bay()
    tap: tuple[Tap, ...] = ()
    follow: tuple[Follow, ...] = ()
    events: tuple[Sink, ...] = ()
    web: WebConsole = WebConsole()
    fleet: Fleet = Fleet()
