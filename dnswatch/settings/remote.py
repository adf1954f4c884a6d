"""Remote: services that dnswatch speaks to, each read from its text; empty means none.

They may have names: beside dnswatch in one compose file, a service's name is all that is known.
"""

import re
from typing import ClassVar, Self
from urllib.parse import urlsplit


class Url(str):
    """A service that speaks HTTP: `"http://127.0.0.1:11333"`."""

    form: ClassVar = 'a URL like "http://127.0.0.1:11333"'

    def __new__(cls, text: str) -> Self:
        """Read a URL; a slash at its end is dropped."""
        text = text.strip()
        try:
            parts = urlsplit(text)
            fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            fits = False
        if text and (not fits or not re.fullmatch(r"[!-~]+", text)):
            raise ValueError(f"expected {cls.form}")
        return super().__new__(cls, text.rstrip("/"))


class UnixSocket(str):
    """A socket of ours in the file system: `"unix:/run/dnswatch/ingest.sock"`."""

    form: ClassVar = 'a socket like "unix:/run/dnswatch/ingest.sock"'
    path: str
    "Absolute; empty for none."

    def __new__(cls, text: str) -> Self:
        """Read where to listen; Linux has room for 107 bytes."""
        self = super().__new__(cls, text.strip())
        self.path = self.removeprefix("unix:")
        is_path = re.fullmatch(r"unix:/[^\0]*[^/\0]", self) and len(self.path.encode()) <= 107
        if self and not is_path:
            raise ValueError(f"expected {cls.form}")
        return self


class Daemon(str):
    """A daemon's socket: `"127.0.0.1:3310"`, `"clamav:3310"`, or the path of a Unix socket."""

    form: ClassVar = 'HOST:PORT like "127.0.0.1:3310", or the path of a socket like "/run/it.sock"'
    path: str
    "Of the Unix socket; empty for TCP."
    host: str
    "Name or address; empty for a Unix socket."
    port: int

    def __new__(cls, text: str) -> Self:
        """Read where a daemon listens."""
        self = super().__new__(cls, text.strip())
        self.path, self.host, self.port = (
            (str(self), "", 0) if self.startswith("/") else ("", "", 0)
        )
        if self and not self.path:
            match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):([0-9]{1,5})", self)
            self.host, self.port = ((match[1] or match[2]), int(match[3])) if match else ("", 0)
            if not 0 < self.port < 65536:
                raise ValueError(f"expected {cls.form}")
        return self
