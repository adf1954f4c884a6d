"""The settings of vantage points elsewhere: what other resolvers tell while they run."""

from typing import Annotated, ClassVar, Literal, Self

from dnswatch.settings.remote import UnixSocket
from dnswatch.settings.table import File, Range, Table
from dnswatch.settings.units import Duration, Endpoint, Subnet


class Gate(str):
    """Where others connect: `"unix:/run/dnswatch/tap.sock"`, or an address and port."""

    form: ClassVar = '"unix:" and the path of a socket, or ADDRESS:PORT like "127.0.0.1:6000"'
    path: str
    "Of the Unix socket; empty for TCP."
    endpoint: Endpoint | None
    "Of TCP."

    def __new__(cls, text: str) -> Self:
        """Read where to listen."""
        text = text.strip()
        path, endpoint = "", None
        if text.startswith("unix:"):
            path = UnixSocket(text).path
        elif text.rpartition(":")[2].isdecimal():  # there is no usual port
            endpoint = Endpoint(text)
        if not path and endpoint is None:
            raise ValueError(f"expected {cls.form}")
        self = super().__new__(cls, text if path else str(endpoint))
        self.path, self.endpoint = path, endpoint
        return self


Lag = Annotated[Duration, Range("0", "30s", "the watch is behind by as much for all lookups")]
"""How late what a resolver tells may come."""


class Elsewhere(Table, frozen=True, kw_only=True):
    """A vantage point that is none of our own listeners."""

    name: str
    "What `dnswatch status` calls it: letters, digits and -."
    lag: Lag = Duration(3.0)
    "How late what it tells may come: Unbound's frames came within 1.1 s, dnsdist's within 2.0 s."


class Tap(Elsewhere, frozen=True, kw_only=True):
    """Resolvers that tell by dnstap what their clients ask (`dnswatch[tap]`)."""

    listen: Gate
    "Where they connect: a Unix socket, for the service's group, or TCP."
    networks: tuple[Subnet, ...] = (Subnet("127.0.0.0/8"), Subnet("::1/128"))
    "Hosts that may connect over TCP: dnstap proves nobody, so whoever may can tell of any client."


class Follow(Elsewhere, frozen=True, kw_only=True):
    """A log that a resolver or a sensor writes, followed as it grows."""

    file: File
    "The log itself; it may be rotated by renaming or by cutting."
    format: Literal["zeek", "dnsmasq"]
    "`zeek` is dns.log (text or JSON); `dnsmasq` its and Pi-hole's query log, of questions alone."
