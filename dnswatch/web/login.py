"""Login: by name and password, or once by a link; and the way out."""

import asyncio
import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dnswatch import clock
from dnswatch.errors import ConsoleError
from dnswatch.web.console import Console
from dnswatch.web.guard import body_of
from dnswatch.web.register import Rank
from dnswatch.web.templates import render
from dnswatch.web.visits import check_form, cookie_name, peer, set_cookie, visitor_of

AT_ONCE: Final = 2
"""Passwords checked at a time: each takes 64 MB."""

logger: Final = logging.getLogger("dnswatch.web")


class Logins:
    """The doors of a console."""

    def __init__(self, console: Console) -> None:
        """Let people into a console."""
        self._console = console
        self._room = asyncio.Semaphore(AT_ONCE)

    async def form(self, request: Request) -> Response:
        """Ask for name and password."""
        return self._login(request.query_params.get("to", "/"), "")

    async def log_in(self, request: Request) -> Response:
        """Let somebody in who knows the password; who guesses waits ever longer."""
        try:
            values = await body_of(request)
        except ConsoleError as error:
            return self._login("/", str(error), error.status)
        name, password, code = (
            (values.get(field) or [""])[0] for field in ("name", "password", "code")
        )
        to = (values.get("to") or ["/"])[0]
        address = peer(self._console, request)
        who = (f"from {address}", f"as {name[:64]}")
        if (wait := self._console.backoff.wait(who, clock.elapsed())) > 0:
            response = self._login(to, f"too many wrong guesses: try again in {wait:.0f} s", 429)
            response.headers["retry-after"] = str(int(wait) + 1)
            return response
        async with self._room:
            admits = self._console.register.admits
            rank = await asyncio.to_thread(admits, name, password, code[:20], clock.now())
        if rank is None:
            self._console.backoff.wrong(who, clock.elapsed())
            logger.warning("console: a wrong password or code, '%s' from %s", name[:64], address)
            return self._login(to, "no account has this name, password and code", 403)
        self._console.backoff.right(who)
        return self._let_in(request, name, rank, to)

    async def link_form(self, request: Request) -> Response:
        """Show what a link is for: to look at one changes nothing, since programs follow links."""
        return _html("link", secret=request.path_params["secret"], fault="")

    async def follow(self, request: Request) -> Response:
        """Let in whoever has a link that is still good."""
        address = peer(self._console, request)
        who = (f"from {address}",)
        wait = self._console.backoff.wait(who, clock.elapsed())
        found = None
        if wait <= 0:
            secret = request.path_params["secret"]
            found = self._console.register.use_link(secret, clock.now())
        if found is None:
            self._console.backoff.wrong(who, clock.elapsed())
            text = "this link was used or is too old: `dnswatch web link` makes another one"
            return _html("link", 403, secret="", fault=text)
        return self._let_in(request, *found, "/")

    async def log_out(self, request: Request) -> Response:
        """End a visit."""
        visitor = visitor_of(self._console, request)
        if visitor is not None:
            try:
                check_form(visitor, await body_of(request))
            except ConsoleError as error:
                return self._login("/", str(error), error.status)
            self._console.register.leave(visitor.secret)
            logger.info("console: %s logged out", visitor.name)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(cookie_name(self._console))
        return response

    def _let_in(self, request: Request, name: str, rank: Rank, to: str) -> Response:
        agent = request.headers.get("user-agent", "")
        secret = self._console.register.begin_visit(name, rank, agent, clock.now())
        logger.info("console: %s (%s) logged in from %s", name, rank, peer(self._console, request))
        is_ours = to.startswith("/") and not to.startswith(("//", "/\\"))
        response = RedirectResponse(to if is_ours else "/", 303)
        set_cookie(self._console, response, secret)
        return response

    def _login(self, to: str, fault: str, status: int = 200) -> Response:
        return _html("login", status, to=to[:500], fault=fault)


def _html(template: str, status: int = 200, **values: str) -> Response:
    return Response(render(template, visitor=None, **values), status, media_type="text/html")
