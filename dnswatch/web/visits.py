"""Visits: who a request comes from, by the browser's cookie or a program's bearer token."""

import hmac
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from dnswatch import clock
from dnswatch.errors import ConsoleError
from dnswatch.web.console import Console
from dnswatch.web.register import LONGEST_VISIT, Visitor

FIELD: Final = "token"
"""The field of a form that holds the visit's token."""


def cookie_name(console: Console) -> str:
    """Return what the cookie is called; with HTTPS no other page of the host can set it."""
    return "__Host-dnswatch" if _is_secure(console) else "dnswatch"


def visitor_of(console: Console, request: Request, *, is_page: bool = True) -> Visitor | None:
    """Return who asks: under `/api` a program, else a person."""
    if request.url.path.startswith("/api/"):
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        return console.register.bearer(secret.strip()) if scheme.lower() == "bearer" else None
    secret = request.cookies.get(cookie_name(console), "")
    return console.register.visitor(secret, clock.now(), is_page=is_page) if secret else None


def check_form(visitor: Visitor, values: Mapping[str, list[str]]) -> None:
    """Refuse a form without the visit's token (CSRF); a program's token is none that leaks."""
    if visitor.secret:
        given = (values.get(FIELD) or [""])[0]
        if not hmac.compare_digest(given.encode(), visitor.token.encode()):
            raise ConsoleError("the form is of another visit: go back, load the page anew", 403)


def set_cookie(console: Console, response: Response, secret: str) -> None:
    """Give a browser the secret of its visit."""
    response.set_cookie(
        cookie_name(console),
        secret,
        max_age=int(LONGEST_VISIT),
        httponly=True,
        samesite="strict",
        secure=_is_secure(console),
    )


def peer(console: Console, request: Request) -> str:
    """Return the address that a browser comes from; behind a proxy what that says last."""
    if console.settings.web.behind_proxy:
        said = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if said:
            return said[:64]
    return request.client.host if request.client else ""


def _is_secure(console: Console) -> bool:
    web = console.settings.web
    return bool(web.certificate) or web.behind_proxy
