"""The settings of `[[events]]`: where changes are told of, as they are noted."""

import re
from ipaddress import ip_address
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from dnswatch.settings.table import Range, Table

EventKind = Literal["verdict", "mark", "policy", "overrule", "role", "warning"]
"""What an event is about: the words of the log."""

_PORTS: Final = {"syslog:udp": 514, "syslog:tcp": 601}


class EventDestination(str):
    """Where events are told: a file, a syslog server, or a webhook."""

    form: ClassVar = (
        '"file:" and a path, "syslog:udp://HOST:514", "syslog:tcp://HOST:601", or an "https:" URL'
        ' ("http:" to this machine\'s loopback alone)'
    )
    scheme: str
    "`file`, `syslog:udp`, `syslog:tcp`, `https` or `http`."
    path: str
    "Of the file; empty for the others."
    host: str
    "Name or address; empty for a file."
    port: int
    "Of a syslog server."

    def __new__(cls, text: str) -> Self:
        """Read where to tell."""
        text = text.strip()
        path, host, port = "", "", 0
        scheme, _, rest = text.partition("://")
        if text.startswith("file:"):
            scheme, path = "file", text.removeprefix("file:")
            fits = re.fullmatch(r"/[^\0]*[^/\0]", path) is not None
        elif scheme in _PORTS:
            match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::([0-9]{1,5}))?", rest)
            host = (match[1] or match[2]) if match else ""
            port = int(match[3] or _PORTS[scheme]) if match else 0
            fits = 0 < port < 65536
        else:
            host = _web_host(text)
            fits = bool(host) and (scheme == "https" or _is_loopback(host))
        if not fits:
            raise ValueError(f"expected {cls.form}")
        self = super().__new__(cls, text)
        self.scheme, self.path, self.host, self.port = scheme, path, host, port
        return self

    @property
    def is_webhook(self) -> bool:
        """Whether it is sent signed requests."""
        return self.scheme in ("https", "http")

    @property
    def shown(self) -> str:
        """Its name in messages; the rest of a webhook's URL is often a secret."""
        return f"{self.scheme}://{urlsplit(self).netloc}/…" if self.is_webhook else str(self)


class Sink(Table, frozen=True, kw_only=True):
    """Who is told of changes: verdicts, marks, orders; see [events.md](events.md)."""

    to: EventDestination
    "A file of JSON lines in Suricata's EVE form, a syslog server (RFC 5424), or a signed webhook."
    about: tuple[EventKind, ...] = ()
    "Only these kinds of changes; none means all."
    secret: str = ""
    "Of a webhook: file with its key, `whsec_` and base64, that others may not read."
    most: Annotated[int, Range(1, 10_000, "a storm is read by nobody")] = 60
    "Events of one minute; the rest of that minute is told of in one summary."


def _web_host(text: str) -> str:
    """Return a URL's host; empty where it is no URL of a webhook."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("https", "http") and parts.port != 0 and not parts.fragment
    except ValueError:
        return ""
    fits = fits and "@" not in parts.netloc and re.fullmatch(r"[!-~]+", text) is not None
    return (parts.hostname or "") if fits else ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
