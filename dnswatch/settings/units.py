"""Units: the kinds of values that settings hold, each read from its text.

Rules of this file: every kind says in `form` what it looks like; what cannot be read raises a
`ValueError` that says what was expected.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import ClassVar, Final, Self
from urllib.parse import urlsplit

from dnswatch.addresses import Address, unmapped

Network = IPv4Network | IPv6Network

_TIMES: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES: Final = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_PORTS: Final = {"udp": 53, "tcp": 53, "tls": 853, "https": 443}
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


class Duration(float):
    """Seconds, written as a number with a unit: `"800ms"`, `"1.8s"`, `"5m"`, `"2h"`, `"7d"`."""

    form: ClassVar = 'a duration like "800ms", "10s", "5m", "2h" or "7d"'

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a duration; `0` needs no unit."""
        number, unit = _quantity(value, _TIMES, cls.form)
        if not unit and number:
            raise ValueError(f"expected {cls.form}")
        return cls(number * _TIMES.get(unit, 1))

    @property
    def text(self) -> str:
        """The shortest way to write it."""
        for unit, seconds in reversed(_TIMES.items()):
            if self >= seconds and self % seconds == 0:
                return f"{self / seconds:.0f}{unit}"
        return f"{float(self)!r}s" if self else "0"


class Size(int):
    """Bytes, written as a number with a unit: `"256MB"`, `"1GiB"`."""

    form: ClassVar = 'a size like "64MB" or "1GiB"'

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a size; a bare number is bytes."""
        number, unit = _quantity(value, _SIZES, cls.form)
        return cls(number * _SIZES.get(unit, 1))

    @property
    def text(self) -> str:
        """The shortest way to write it."""
        sizes = sorted(_SIZES.items(), key=lambda item: -item[1])
        return next((f"{self // of}{unit}" for unit, of in sizes if self and self % of == 0), "0B")


class Endpoint(str):
    """An address and port to listen on: `"192.0.2.1:53"`, `"[2001:db8::1]:53"`; 53 if left out."""

    form: ClassVar = 'ADDRESS:PORT like "127.0.0.1:53" or "[::1]:53"'
    usual: ClassVar = 53
    "The port where none is written."
    address: Address
    port: int

    def __new__(cls, text: str) -> Self:
        """Read an endpoint."""
        match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?", text.strip())
        address = _address(match[1] or match[2]) if match else None
        port = int(match[3]) if match and match[3] else cls.usual
        if address is None or not 0 < port < 65536:
            raise ValueError(f"expected {cls.form}")
        self = super().__new__(cls, f"{_bracketed(str(address))}:{port}")
        self.address, self.port = address, port
        return self


class MailEndpoint(Endpoint):
    """An address and port to take mail at: `"192.0.2.25:2525"`; port 25 if left out."""

    form: ClassVar = 'ADDRESS:PORT like "192.0.2.25:25" or "[2001:db8::25]:25"'
    usual: ClassVar = 25


class ConsoleEndpoint(Endpoint):
    """An address and port for browsers: `"127.0.0.1:8053"`; port 8053 if left out."""

    form: ClassVar = 'ADDRESS:PORT like "127.0.0.1:8053" or "[::1]:8053"'
    usual: ClassVar = 8053


class Server(str):
    """An upstream, written as a URL; a bare address means `udp://`.

    `udp://9.9.9.9` (TCP where an answer is truncated), `tcp://9.9.9.9`, `tls://9.9.9.9#dns.quad9.net`
    (RFC 7858; the name after `#` is the one the certificate must carry), or
    `https://9.9.9.9/dns-query#dns.quad9.net` (RFC 8484).  A name may stand in the address's place
    of `tls` and `https`.
    """

    form: ClassVar = (
        'an upstream like "udp://9.9.9.9", "tls://9.9.9.9#dns.quad9.net"'
        ' or "https://9.9.9.9/dns-query#dns.quad9.net"'
    )
    scheme: str
    "`udp`, `tcp`, `tls` or `https`."
    host: str
    "Address or name to connect to."
    port: int
    name: str
    "Name or address that the certificate must carry."
    path: str
    "Of `https`; empty for the others."

    def __new__(cls, text: str) -> Self:
        """Read an upstream's URL."""
        scheme, host, port, path, name = _server_parts(text.strip(), cls.form)
        shown_port = "" if port == _PORTS[scheme] else f":{port}"
        shown_name = "" if name == host else f"#{name}"
        self = super().__new__(cls, f"{scheme}://{_bracketed(host)}{shown_port}{path}{shown_name}")
        self.scheme, self.host, self.port, self.path, self.name = scheme, host, port, path, name
        return self

    @property
    def address(self) -> Address | None:
        """The host as an address; None where it is a name."""
        return _address(self.host)


