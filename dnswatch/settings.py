"""Settings: all that a site can say to dnswatch, each with its default, limits, unit and reason.

`read(text, where)` turns a TOML text into `Settings` or raises one `SettingsError` that names file,
line, key and what would be right.  Nothing is opened here.
"""

import re
import tomllib
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

import msgspec

from dnswatch.errors import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES: Final = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}  # fmt: skip  # noqa: E501


class Duration(float):
    """Seconds, written as a number with a unit: `"800ms"`, `"1.8s"`, `"5m"`, `"2h"`, `"7d"`."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a duration; `0` needs no unit."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?\s*", str(text))
        if match is None or (match[2] is None and float(match[1])):
            raise ValueError('expected a duration like "800ms", "10s", "5m", "2h" or "7d"')
        return cls(float(match[1]) * _UNITS[match[2] or "s"])


class Size(int):
    """Bytes, written as a number with a unit: `"256MB"`, `"1GiB"`."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a size; a bare number is bytes."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|KiB|MiB|GiB)?\s*", str(text))
        if match is None:
            raise ValueError('expected a size like "64MB" or "1GB"')
        return cls(float(match[1]) * _SIZES[match[2] or "B"])


class Endpoint(str):
    """An address and port to listen on: `"192.0.2.1:53"`, `"[2001:db8::1]:53"`; 53 if left out."""

    address: Address
    port: int

    def __new__(cls, text: str) -> Self:
        """Read an endpoint."""
        match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", text.strip())
        try:
            address = ip_address((match[1] or match[2]) if match else text.strip())
        except ValueError:
            address = None
        port = int(match[3]) if match and match[3] else 53
        if address is None or not 0 < port < 65536:
            raise ValueError('expected ADDRESS:PORT like "127.0.0.1:53" or "[::1]:53"')
        self = super().__new__(cls, f"{_bracketed(str(address))}:{port}")
        self.address, self.port = address, port
        return self


