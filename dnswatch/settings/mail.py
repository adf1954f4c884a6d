"""Mail: names of mail servers, and persons who get some, each read from its text."""

import re
from typing import ClassVar, Self


class MailHost(str):
    """A mail server to hand mail to: `"mail.corp.example:587"`, `"[2001:db8::25]"`; port 25."""

    form: ClassVar = 'HOST:PORT like "mail.corp.example:25" or "192.0.2.25"'
    host: str
    "Its name or address."
    port: int

    def __new__(cls, text: str) -> Self:
        """Read where a mail server is."""
        match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::([0-9]{1,5}))?", text.strip())
        host, port = (match[1] or match[2], int(match[3] or 25)) if match else ("", 0)
        if not 0 < port < 65536:
            raise ValueError(f"expected {cls.form}")
        self = super().__new__(cls, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self.host, self.port = host, port
        return self


class MailName(str):
    """What a mail server calls itself (RFC 5321 section 2.3.5): `"mail-hold.corp.example"`."""

    form: ClassVar = 'a domain name like "mail-hold.corp.example"'

    def __new__(cls, text: str) -> Self:
        """Read a name in letters, digits and hyphens; empty means none."""
        name = text.strip().removesuffix(".").lower()
        label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        if name and (len(name) > 253 or not re.fullmatch(rf"{label}(\.{label})*", name)):
            raise ValueError(f"expected {cls.form}")
        return super().__new__(cls, name)


class MailAddress(str):
    """The address of a person: `"postmaster@corp.example"`."""

    form: ClassVar = 'a mail address like "postmaster@corp.example"'

    def __new__(cls, text: str) -> Self:
        """Read a mail address, without a name and brackets around it."""
        if not re.fullmatch(r"[^\s@<>\"(),:;\\]{1,64}@[A-Za-z0-9.-]{1,253}", text.strip()):
            raise ValueError(f"expected {cls.form}")
        return super().__new__(cls, text.strip())
