"""The settings of `[fleet]`: several servers of one site, with one site cache and one verdict."""

import re
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit

from dnswatch.settings.table import Table


class EngineUrl(str):
    """Where the engine is: a Valkey or Redis server; empty means no fleet."""

    form: ClassVar = (
        '"rediss://USER:PASSWORD@HOST:6379/0", "redis://HOST:6379/0" without TLS,'
        ' or "unix:" and the path of a socket (and "?db=0")'
    )
    path: str
    "Of a Unix socket; empty for TCP."
    host: str
    port: int
    database: int
    user: str
    password: str
    is_encrypted: bool

    def __new__(cls, text: str) -> Self:
        """Read where the engine is."""
        text = text.strip()
        self = super().__new__(cls, text)
        self.path, self.host, self.port, self.database = "", "", 0, 0
        self.user, self.password, self.is_encrypted = "", "", text.startswith("rediss:")
        if not text:
            return self
        try:
            parts = urlsplit(text)
            self.host, self.port = parts.hostname or "", parts.port or 6379
            self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        except ValueError:
            raise ValueError(f"expected {cls.form}") from None
        if parts.scheme == "unix":
            self.path = parts.path
            match = re.fullmatch(r"(?:db=([0-9]{1,4}))?", parts.query)
            fits = self.path.startswith("/") and len(self.path.encode()) <= 107
        else:
            match = re.fullmatch(r"/?([0-9]{0,4})", parts.path)
            fits = parts.scheme in ("redis", "rediss") and bool(self.host) and not parts.query
        if not fits or match is None:
            raise ValueError(f"expected {cls.form}")
        self.database = int(match[1] or 0)
        return self

    @property
    def shown(self) -> str:
        """Its name in messages, without what is secret."""
        return f"unix:{self.path}" if self.path else f"{self.host}:{self.port}"


class FleetName(str):
    """The name of a site, or of one of its nodes."""

    form: ClassVar = "at most 32 small letters, digits and -"

    def __new__(cls, text: str) -> Self:
        """Read a name."""
        if text and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", text):
            raise ValueError(f"expected {cls.form}")
        return super().__new__(cls, text)


class Fleet(Table, frozen=True):
    """Several servers of one site, which share its site cache and its verdicts.

    It takes the extra `fleet` and a Valkey or Redis server.
    """

    engine: EngineUrl = EngineUrl("")
    "The site's Valkey or Redis server (6.2 or later); empty: this server is the only one."
    site: FleetName = FleetName("site")
    "The site's name in the engine, the same on all its servers."
    node: FleetName = FleetName("")
    "This server's own name, which no other one of the site has."
    ca_file: str = ""
    "Certificate authorities (PEM) for rediss; none means the system's."
