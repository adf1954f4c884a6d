"""Paths: what MAIL FROM and RCPT TO name (RFC 5321 section 4.1.2, RFC 6531 section 3.3).

As lenient as the servers that the bay stands in for, measured at Postfix: without angle brackets,
with a blank after the colon, with dots wherever carriers put them, without a domain.
What is taken passes as it was written.  A source route is dropped, as RFC 5321 appendix C has it.
"""

import re
from dataclasses import dataclass
from typing import Final

_QUOTED: Final = r'"(?:[^\x00-\x1f\x7f"\\]|\\[\x20-\x7e])*"'
_PATH: Final = re.compile(
    rf"\s*(?:<(?P<angled>(?:{_QUOTED}|[^<>\"])*)>|(?P<bare>[^\s<>]+))(?:\s+(?P<rest>.*))?"
)
_ROUTE: Final = re.compile(r"@[^:\s\"]+:")
_MAILBOX: Final = re.compile(
    rf"(?P<local>(?:[^\x00-\x20\x7f<>\"]|{_QUOTED})+)"
    r"@(?P<domain>[^\W_](?:[\w.-]*\w)?\.?|\[[0-9A-Za-z:.-]+\])"
)
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?")

_LOCAL: Final = re.compile(rf"(?:[^\x00-\x20\x7f<>\"@]|{_QUOTED})+")

LOCAL: Final = 700
"""Bytes of a local part: RFC 5321 section 4.5.3.1.1 has 64, but some systems make longer ones."""
DOMAIN: Final = 255
"""Bytes of a domain (RFC 5321 section 4.5.3.1.2)."""


@dataclass(frozen=True, slots=True)
class Path:
    """A mailbox and the parameters after it."""

    address: str
    "As it was written; empty for the null path."
    parameters: dict[str, str]
    "Names in capitals; empty where a parameter has no value."


def read_path(keyword: str, text: str | None) -> Path:
    """Read what follows MAIL or RCPT; `keyword` is `FROM` or `TO`.

    Raises `ValueError` with the reply.
    """
    said, _, rest = (text or "").partition(":")
    match = _PATH.fullmatch(rest)
    if said.strip().upper() != keyword or match is None:
        raise ValueError(f"501 5.5.4 Syntax: {keyword}:<address>")
    mailbox = match["bare"] if match["angled"] is None else match["angled"].strip()
    return Path(_mailbox(mailbox), dict(map(_parameter, (match["rest"] or "").split())))


def _mailbox(text: str) -> str:
    text = _ROUTE.sub("", text, count=1) if text.startswith("@") else text
    if not text:
        return text
    if _LOCAL.fullmatch(text) and text.isprintable() and len(text) <= LOCAL:
        return text  # `postmaster` (RFC 5321 section 4.5.1), `root` as scripts and printers have it
    match = _MAILBOX.fullmatch(text)
    if match is None or not text.isprintable() or ".." in match["domain"]:
        raise ValueError("553 5.1.3 This is no address: expected local-part@domain")
    if len(match["local"].encode()) > LOCAL or len(match["domain"].encode()) > DOMAIN:
        raise ValueError("553 5.1.3 This address is too long")
    return text


def _parameter(text: str) -> tuple[str, str]:
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise ValueError("501 5.5.4 Syntax: parameters are NAME or NAME=VALUE")
    return match[1].upper(), match[2] or ""
