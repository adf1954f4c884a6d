"""The application: which address is which page, who may see it, and in which form it is sent.

A page under `/api/1` is the same page as JSON; a program shows a bearer token.  An order from a
browser is a form with the visit's token, and is answered with the page to go on with.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dnswatch.errors import ConsoleError, DnswatchError, StoreError
from dnswatch.web.console import Console
from dnswatch.web.feed import Feed
from dnswatch.web.guard import ENDLESS, Guard, body_of
from dnswatch.web.login import Logins
from dnswatch.web.pages import access, client, clients, log, mail, policies, site, trace
from dnswatch.web.pages.request import ConsoleRequest, Done
from dnswatch.web.probes import probes
from dnswatch.web.register import Rank, Visitor
from dnswatch.web.templates import render
from dnswatch.web.visits import check_form, visitor_of

FOLDER: Final = Path(__file__).parent

logger: Final = logging.getLogger("dnswatch.web")

Handler = Callable[[Request], Awaitable[Response]]


class Shown(NamedTuple):
    """A page: where it is, who may see it, and what reads it."""

    path: str
    template: str
    read: Callable[[ConsoleRequest], msgspec.Struct]
    kind: type[msgspec.Struct]
    rank: Rank = Rank.VIEW
    method: str = "GET"


class Ordered(NamedTuple):
    """An order: where it is given, who may, and what obeys."""

    path: str
    obey: Callable[[ConsoleRequest], Done]
    rank: Rank = Rank.ADMIN


PAGES: Final = (
    Shown("/", "site", site.read, site.Front),
    Shown("/clients", "clients", clients.read, clients.Listing),
    Shown("/clients/{who:path}", "client", client.read, client.ClientPage),
    Shown("/mail", "mail", mail.read, mail.Mailbox, Rank.MAIL),
    Shown("/mail/{ident}", "message", mail.show, mail.MessagePage, Rank.MAIL),
    Shown("/policies", "policies", policies.read, policies.Shelf),
    Shown("/policies/check", "policies", policies.check, policies.Shelf, method="POST"),
    Shown("/log", "log", log.read, log.LogPage),
    Shown("/trace", "trace", trace.read, trace.Tracing),
    Shown("/access", "access", access.read, access.Doors, Rank.ADMIN),
)
ORDERS: Final = (
    Ordered("/orders/{word}/{who:path}", client.overrule),
    Ordered("/roles/{who:path}", client.declare),
    Ordered("/mail/{fate:str}", mail.decide, Rank.MAIL),
    Ordered("/policies/{name}/{turn}", policies.switch),
    Ordered("/access/{number}/end", access.end),
)


def application(console: Console, feed: Feed) -> Guard:
    """Build the application of a console."""
    logins = Logins(console)
    routes = [
        Route("/login", logins.form, methods=["GET"]),
        Route("/login", logins.log_in, methods=["POST"]),
        Route("/link/{secret}", logins.link_form, methods=["GET"]),
        Route("/link/{secret}", logins.follow, methods=["POST"]),
        Route("/logout", logins.log_out, methods=["POST"]),
        Route("/live", _live(console, feed)),
        Route("/mail/{ident}/html", _mail_html(console)),
        Route("/mail/{ident}/parts/{number:int}", _mail_part(console)),
        Route("/api/1/mail/{ident}/parts/{number:int}", _mail_part(console)),
        Route("/api/1/schema", _schema),
        *probes(console),
    ]
    for order in ORDERS:
        routes += [
            Route(f"{prefix}{order.path}", _order(console, order), methods=["POST"])
            for prefix in ("", "/api/1")
        ]
    for page in PAGES:
        paths = (page.path, f"/api/1{page.path}" if page.path != "/" else "/api/1/site")
        routes += [Route(path, _page(console, page), methods=[page.method]) for path in paths]
    app = Starlette(
        routes=[*sorted(routes, key=_last_to_fit), Mount("/static", _Files(FOLDER / "static"))],
        exception_handlers={404: _nowhere(console), 405: _nowhere(console)},
    )
    return Guard(app, console)


def _last_to_fit(route: Route) -> bool:
    """Put what fits any rest of a path last."""
    return ":path" in route.path


def _page(console: Console, page: Shown) -> Handler:
    async def show(request: Request) -> Response:
        async def answer(visitor: Visitor) -> Response:
            values = _query(request)
            if request.method == "POST":
                values = await body_of(request)
                check_form(visitor, values)
            ask = ConsoleRequest(console, visitor, request.path_params, values)
            found = await asyncio.to_thread(page.read, ask)
            if _is_program(request):
                return _json(found)
            return await asyncio.to_thread(_rendered, console, request, visitor, page, found)

        return await _answered(console, request, page.rank, answer)

    return show


def _order(console: Console, order: Ordered) -> Handler:
    async def take(request: Request) -> Response:
        async def answer(visitor: Visitor) -> Response:
            values = await body_of(request)
            check_form(visitor, values)
            ask = ConsoleRequest(console, visitor, request.path_params, values)
            done = await asyncio.to_thread(order.obey, ask)
            logger.info("%s by %s", done.said, visitor.name)
            if _is_program(request):
                return _json({"said": done.said})
            console.flash(visitor.secret, done.said)
            return RedirectResponse(quote(done.then, safe="/:~?=&"), 303)

        return await _answered(console, request, order.rank, answer)

    return take


def _mail_html(console: Console) -> Handler:
    """Show the HTML of a message to a frame that may do nothing."""
    policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

    async def show(request: Request) -> Response:
        async def answer(visitor: Visitor) -> Response:
            ask = ConsoleRequest(console, visitor, request.path_params, {})
            text = await asyncio.to_thread(mail.html, ask)
            head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Held mail</title>'
            style = "<style>body{font:15px/1.5 system-ui,sans-serif;margin:1rem;color:#222}</style>"
            headers = {"content-security-policy": policy, "referrer-policy": "no-referrer"}
            return Response(f"{head}{style}<body>{text}", media_type="text/html", headers=headers)

        return await _answered(console, request, Rank.MAIL, answer)

    return show


def _mail_part(console: Console) -> Handler:
    """Hand out a part of a message as bytes that no browser shows or runs."""
    headers = {"content-security-policy": "sandbox; default-src 'none'"}

    async def take(request: Request) -> Response:
        async def answer(visitor: Visitor) -> Response:
            ask = ConsoleRequest(console, visitor, request.path_params, {})
            name, data = await asyncio.to_thread(mail.part, ask)
            logger.info("console: %s took %s", visitor.name, name)
            shown = {"content-disposition": f'attachment; filename="{name}"'}
            return Response(data, media_type="application/octet-stream", headers=headers | shown)

        return await _answered(console, request, Rank.ADMIN, answer)

    return take


def _live(console: Console, feed: Feed) -> Handler:
    async def listen(request: Request) -> Response:
        visitor = visitor_of(console, request, is_page=False)
        if visitor is None:
            return Response(status_code=204)  # tells a browser not to come again
        secret = visitor.secret
        return StreamingResponse(feed.stream(secret), media_type="text/event-stream")

    return listen


async def _answered(
    console: Console, request: Request, rank: Rank, answer: Callable[[Visitor], Awaitable[Response]]
) -> Response:
    """Answer whoever may ask, and turn what goes wrong into a page that says so."""
    visitor = visitor_of(console, request)
    try:
        if visitor is None:
            if _is_program(request):
                raise ConsoleError("show a bearer token: `dnswatch web token add NAME`", 401)
            to = quote(str(request.url.path), safe="/")
            return RedirectResponse(f"/login?to={to}", 303)
        if not visitor.rank.covers(rank):
            raise ConsoleError(f"that is for the role '{rank}', and yours is '{visitor.rank}'", 403)
        return await answer(visitor)
    except DnswatchError as error:
        status = error.status if isinstance(error, ConsoleError) else 409
        if isinstance(error, StoreError):
            status = 503
        return _fault(console, request, visitor, str(error), status)


def _fault(
    console: Console, request: Request, visitor: Visitor | None, text: str, status: int
) -> Response:
    if _is_program(request):
        return _json({"fault": text}, status)
    html = render(
        "error",
        fault=text,
        status=status,
        visitor=visitor,
        path=request.url.path,
        site=str(console.settings.quarantine.host),
        flash="",
    )
    return Response(html, status, media_type="text/html")


def _nowhere(console: Console) -> Any:
    async def answer(request: Request, _: Exception) -> Response:
        text = f"there is no page '{request.url.path[:200]}'"
        return _fault(console, request, visitor_of(console, request), text, 404)

    return answer


def _rendered(
    console: Console, request: Request, visitor: Visitor, page: Shown, found: msgspec.Struct
) -> Response:
    is_part = "hx-request" in request.headers  # of a page that moves by itself: nobody reads it
    html = render(
        page.template,
        page=found,
        visitor=visitor,
        path=request.url.path,
        query=dict(request.query_params),
        flash="" if is_part else console.flashed(visitor.secret),
        held=mail.held_count(console) if page.template == "site" else 0,
    )
    return Response(html, media_type="text/html")


def _query(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return found


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _is_program(request: Request) -> bool:
    return request.url.path.startswith("/api/")


@cache
def description() -> bytes:
    """Describe `/api/1` (OpenAPI 3.1): the pages are described by their own types."""
    _, components = msgspec.json.schema_components(
        [page.kind for page in PAGES], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Any] = {}
    for page in PAGES:
        path = (page.path if page.path != "/" else "/site").replace(":path", "")
        schema = {"$ref": f"#/components/schemas/{page.kind.__name__}"}
        content = {"application/json": {"schema": schema}}
        paths.setdefault(path, {})[page.method.lower()] = {
            "summary": (page.read.__doc__ or "").partition("\n")[0],
            "x-rank": page.rank,
            "responses": {"200": {"description": "the page", "content": content}},
        }
    for order in ORDERS:
        path = order.path.replace(":path", "").replace(":str", "")
        paths.setdefault(path, {})["post"] = {
            "summary": (order.obey.__doc__ or "").partition("\n")[0],
            "x-rank": order.rank,
            "responses": {"200": {"description": "what was done"}},
        }
    about = {"title": "dnswatch", "version": "1", "description": "Times are Unix seconds."}
    bearer = {"bearer": {"type": "http", "scheme": "bearer"}}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": about,
            "servers": [{"url": "/api/1"}],
            "paths": paths,
            "components": {"schemas": components, "securitySchemes": bearer},
            "security": [{"bearer": []}],
        }
    )


async def _schema(_: Request) -> Response:
    return Response(description(), media_type="application/json")


class _Files(StaticFiles):
    """What lies in the wheel."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = ENDLESS
        return response
