"""The settings of `[[events]]`: where changes are told of, as they are noted, and in which form."""

import re
from ipaddress import ip_address
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from dnswatch.settings.table import Range, Table

EventKind = Literal[
    "verdict", "mark", "policy", "overrule", "role", "warning", "message", "decision", "fault"
]
"""What an event is about: the words of the log."""

EventForm = Literal["", "json", "eve", "ecs", "ocsf", "cef"]
"""How an event is written; empty means as is usual for where it goes."""

_PORTS: Final = {"syslog:udp": 514, "syslog:tcp": 601, "syslog:tls": 6514}


class EventDestination(str):
    """Where events are told: a file, a syslog server, a webhook, a program, or a person."""

    form: ClassVar = (
        '"file:" and a path, "syslog:udp://HOST:514", "syslog:tcp://HOST:601",'
        ' "syslog:tls://HOST:6514", an "https:" URL ("http:" to this machine\'s loopback alone),'
        ' "command:" and a program\'s path, "mailto:" and an address, or "apprise:" and a name'
    )
    scheme: str
    "`file`, `syslog:udp`, `syslog:tcp`, `syslog:tls`, `https`, `http`, `command`, `mailto`, ..."
    path: str
    "Of the file or program, the mail address, the name; empty for the others."
    host: str
    "Name or address; empty for what is no server."
    port: int
    "Of a syslog server."

    def __new__(cls, text: str) -> Self:
        """Read where to tell."""
        text = text.strip()
        path, host, port = "", "", 0
        scheme, _, rest = text.partition("://")
        if (kind := text.partition(":"))[0] in _PATHS:
            scheme, path = kind[0], kind[2]
            fits = re.fullmatch(_PATHS[scheme], path) is not None
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
    def is_encrypted(self) -> bool:
        """Whether it is reached by TLS."""
        return self.scheme in ("https", "syslog:tls")

    @property
    def is_for_programs(self) -> bool:
        """Whether a program of others reads it, in one of several forms."""
        return self.scheme not in ("command", "mailto", "apprise")

    @property
    def shown(self) -> str:
        """Its name in messages; the rest of a webhook's URL is often a secret."""
        return f"{self.scheme}://{urlsplit(self).netloc}/…" if self.is_webhook else str(self)


_PATHS: Final = {
    "file": r"/[^\0]*[^/\0]",
    "command": r"/[^\0]*[^/\0]",
    "mailto": r"[^\s@<>\"(),:;\\]{1,64}@[A-Za-z0-9.-]{1,253}",
    "apprise": r"[\w.-]{1,64}",
}
"""What follows the colon."""


class Sink(Table, frozen=True, kw_only=True):
    """Who is told of changes: verdicts, marks, orders; see [events.md](events.md)."""

    to: EventDestination
    "A file, a syslog server (RFC 5424), a signed webhook, a program, a person, or a service."
    form: EventForm = ""
    "For a file, syslog or webhook; none means EVE, plain syslog, and Standard Webhooks' JSON."
    about: tuple[EventKind, ...] = ()
    "Only these kinds of changes; none means all."
    secret: str = ""
    "File that others may not read: a webhook's key, `whsec_` and base64; or an apprise address."
    arguments: tuple[str, ...] = ()
    "Of a program; no shell reads them. The event is on its standard input, as JSON."
    ca_file: str = ""
    "File with the authorities to believe (PEM), over TLS; none means those of the system."
    certificate: str = ""
    "File with a certificate (PEM) to show over TLS, where the receiver asks for one."
    key: str = ""
    "File with its key (PEM); none means that the certificate's file holds it too."
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
