"""What programs ask without a login: whether it runs, whether it works, and the metrics.

They tell of no client and no name; see `metrics`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dnswatch import clock
from dnswatch.errors import StoreError
from dnswatch.office.whom import Whom
from dnswatch.store.directory import server
from dnswatch.web.console import Console
from dnswatch.web.metrics import Metrics, is_ready

_NOT_YET: Final = 503


def probes(console: Console) -> list[Route]:
    """Return the addresses of one console's probes."""
    running = server(console.state)
    since = clock.now() if running is None else running.since
    metrics = Metrics(since)

    def ready() -> Response:
        with console.records() as db:
            if is_ready(db, clock.now()):
                return PlainTextResponse("ready\n")
        return PlainTextResponse("nothing was recorded for a minute\n", _NOT_YET)

    def told(accept: str) -> Response:
        with console.records() as db:
            role_of = Whom(console.state, console.settings).role_of
            runs = server(console.state)
            text, kind = metrics.exposition(db, runs, role_of, clock.now(), accept)
        return Response(text, headers={"content-type": kind})

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("runs\n")

    async def readyz(_: Request) -> Response:
        return await _told(ready)

    async def scrape(request: Request) -> Response:
        return await _told(lambda: told(request.headers.get("accept", "")))

    found: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": scrape,
    }
    return [Route(path, handler) for path, handler in found.items()]


async def _told(look: Callable[[], Response]) -> Response:
    """Look at the records, which may not be there yet."""
    try:
        return await asyncio.to_thread(look)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", _NOT_YET)
