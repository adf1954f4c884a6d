"""A console over a store and a bay with mail, served by the real server in a thread."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest

from dnswatch import clock
from dnswatch.bay.spool import Spool
from dnswatch.model.policies.standing import Standing
from dnswatch.serve.policies import texts
from dnswatch.settings import Source
from dnswatch.store import Identity, Store
from dnswatch.store.directory import note_replayed
from dnswatch.web.app import application
from dnswatch.web.console import Console
from dnswatch.web.feed import Feed
from dnswatch.web.register import Rank
from dnswatch.web.server import ConsoleServer
from tests import check, records
from tests.bay.mail import decide, judged, keep
from tests.loopback import reserve
from tests.records import NOON

HOSTILE = "<script>alert(1)</script>\u202eevil\x1b[2J"
"""A text that would run, turn the line around and clear a terminal."""

HTML = (
    b"From: =?utf-8?q?=3Cscript=3Ealert=281=29=3C/script=3E?= <a@b.example>\r\n"
    b"Subject: =?utf-8?q?=E2=80=AEevil=3Cimg_src=3Dx_onerror=3Dalert=281=29=3E?=\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p onclick=alert(1)>Dear <b>Bob</b><script>alert(1)</script>"
    b"<img src=https://tracker.example/x><a href=https://phish.example>here</a>"
    b"<link rel=preconnect href=https://phish.example><form action=/mail/release><input></form>"
)


@dataclass
class Served:
    """A console that runs."""

    console: Console
    feed: Feed
    base: str
    state: Path
    worm: str
    "The name of the held message."

    def browser(self, rank: Rank = Rank.ADMIN, name: str = "alice") -> httpx2.Client:
        """Give a browser that is logged in."""
        secret = self.console.register.begin_visit(name, rank, "a test", clock.now())
        return httpx2.Client(base_url=self.base, cookies={"dnswatch": secret}, timeout=60)

    def token(self, browser: httpx2.Client) -> str:
        """Give the token of a browser's forms."""
        visitor = self.console.register.visitor(browser.cookies["dnswatch"], clock.now())
        assert visitor
        return visitor.token


def fill(state: Path) -> str:
    """Keep records of a worm, hostile names, and mail; return the name of the held message."""
    with Store.open(state) as store:
        told = records.changes(records.site(), 700)
        told.standings[ip_address("10.0.0.66").packed] = Standing(
            2.0, clock.now() + 86400, NOON + 500
        )
        store.write(told, records.plain, NOON)
        store.write_identities([("10.0.0.1", Identity(HOSTILE, None, "leases"))])
    note_replayed(state, NOON + 700)
    spool = Spool(state / "bay")
    spool.claim()
    worm = keep(spool, 1, key="10.0.0.66", body=HTML, sender=HOSTILE)
    spool.append(worm, judged("worm", reason=HOSTILE))
    decide(spool, worm, "hold")
    keep(spool, 2, key="10.0.0.66", body=b"Subject: big\r\n\r\n" + b"x\x1b[31m" * 13000)
    spool.close()
    return worm


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a console on a free port."""
    state = tmp_path / "state"
    worm = fill(state)
    holder = reserve()
    port = int(holder.getsockname()[1])
    text = f'web.listen = "127.0.0.1:{port}"\ngroups.office = ["10.0.0.0/24"]'
    found: list[Served] = []
    end = threading.Event()

    async def run() -> None:
        console = Console(Source(text, "test", policies=texts("")), state)
        feed = Feed(console)
        server = ConsoleServer(application(console, feed), console.settings.web)
        listening = socket.create_server(("127.0.0.1", port), reuse_port=True)
        found.append(Served(console, feed, f"http://127.0.0.1:{port}", state, worm))
        moving = asyncio.create_task(feed.run())
        serving = asyncio.create_task(server.serve([listening]))
        await asyncio.to_thread(end.wait)
        await feed.close()
        server.should_exit = True
        await serving
        moving.cancel()
        console.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield check.eventually(lambda: found)[0]
    finally:
        end.set()
        thread.join()
        holder.close()