class Subnet(str):
    """A network or a single address: `"192.0.2.0/24"`, `"2001:db8::/32"`, `"192.0.2.7"`."""

    form: ClassVar = 'a network like "192.0.2.0/24" or "2001:db8::/32", or an address'
    network: Network

    def __new__(cls, text: str) -> Self:
        """Read a network; host bits are dropped, and an IPv4-mapped one is the IPv4 one."""
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            raise ValueError(f"expected {cls.form}") from None
        if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
            mapped = network.network_address.ipv4_mapped
            network = ip_network(f"{mapped}/{network.prefixlen - 96}")
        self = super().__new__(cls, str(network))
        self.network = network
        return self


class Host(str):
    """The address of one machine: `"192.0.2.25"`, `"2001:db8::25"`."""

    form: ClassVar = 'the address of a machine like "192.0.2.25" or "2001:db8::25"'
    packed: bytes

    def __new__(cls, text: str) -> Self:
        """Read an address; an IPv4-mapped one is the IPv4 one."""
        address = _address(text.strip())
        if address is None or address.is_unspecified or address.is_multicast:
            raise ValueError(f"expected {cls.form}")
        self = super().__new__(cls, str(address))
        self.packed = address.packed
        return self


class Domain(str):
    """A domain name in lower case and without the last dot: `"corp.example"`."""

    form: ClassVar = 'a domain like "corp.example" (non-ASCII names in their "xn--" form)'

    def __new__(cls, text: str) -> Self:
        """Read a domain; its length and that of its labels are those of RFC 1035 section 2.3.4."""
        name = text.strip().removesuffix(".").lower()
        if len(name) > 253 or not re.fullmatch(r"[!-\-/-~]{1,63}(\.[!-\-/-~]{1,63})*", name):
            raise ValueError(f"expected {cls.form}")
        return super().__new__(cls, name)

    @property
    def wire(self) -> bytes:
        """The name in wire form (RFC 1035 section 3.1)."""
        return b"".join(bytes([len(label)]) + label.encode() for label in self.split(".")) + b"\0"


def _quantity(
    value: object, units: dict[str, float] | dict[str, int], form: str
) -> tuple[float, str]:
    # 15 digits are exact as a float, and no limit of ours is longer.
    digits = rf"\s*([0-9]{{1,15}}(?:\.[0-9]{{1,15}})?)\s*({'|'.join(units)})?\s*"
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15
    match = re.fullmatch(digits, str(value)) if whole or isinstance(value, str) else None
    if match is None:
        raise ValueError(f"expected {form}")
    return float(match[1]), match[2] or ""


def _server_parts(text: str, form: str) -> tuple[str, str, int, str, str]:
    """Take a server's URL apart: scheme, host, port, path, name."""
    if "://" not in text:
        text = f"udp://{text if text.count(':') < 2 or '[' in text else f'[{text}]'}"
    try:
        parts = urlsplit(text)
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except (ValueError, KeyError):
        raise ValueError(f"expected {form}") from None
    encrypted = parts.scheme in ("tls", "https")
    path = (parts.path or "/dns-query") if parts.scheme == "https" else ""
    address = _address(parts.hostname or "")
    host = str(address) if address else (parts.hostname or "")
    name = parts.fragment or host
    surplus = parts.query or "@" in parts.netloc or (parts.path and not path)
    if surplus or not port or not _is_host(host) or not re.fullmatch(r"(/[!-~]*)?", path):
        raise ValueError(f"expected {form}")
    if address is None and not encrypted:
        raise ValueError(f"expected an address: {parts.scheme} upstreams have no name to look up")
    if address and (address.is_unspecified or address.is_multicast):
        raise ValueError("expected the address of one machine")
    if not _is_host(name) or (parts.fragment and not encrypted):
        raise ValueError('expected a certificate\'s name after "#", of tls and https only')
    return parts.scheme, host, port, path, name


def _address(text: str) -> Address | None:
    try:
        return unmapped(ip_address(text))  # with its zone, which tells where to connect
    except ValueError:
        return None


def _is_host(text: str) -> bool:
    return (
        bool(_address(text)) or re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", text) is not None
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
