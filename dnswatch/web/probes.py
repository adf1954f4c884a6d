"""What programs ask without a login: whether it runs, whether it works, and the metrics.

They tell of no client and no name; see `metrics`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dnswatch import clock
from dnswatch.bay.paths import spool_of
from dnswatch.bay.queue.index import FILE, Index
from dnswatch.errors import EventError, SpoolError, StoreError
from dnswatch.fleet.view import look
from dnswatch.office.whom import Whom
from dnswatch.store.directory import processes, server
from dnswatch.store.events import last, store_name
from dnswatch.store.sqlite import Database
from dnswatch.store.trials import marks_now
from dnswatch.teller.cursor import CursorFile
from dnswatch.web.console import Console
from dnswatch.web.metrics import Beside, Metrics, is_ready

_NOT_YET: Final = 503


def probes(console: Console) -> list[Route]:
    """Return the addresses of one console's probes."""
    running = server(console.state)
    since = clock.now() if running is None else running.since
    metrics = Metrics(since)

    def ready() -> Response:
        with console.records() as db:
            # A node of a fleet answers as well while it is apart: its records are the leader's.
            if console.settings.fleet.engine or is_ready(db, clock.now()):
                return PlainTextResponse("ready\n")
        return PlainTextResponse("nothing was recorded for a minute\n", _NOT_YET)

    def told(accept: str) -> Response:
        now = clock.now()
        settings = console.settings.fleet
        fleet = look(console.state, settings, now) if settings.engine else None
        with console.records() as db, _mail(console) as mail:
            beside = Beside(
                server(console.state),
                Whom(console.state, console.settings).role_of,
                processes(console.state),
                marks_now(db, console.policies.values(), console.settings, now, clock.offset(now)),
                mail,
                _behind(console, db),
                fleet,
            )
            text, kind = metrics.exposition(db, beside, now, accept)
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


@contextmanager
def _mail(console: Console) -> Iterator[Index | None]:
    """Open the index of the bay's messages, where there is one; the bay brings it up to date.

    One that cannot be used costs its own metrics and no others: the bay says what to do.
    """
    spool, index = spool_of(console.settings, console.state), None
    with suppress(SpoolError):
        index = Index(spool) if (spool.path / FILE).exists() else None
    try:
        yield index
    finally:
        if index is not None:
            index.close()


def _behind(console: Console, db: Database) -> dict[str, int]:
    """Count what each sink is still to be told: by its place in the settings, and its form."""
    found = {}
    for place, sink in enumerate(console.settings.events):
        try:
            cursor = CursorFile(console.state, sink.to).read()
        except EventError:
            continue
        if cursor is not None and cursor.store == store_name(db):
            found[f"{place}-{sink.to.scheme}"] = max(0, last(db) - cursor.number)
    return found


async def _told(look: Callable[[], Response]) -> Response:
    """Look at the records, which may not be there yet."""
    try:
        return await asyncio.to_thread(look)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", _NOT_YET)