class Server(str):
    """An upstream, written as a URL; a bare address means `udp://`.

    `udp://9.9.9.9` (TCP where an answer is truncated), `tcp://9.9.9.9`, `tls://9.9.9.9#dns.quad9.net`
    (RFC 7858; the name after `#` is the one the certificate must carry), or
    `https://9.9.9.9/dns-query#dns.quad9.net` (RFC 8484).  A name may stand in the address's place
    of `tls` and `https`.
    """

    scheme: str
    "`udp`, `tcp`, `tls` or `https`."
    host: str
    "Address or name to connect to."
    port: int
    name: str
    "Name or address that the certificate must carry."
    path: str

    def __new__(cls, text: str) -> Self:
        """Read an upstream's URL."""
        url = text.strip()
        if "://" not in url:
            url = f"udp://{url if url.count(':') < 2 or '[' in url else f'[{url}]'}"
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise ValueError(_SERVER_FORM) from None
        host, path = parts.hostname or "", parts.path if parts.scheme == "https" else ""
        if not host or parts.query or parts.username or (parts.path and not path):
            raise ValueError(_SERVER_FORM)
        shown_port = "" if port == _PORTS[parts.scheme] else f":{port}"
        shown_name = f"#{parts.fragment}" if parts.fragment else ""
        self = super().__new__(
            cls, f"{parts.scheme}://{_bracketed(host)}{shown_port}{path}{shown_name}"
        )
        self.scheme, self.host, self.port, self.path = parts.scheme, host, port, path
        self.name = parts.fragment or host
        if self.address is None and self.scheme in ("udp", "tcp"):
            raise ValueError(_SERVER_FORM)
        return self

    @property
    def address(self) -> Address | None:
        """The host as an address; None where it is a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


class Subnet(str):
    """A network or a single address: `"192.0.2.0/24"`, `"2001:db8::/32"`, `"192.0.2.7"`."""

    network: Network

    def __new__(cls, text: str) -> Self:
        """Read a network; host bits are dropped."""
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            raise ValueError('expected a network like "192.0.2.0/24" or an address') from None
        self = super().__new__(cls, str(network))
        self.network = network
        return self


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


_PORTS: Final = {"udp": 53, "tcp": 53, "tls": 853, "https": 443}
_SERVER_FORM: Final = (
    'expected an upstream like "udp://9.9.9.9", "tls://9.9.9.9#dns.quad9.net"'
    ' or "https://9.9.9.9/dns-query#dns.quad9.net"'
)


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Serve(_Section, frozen=True):
    """Where dnswatch listens, and with how many workers."""

    listen: tuple[Endpoint, ...] = (Endpoint("127.0.0.1:5353"), Endpoint("[::1]:5353"))
    "UDP and TCP endpoints that the site's clients are pointed at."
    redirected: tuple[Endpoint, ...] = ()
    "Endpoints that a firewall redirects foreign port-53 traffic to: what comes in there is marked."
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    "Processes that answer; more than the machine's cores brings nothing."


class Upstream(_Section, frozen=True):
    """Whom dnswatch asks."""

    servers: tuple[Server, ...] = ()
    "In order of preference; none means those of /etc/resolv.conf."
    strategy: Literal["fastest", "ordered"] = "fastest"
    "`fastest` prefers the shortest smoothed round-trip time, `ordered` the first that is up."
    deadline: Duration = Duration(4.0)
    "A client is answered by then, with a stale answer or SERVFAIL: below the 5 s of most stubs."
    udp_size: Annotated[int, msgspec.Meta(ge=512, le=4096)] = 1232
    "EDNS size offered to upstreams, bytes: 1232 crosses every path unfragmented."
    sockets: Annotated[int, msgspec.Meta(ge=1, le=256)] = 16
    "Random source ports in use at a time towards each upstream (RFC 5452 section 9.2)."
    ca_file: str = ""
    "Certificate authorities (PEM) for tls and https; none means the system's."


class Forward(_Section, frozen=True):
    """A domain whose names are asked elsewhere."""

    domain: str
    "The domain and all names below it."
    servers: Annotated[tuple[Server, ...], msgspec.Meta(min_length=1)]
    "Upstreams for that domain."


class Access(_Section, frozen=True):
    """Who may ask."""

    networks: tuple[Subnet, ...] = tuple(
        Subnet(text)
        for text in (
            "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
            "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10",
        )
    )  # fmt: skip
    "Networks whose clients are answered: loopback and private ranges (RFC 1918, 4193, 6598)."
    others: Literal["ignore", "refuse"] = "ignore"
    "What the rest gets: nothing, or REFUSED."


class Cache(_Section, frozen=True):
    """The answer cache of each worker."""

    size: Size = Size(256_000_000)
    "Bytes of memory for answers, in each worker; the least useful go first."
    max_ttl: Duration = Duration(7 * 86400)
    "Longest life believed (RFC 8767 section 4)."
    max_negative_ttl: Duration = Duration(3 * 3600)
    "Longest life of a negative answer (RFC 2308 section 5)."
    stale: Duration = Duration(86400)
    "How long after its end an answer may still serve while upstreams fail (RFC 8767); 0 is never."
    stale_after: Duration = Duration(1.8)
    "How long upstreams may take before a stale answer is given (RFC 8767 section 5)."


class Limits(_Section, frozen=True):
    """Bounds on all that a stranger can make grow, in each worker."""

    in_flight: Annotated[int, msgspec.Meta(ge=10)] = 10_000
    "Lookups waiting for upstreams; at the bound the oldest is answered SERVFAIL."
    in_flight_per_client: Annotated[int, msgspec.Meta(ge=1)] = 512
    "Queries of one client that wait; above, SERVFAIL at once."
    tcp_connections: Annotated[int, msgspec.Meta(ge=1)] = 1000
    "Clients' TCP connections; at the bound the one that is idle longest is closed."
    tcp_per_client: Annotated[int, msgspec.Meta(ge=1)] = 50
    "TCP connections of one client; above, its own longest idle one is closed."
    tcp_idle: Duration = Duration(10.0)
    "A silent TCP connection is closed after that (RFC 7766 section 6.2.3)."
    clients: Annotated[int, msgspec.Meta(ge=1)] = 100_000
    "Clients remembered at a time; at the bound the one silent longest is forgotten."
    addresses: Annotated[int, msgspec.Meta(ge=1000)] = 2_000_000
    "Entries of the site cache; at the bound the one that expires first goes early."


class Names(_Section, frozen=True):
    """Local names, and who is who at the site."""

    hosts: tuple[str, ...] = ("/etc/hosts",)
    "Files in the format of /etc/hosts; their names and addresses are answered by dnswatch."
    leases: tuple[str, ...] = ()
    "DHCP lease files of dnsmasq, ISC dhcpd or Kea; the format is recognised."
    neighbours: bool = True
    "Read the kernel's neighbour table: one machine's IPv4 and IPv6 addresses are one client."
    pointers: bool = True
    "Ask upstreams for the PTR name of a client that has no name yet."


class Records(_Section, frozen=True):
    """What is kept, and for how long."""

    retention: Duration = Duration(30 * 86400)
    "Nothing about a client is kept longer."
    minutes: Duration = Duration(2 * 86400)
    "Counts by the minute are summed up to hours after that."
    size: Size = Size(1_000_000_000)
    "Bytes of the store's files; above, the oldest records go first."


class Privacy(_Section, frozen=True):
    """Who does not stand in the records."""

    pseudonyms: bool = False
    "Write keyed pseudonyms (HMAC-SHA-256, key in the state directory) instead of addresses."
    leave_out: tuple[Subnet, ...] = ()
    "Clients that are not recorded at all."


class Roles(_Section, frozen=True):
    """What a client is for; whoever stands in none of these has the role `client`."""

    mail_servers: tuple[Subnet, ...] = ()
    resolvers: tuple[Subnet, ...] = ()
    servers: tuple[Subnet, ...] = ()


class Settings(_Section, frozen=True):
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
    roles: Roles = Roles()
    groups: dict[str, tuple[Subnet, ...]] = {}
    "Named networks, for reports and later for policies."


def _hook(kind: type, value: object) -> object:
    """Turn TOML's strings into our types; msgspec adds the path to what this raises."""
    if kind in (Duration, Size):
        return kind.parse(value)
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {value!r}")
    return kind(value)


def read(text: str, where: str) -> Settings:
    """Read settings from TOML; `where` names the text in errors."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{where}: {error}") from None
    try:
        return msgspec.convert(data, Settings, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}: {error}") from None
