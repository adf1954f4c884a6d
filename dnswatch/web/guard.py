"""The guard: what every request must pass before a page sees it, and what every answer carries.

A host that is not ours, a POST from another site, a body that is too long end here.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dnswatch.errors import ConsoleError
from dnswatch.web import places
from dnswatch.web.console import Console

LONGEST_BODY: Final = 256_000
"""Bytes of a form: a policy of one's own is the longest thing that anybody sends."""

MOST_FIELDS: Final = 1000

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of all pages: nothing from elsewhere, nothing written into the page."""

HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-dns-prefetch-control": "off",
}

ENDLESS: Final = "max-age=86400"
"""Cache-Control of what lies in the wheel."""


class Guard:
    """Stands before all pages."""

    def __init__(self, app: ASGIApp, console: Console) -> None:
        """Guard an application."""
        self._app = app
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or say why not."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] += [
                    (name.encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.encode() not in given
                ]
            await send(message)

        fault = self._fault(Request(scope))
        if fault is None:
            await self._app(scope, receive, guarded)
            return
        body = f"{fault}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await guarded({"type": "http.response.start", "status": fault.status, "headers": headers})
        await guarded({"type": "http.response.body", "body": body})

    def _fault(self, request: Request) -> ConsoleError | None:
        if _hostname(request.headers.get("host", "")) not in places.hosts(self._console.settings):
            return ConsoleError(
                "this host is not the console's: use its address, or name it in web.names", 421
            )
        if request.method not in ("GET", "HEAD", "POST"):
            return ConsoleError("only GET and POST are understood here", 405)
        if request.method == "POST" and not is_from_here(request.headers):
            return ConsoleError("an order must come from a page of the console itself", 403)
        return None


def is_from_here(headers: Mapping[str, str]) -> bool:
    """Say whether the browser says that a form was ours; a program says nothing."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def body_of(request: Request) -> dict[str, list[str]]:
    """Read a form, or JSON of texts and lists of texts; raises `ConsoleError` on anything else."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > LONGEST_BODY:
            raise ConsoleError(f"that is more than {LONGEST_BODY} bytes: nothing was done", 413)
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return _listed(msgspec.json.decode(bytes(data) or b"{}"))
        text = data.decode()
        return parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise ConsoleError(f"the form cannot be read ({error})") from None


def _listed(found: Any) -> dict[str, list[str]]:
    if not isinstance(found, dict):
        raise ConsoleError("expected a JSON object")
    return {
        str(name): [str(one) for one in value] if isinstance(value, list) else [str(value)]
        for name, value in found.items()
    }


def _hostname(host: str) -> str:
    """Return the host of a `Host` field, without the port."""
    host = host.lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".")
